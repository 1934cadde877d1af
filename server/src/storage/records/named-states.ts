import type { RecordsContext, RecordsDatabase } from './schema.ts';

/** The state from which a part of the service continues after a restart. */
export interface NamedState {
  /** Such as `demo`, `disk`, or `import:` with the checksums of a file and its mapping. */
  readonly key: string;
  /** JSON. */
  readonly state: unknown;
  readonly updatedAt: number;
}

/**
 * JSON states by key: the progress of imports, the demo's simulator, disk samples, examined times of anomalies, gaps of stores, and
 * retention. The table was created for imports and retains their name.
 */
export class NamedStates {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async get(key: string): Promise<NamedState | undefined> {
    const row = await this.#db.selectFrom('import_states').selectAll().where('key', '=', key).executeTakeFirst();
    return row && { key, state: JSON.parse(row.state), updatedAt: row.updated_at };
  }

  async list(): Promise<NamedState[]> {
    const rows = await this.#db.selectFrom('import_states').selectAll().orderBy('key').execute();
    return rows.map((row) => ({ key: row.key, state: JSON.parse(row.state), updatedAt: row.updated_at }));
  }

  async put(key: string, state: unknown): Promise<void> {
    const columns = { state: JSON.stringify(state), updated_at: this.#now() };
    await this.#db
      .insertInto('import_states')
      .values({ key, ...columns })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(columns))
      .execute();
  }

  /** Returns whether the key had a state. */
  async remove(key: string): Promise<boolean> {
    const removed = await this.#db
      .deleteFrom('import_states')
      .where('key', '=', key)
      .returning('key')
      .executeTakeFirst();
    return removed !== undefined;
  }
}
