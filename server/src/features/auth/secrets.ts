import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Bytes of every random secret: 256 bits, far beyond guessing, so that a fast hash is enough at rest. */
const SECRET_BYTES = 32;

/** What every API token begins with, so that scanners of leaked secrets find it. */
export const TOKEN_PREFIX = 'wk_';

/** A new random secret, as text that is safe in URLs and cookies. */
export function newSecret(prefix = ''): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/** SHA-256 in hexadecimal: what is stored of a random secret. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether two secrets are the same, in a time that tells nothing about either. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
