import { hash, verify } from '@node-rs/argon2';

/** OWASP Password Storage Cheat Sheet, the least that it recommends for argon2id (this library's default algorithm). */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Stands in for the hash of a user who has none, so that checking takes as long; made when it is first needed. */
let standIn: Promise<string> | undefined;

/** An argon2id hash in PHC format. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** Whether the password fits the hash; takes the same time when there is no hash to fit. */
export async function passwordFits(password: string, passwordHash: string | null): Promise<boolean> {
  standIn ??= hashPassword('no user has this password');
  const fits = await verify(passwordHash ?? (await standIn), password);
  return fits && passwordHash !== null;
}
