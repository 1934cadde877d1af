import type { Role } from '@wattkeeper/contract/auth.ts';

/** Someone who signs in. Instants are epoch milliseconds. */
export interface UserRecord {
  readonly id: string;
  readonly username: string;
  readonly role: Role;
  /** In PHC format; null for a user who only has sign-in links. */
  readonly passwordHash: string | null;
  readonly createdAt: number;
}

export interface UserPatch {
  readonly role?: Role | undefined;
  readonly passwordHash?: string | null | undefined;
}

export interface Users {
  /** By name. */
  list(): Promise<UserRecord[]>;
  find(id: string): Promise<UserRecord | undefined>;
  findByName(username: string): Promise<UserRecord | undefined>;
  /** The administrator who was there first. */
  firstAdmin(): Promise<UserRecord | undefined>;
  /** Throws Conflict when the name is taken. */
  create(user: Pick<UserRecord, 'username' | 'role' | 'passwordHash'>): Promise<UserRecord>;
  /** Throws NotFound, or Conflict when the last administrator would lose that role. */
  update(id: string, patch: UserPatch): Promise<UserRecord>;
  /** Sessions, sign-in codes, tokens and layouts go along. Throws NotFound, or Conflict for the last administrator. */
  remove(id: string): Promise<void>;
}
