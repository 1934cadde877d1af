import { messageOf } from '../domain/errors.ts';

/** Maximum length of text from another server in a message. */
export const MAX_QUOTED_CHARS = 300;

/** Makes text from a configured server safe for a message: one line of limited length, without control or text-direction characters. */
export function quoted(text: string): string {
  const plain = text
    .slice(0, 4 * MAX_QUOTED_CHARS)
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return plain.length > MAX_QUOTED_CHARS ? `${plain.slice(0, MAX_QUOTED_CHARS)}…` : plain;
}

/** The reason for a failed connection, from the system's error code, never from received bytes. */
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

/** The error message of a configured server's client, which may contain text from that server. */
export function quotedMessage(error: unknown): string {
  return quoted(messageOf(error));
}
