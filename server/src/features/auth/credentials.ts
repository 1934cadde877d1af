import type { IncomingHttpHeaders } from 'node:http';

/** Longer tokens are ignored. */
const MAX_TOKEN_LENGTH = 1_000;

/**
 * Returns the candidates for the API token of a request, in all forms that API and InfluxDB clients use: `Authorization: Bearer X`,
 * `Token X` or Basic with X as the password (any user name), or the query parameter `p=X` of InfluxDB 1.x.
 *
 * @returns at most three candidates; the caller tries each
 */
export function tokensOf(headers: IncomingHttpHeaders, query: unknown): string[] {
  const candidates = [...fromHeader(headers.authorization), ...fromQuery(query)];
  return candidates.filter((token) => token !== '' && token.length <= MAX_TOKEN_LENGTH);
}

function fromHeader(authorization: string | undefined): string[] {
  const [, scheme, given] = /^(\S+)\s+(\S.*)$/.exec(authorization?.trim() ?? '') ?? [];
  if (scheme === undefined || given === undefined) return [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return [given];
    case 'token':
      // InfluxDB 1.8 and its clients also send `Token user:password`.
      return given.includes(':') ? [given, afterColon(given)] : [given];
    case 'basic':
      return [afterColon(Buffer.from(given, 'base64').toString())];
    default:
      return [];
  }
}

function afterColon(pair: string): string {
  return pair.slice(pair.indexOf(':') + 1);
}

function fromQuery(query: unknown): string[] {
  if (typeof query !== 'object' || query === null || !('p' in query)) return [];
  return typeof query.p === 'string' ? [query.p] : [];
}
