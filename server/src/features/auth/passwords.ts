import { hash, verify } from '@node-rs/argon2';

/** Minimum parameters that the OWASP Password Storage Cheat Sheet recommends for argon2id, the default algorithm of this library. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Replaces the hash of a user without a password, so that the check takes the same time; created on first use. */
let standIn: Promise<string> | undefined;

/** An argon2id hash in PHC format. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** Whether the password matches the hash; takes the same time without a hash. */
export async function passwordFits(password: string, passwordHash: string | null): Promise<boolean> {
  standIn ??= hashPassword('no user has this password');
  const fits = await verify(passwordHash ?? (await standIn), password);
  return fits && passwordHash !== null;
}
