import { messageOf } from '../domain/errors.ts';

/** Maximum length of another server's text in a message. */
export const MAX_QUOTED_CHARS = 300;

/** Text of a configured server for a message: one line without control characters or marks that change its direction, bounded. */
export function quoted(text: string): string {
  const plain = text
    .slice(0, 4 * MAX_QUOTED_CHARS)
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return plain.length > MAX_QUOTED_CHARS ? `${plain.slice(0, MAX_QUOTED_CHARS)}…` : plain;
}

/** Why a connection failed, by the system's code and never by bytes that came over it. */
export function connectionReason(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException;
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer in time';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its name has no address (${code})`;
  if (code?.startsWith('HPE_')) return 'its answer is not HTTP';
  if (error instanceof AggregateError) return error.errors.map(connectionReason).join('; ');
  if (code?.startsWith('CERT_') || code?.includes('CERT') || code?.startsWith('ERR_TLS')) {
    return `its certificate is not accepted (${code})`;
  }
  return code === undefined || code.startsWith('ERR_') ? 'the connection broke off' : code;
}

/** Message of a client of a configured server, which may hold what that server said. */
export function quotedMessage(error: unknown): string {
  return quoted(messageOf(error));
}
