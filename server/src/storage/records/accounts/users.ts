import type { Role } from '@wattkeeper/contract/access/auth.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { Conflict } from '../../../domain/errors.ts';
import { explainConstraint, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, RecordsTransaction, Schema } from '../schema.ts';

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

/** Users; their names are unique, and at least one remains an administrator. */
export class Users {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** By name. */
  async list(): Promise<UserRecord[]> {
    const rows = await this.#db.selectFrom('users').selectAll().orderBy('username').execute();
    return rows.map(toUser);
  }

  async find(id: string): Promise<UserRecord | undefined> {
    const row = await this.#db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toUser(row);
  }

  async findByName(username: string): Promise<UserRecord | undefined> {
    const row = await this.#db.selectFrom('users').selectAll().where('username', '=', username).executeTakeFirst();
    return row && toUser(row);
  }

  /** The oldest administrator. */
  async firstAdmin(): Promise<UserRecord | undefined> {
    const row = await this.#db
      .selectFrom('users')
      .selectAll()
      .where('role', '=', 'admin')
      .orderBy('created_at')
      .orderBy('id')
      .executeTakeFirst();
    return row && toUser(row);
  }

  /** Throws Conflict when the name is taken. */
  async create(user: Pick<UserRecord, 'username' | 'role' | 'passwordHash'>): Promise<UserRecord> {
    const { username, role, passwordHash } = user;
    const row = await this.#db
      .insertInto('users')
      .values({ id: newId(), username, role, password_hash: passwordHash, created_at: this.#now() })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(explainConstraint({ name: ['user', username] }));
    return toUser(row);
  }

  /** Throws NotFound, or Conflict when the last administrator would lose that role. */
  async update(id: string, patch: UserPatch): Promise<UserRecord> {
    return this.#db.transaction().execute(async (transaction) => {
      if (patch.role !== undefined && patch.role !== 'admin') await keepAnAdmin(transaction, id);
      const row = await transaction
        .updateTable('users')
        .set({ id, role: patch.role, password_hash: patch.passwordHash })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) throw unknownId('user', id);
      return toUser(row);
    });
  }

  /** Deletes a user with their sign-ins, sign-in codes, tokens and layouts. Throws NotFound, or Conflict for the last administrator. */
  async remove(id: string): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      await keepAnAdmin(transaction, id);
      const removed = await transaction.deleteFrom('users').where('id', '=', id).returning('id').executeTakeFirst();
      if (removed === undefined) throw unknownId('user', id);
    });
  }
}

/** Converts a row to a record. */
export function toUser(row: Selectable<Schema['users']>): UserRecord {
  return {
    id: row.id,
    username: row.username,
    role: row.role as Role,
    passwordHash: row.password_hash,
    createdAt: row.created_at,
  };
}

/** Throws Conflict when the user is the only administrator. */
async function keepAnAdmin(transaction: RecordsTransaction, id: string): Promise<void> {
  const admins = await transaction.selectFrom('users').select('id').where('role', '=', 'admin').limit(2).execute();
  if (admins.length === 1 && admins[0]?.id === id) {
    throw new Conflict('this is the last administrator: make another user administrator first');
  }
}
