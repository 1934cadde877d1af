import type { Role } from '@wattkeeper/contract/access/auth.ts';
import type { RecordsContext, RecordsDatabase } from '../schema.ts';
import { toUser, type UserRecord } from './users.ts';

/** A signed-in browser. Only the hash of its session id is stored. Instants are epoch milliseconds. */
export interface SignInRecord {
  readonly idHash: string;
  readonly userId: string;
  readonly csrfToken: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
}

/** The role of a sign-in's user. */
export interface SignInHolder {
  readonly idHash: string;
  readonly role: Role;
  readonly expiresAt: number;
}

/** Signed-in browsers, by the hash of the session id in their cookie. */
export class SignIns {
  readonly #db: RecordsDatabase;

  constructor({ db }: RecordsContext) {
    this.#db = db;
  }

  async create(session: SignInRecord): Promise<void> {
    await this.#db
      .insertInto('sessions')
      .values({
        id_hash: session.idHash,
        user_id: session.userId,
        csrf_token: session.csrfToken,
        created_at: session.createdAt,
        last_used_at: session.lastUsedAt,
        expires_at: session.expiresAt,
      })
      .execute();
  }

  /** The sign-in and its user, expired or not. */
  async find(idHash: string): Promise<{ session: SignInRecord; user: UserRecord } | undefined> {
    const row = await this.#db
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .selectAll('users')
      .select(['csrf_token', 'last_used_at', 'expires_at', 'sessions.created_at as session_created_at'])
      .where('id_hash', '=', idHash)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const session = {
      idHash,
      userId: row.id,
      csrfToken: row.csrf_token,
      createdAt: row.session_created_at,
      lastUsedAt: row.last_used_at,
      expiresAt: row.expires_at,
    };
    return { session, user: toUser(row) };
  }

  /** The roles of several sign-ins, expired or not, without removed sign-ins. */
  async holders(idHashes: readonly string[]): Promise<SignInHolder[]> {
    const rows = await this.#db
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select(['id_hash', 'role', 'expires_at'])
      .where('id_hash', 'in', idHashes)
      .execute();
    return rows.map((row) => ({ idHash: row.id_hash, role: row.role as Role, expiresAt: row.expires_at }));
  }

  /** Extends the expiry. */
  async touch(idHash: string, lastUsedAt: number, expiresAt: number): Promise<void> {
    await this.#db
      .updateTable('sessions')
      .set({ last_used_at: lastUsedAt, expires_at: expiresAt })
      .where('id_hash', '=', idHash)
      .execute();
  }

  async remove(idHash: string): Promise<void> {
    await this.#db.deleteFrom('sessions').where('id_hash', '=', idHash).execute();
  }

  /** Signs a user out everywhere, except in one browser if given. */
  async removeOf(userId: string, exceptIdHash?: string): Promise<void> {
    let query = this.#db.deleteFrom('sessions').where('user_id', '=', userId);
    if (exceptIdHash !== undefined) query = query.where('id_hash', '!=', exceptIdHash);
    await query.execute();
  }

  /** Deletes sign-ins that expired before an instant; returns their number. */
  async prune(before: number): Promise<number> {
    const result = await this.#db.deleteFrom('sessions').where('expires_at', '<', before).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
