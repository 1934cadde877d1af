import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Length of every random secret: 256 bits cannot be guessed, so a fast hash is sufficient for storage. */
const SECRET_BYTES = 32;

/** Prefix of every API token, by which scanners for leaked secrets recognise it. */
export const TOKEN_PREFIX = 'wk_';

/** Returns a new random secret as text that needs no escaping in URLs and cookies. */
export function newSecret(prefix = ''): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/** SHA-256 in hexadecimal; only this hash of a random secret is stored. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether two secrets are equal, compared in constant time. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
