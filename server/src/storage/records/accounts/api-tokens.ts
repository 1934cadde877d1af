import type { Role, Scope } from '@wattkeeper/contract/access/auth.ts';
import type { Selectable } from 'kysely';
import { v7 as newId } from 'uuid';
import { explainConstraint, unknownId } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** A key for programs, stored as its hash. Instants are epoch milliseconds. */
export interface ApiTokenRecord {
  readonly id: string;
  readonly name: string;
  readonly tokenHash: string;
  readonly scopes: readonly Scope[];
  /** The user who created it; null for one created at the command line. */
  readonly userId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
}

/** The permissions of a token. */
export interface TokenRights {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | null;
  /** Role of the user who created it; null for one created at the command line. */
  readonly role: Role | null;
}

/** API tokens, stored as hashes; their names are unique. */
export class ApiTokens {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  /** By name. */
  async list(): Promise<ApiTokenRecord[]> {
    const rows = await this.#db.selectFrom('api_tokens').selectAll().orderBy('name').execute();
    return rows.map(toRecord);
  }

  async find(id: string): Promise<ApiTokenRecord | undefined> {
    return this.#findBy('id', id);
  }

  async findByName(name: string): Promise<ApiTokenRecord | undefined> {
    return this.#findBy('name', name);
  }

  async findByHash(tokenHash: string): Promise<ApiTokenRecord | undefined> {
    return this.#findBy('token_hash', tokenHash);
  }

  /** The permissions of several tokens, expired or not, without removed tokens. */
  async rights(ids: readonly string[]): Promise<TokenRights[]> {
    const rows = await this.#db
      .selectFrom('api_tokens')
      .leftJoin('users', 'users.id', 'api_tokens.user_id')
      .select(['api_tokens.id', 'scopes', 'expires_at', 'role'])
      .where('api_tokens.id', 'in', ids)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      scopes: JSON.parse(row.scopes) as Scope[],
      expiresAt: row.expires_at,
      role: row.role as Role | null,
    }));
  }

  /** Throws Conflict when the name is taken. */
  async create(token: Omit<ApiTokenRecord, 'id' | 'createdAt' | 'lastUsedAt'>): Promise<ApiTokenRecord> {
    const row = await this.#db
      .insertInto('api_tokens')
      .values({
        id: newId(),
        name: token.name,
        token_hash: token.tokenHash,
        scopes: JSON.stringify(token.scopes),
        user_id: token.userId,
        created_at: this.#now(),
        expires_at: token.expiresAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(explainConstraint({ name: ['token', token.name] }));
    return toRecord(row);
  }

  async touch(id: string, lastUsedAt: number): Promise<void> {
    await this.#db.updateTable('api_tokens').set({ last_used_at: lastUsedAt }).where('id', '=', id).execute();
  }

  /** Throws NotFound. */
  async remove(id: string): Promise<void> {
    const removed = await this.#db.deleteFrom('api_tokens').where('id', '=', id).returning('id').executeTakeFirst();
    if (removed === undefined) throw unknownId('API token', id);
  }

  async #findBy(column: 'id' | 'name' | 'token_hash', value: string): Promise<ApiTokenRecord | undefined> {
    const row = await this.#db.selectFrom('api_tokens').selectAll().where(column, '=', value).executeTakeFirst();
    return row && toRecord(row);
  }
}

function toRecord(row: Selectable<Schema['api_tokens']>): ApiTokenRecord {
  return {
    id: row.id,
    name: row.name,
    tokenHash: row.token_hash,
    scopes: JSON.parse(row.scopes) as Scope[],
    userId: row.user_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
