import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { addAbortSignal } from 'node:stream';
import { Unavailable } from '../domain/errors.ts';
import { agentsOf } from './agents.ts';
import { AddressRefused, type Gate } from './gate.ts';

/** Maximum number of redirects per request. */
export const MAX_REDIRECTS = 3;
/** Redirects that preserve method and body. Others would change the request to a GET. */
const REDIRECTS_OF_ALL: ReadonlySet<number> = new Set([307, 308]);
const REDIRECTS_OF_GET: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export interface OutboundRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers that are sent only to the named server, not to the target of a redirect. */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  /** Aborts the request and the reading of the response. */
  readonly signal: AbortSignal;
}

export interface OutboundResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to its end or destroyed. */
  readonly body: IncomingMessage;
}

/** Sends HTTP requests through a gate. Responses are neither decompressed nor read. */
export class OutboundClient {
  readonly #agents: ReturnType<typeof agentsOf>;

  constructor(gate: Gate) {
    this.#agents = agentsOf(gate);
  }

  /** @throws AddressRefused if the gate does not allow the address; network errors unchanged */
  async send(address: string, request: OutboundRequest): Promise<OutboundResponse> {
    let url = checked(address);
    const named = url.origin;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#sendOnce(url, request, url.origin === named);
      const location = redirectOf(response, request.method);
      if (location === null) return response;
      response.body.destroy();
      if (redirects === MAX_REDIRECTS) {
        throw new AddressRefused(
          `the server redirects more than ${MAX_REDIRECTS} times: name the address that answers`,
        );
      }
      url = targetOf(location, url);
    }
  }

  #sendOnce(url: URL, { method, headers, credentials, body, signal }: OutboundRequest, isNamed: boolean) {
    const isTls = url.protocol === 'https:';
    return new Promise<OutboundResponse>((resolve, reject) => {
      const sent = (isTls ? requestHttps : requestHttp)(url, {
        method,
        agent: isTls ? this.#agents.https : this.#agents.http,
        headers: {
          'accept-encoding': 'identity',
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
          ...headers,
          ...(isNamed && credentials),
        },
        signal,
      });
      sent.on('error', reject);
      sent.once('response', (answer) =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: addAbortSignal(signal, answer) }),
      );
      sent.end(body);
    });
  }
}

/** Reads the body as text. Rejects a body that exceeds `maxBytes`. */
export async function textOf({ body }: OutboundResponse, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Unavailable(`its answer has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function redirectOf({ status, headers }: OutboundResponse, method: string): string | null {
  const followed = method === 'GET' || method === 'HEAD' ? REDIRECTS_OF_GET : REDIRECTS_OF_ALL;
  return followed.has(status) ? (headers.location ?? null) : null;
}

function targetOf(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw new AddressRefused('the server redirects to what is not an address');
  const target = checked(location, from.href);
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new AddressRefused('the server redirects from https to http, which is not encrypted: this is not followed');
  }
  return target;
}

/** Only `http:` and `https:` are allowed: `file:`, `ftp:`, `data:` and all others are rejected. */
function checked(address: string, base?: string): URL {
  const url = new URL(address, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new AddressRefused('only addresses that begin with http:// or https:// are connected');
  }
  if (url.username !== '' || url.password !== '') {
    throw new AddressRefused('an address must not hold a user or a password');
  }
  return url;
}
