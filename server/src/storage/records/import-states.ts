import type { RecordsContext, RecordsDatabase } from './schema.ts';

/** How far an import has come, so that it can be taken up again. */
export interface ImportStateRecord {
  /** What is imported, such as the file's checksum with the mapping's. */
  readonly key: string;
  /** JSON. */
  readonly state: unknown;
  readonly updatedAt: number;
}

/** JSON states by name, with which a part of the service continues after a restart: an import, the demo, the disk watch, retention. */
export class ImportStates {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async get(key: string): Promise<ImportStateRecord | undefined> {
    const row = await this.#db.selectFrom('import_states').selectAll().where('key', '=', key).executeTakeFirst();
    return row && { key, state: JSON.parse(row.state), updatedAt: row.updated_at };
  }

  async list(): Promise<ImportStateRecord[]> {
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

  /** Whether there was one. */
  async remove(key: string): Promise<boolean> {
    const removed = await this.#db
      .deleteFrom('import_states')
      .where('key', '=', key)
      .returning('key')
      .executeTakeFirst();
    return removed !== undefined;
  }
}
