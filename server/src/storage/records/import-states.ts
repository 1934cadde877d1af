import type { RecordsContext } from './schema.ts';

/** How far an import has come, so that it can be taken up again. */
export interface ImportStateRecord {
  /** What is imported, such as the file's checksum with the mapping's. */
  readonly key: string;
  /** JSON. */
  readonly state: unknown;
  readonly updatedAt: number;
}

export interface ImportStates {
  get(key: string): Promise<ImportStateRecord | undefined>;
  list(): Promise<ImportStateRecord[]>;
  put(key: string, state: unknown): Promise<void>;
  /** Whether there was one. */
  remove(key: string): Promise<boolean>;
}

/** States of imports in the records' database. */
export class SqlImportStates implements ImportStates {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async get(key: string): Promise<ImportStateRecord | undefined> {
    const row = await this.#context.db
      .selectFrom('import_states')
      .selectAll()
      .where('key', '=', key)
      .executeTakeFirst();
    return row && { key, state: JSON.parse(row.state), updatedAt: row.updated_at };
  }

  async list(): Promise<ImportStateRecord[]> {
    const rows = await this.#context.db.selectFrom('import_states').selectAll().orderBy('key').execute();
    return rows.map((row) => ({ key: row.key, state: JSON.parse(row.state), updatedAt: row.updated_at }));
  }

  async put(key: string, state: unknown): Promise<void> {
    const columns = { state: JSON.stringify(state), updated_at: this.#context.now() };
    await this.#context.db
      .insertInto('import_states')
      .values({ key, ...columns })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(columns))
      .execute();
  }

  async remove(key: string): Promise<boolean> {
    const removed = await this.#context.db
      .deleteFrom('import_states')
      .where('key', '=', key)
      .returning('key')
      .executeTakeFirst();
    return removed !== undefined;
  }
}
