import type { UserRecord } from './users.ts';

/** A signed-in browser. The id itself is never stored, only its hash. Instants are epoch milliseconds. */
export interface SessionRecord {
  readonly idHash: string;
  readonly userId: string;
  readonly csrfToken: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
}

export interface Sessions {
  create(session: SessionRecord): Promise<void>;
  /** The session and its user, expired or not. */
  find(idHash: string): Promise<{ session: SessionRecord; user: UserRecord } | undefined>;
  /** Moves the expiry on. */
  touch(idHash: string, lastUsedAt: number, expiresAt: number): Promise<void>;
  remove(idHash: string): Promise<void>;
  /** All of a user's sessions, but one if given. */
  removeOf(userId: string, exceptIdHash?: string): Promise<void>;
  /** Drops those that ended before an instant; answers how many. */
  prune(before: number): Promise<number>;
}
