import { Conflict } from '../../domain/errors.ts';
import type { RecordsContext, RecordsDatabase } from './schema.ts';

/** A JSON value, with a version that increases by one with each change. */
export interface VersionedSetting {
  readonly key: string;
  readonly value: unknown;
  /** From 1. */
  readonly version: number;
  readonly updatedAt: number;
}

/** JSON values by key, each with a version for optimistic locking. */
export class VersionedSettings {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async get(key: string): Promise<VersionedSetting | undefined> {
    const row = await this.#db.selectFrom('settings').selectAll().where('key', '=', key).executeTakeFirst();
    return row && { key, value: JSON.parse(row.value), version: row.version, updatedAt: row.updated_at };
  }

  /**
   * Stores a JSON value.
   *
   * @param expectedVersion the version on which the change is based (0: no value yet); throws Conflict when the stored version differs
   */
  async put(key: string, value: unknown, expectedVersion?: number): Promise<VersionedSetting> {
    const updatedAt = this.#now();
    return this.#db.transaction().execute(async (transaction) => {
      const known = await transaction
        .selectFrom('settings')
        .select('version')
        .where('key', '=', key)
        .executeTakeFirst();
      const before = known?.version ?? 0;
      if (expectedVersion !== undefined && expectedVersion !== before) {
        throw new Conflict(
          `the setting "${key}" is at version ${before}, and the change is based on version ${expectedVersion}: reload it and repeat the change`,
        );
      }
      const columns = { value: JSON.stringify(value), version: before + 1, updated_at: updatedAt };
      await transaction
        .insertInto('settings')
        .values({ key, ...columns })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(columns))
        .execute();
      return { key, value, version: before + 1, updatedAt };
    });
  }
}
