import type { RecordsContext } from './schema.ts';

/** What is asked of a feature flag; flags that were never switched have no record. */
export interface FeatureRecord {
  readonly name: string;
  readonly enabled: boolean;
  readonly updatedAt: number;
}

export interface Features {
  list(): Promise<FeatureRecord[]>;
  set(name: string, enabled: boolean): Promise<FeatureRecord>;
}

/** Feature flags in the records' database. */
export class SqlFeatures implements Features {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async list(): Promise<FeatureRecord[]> {
    const rows = await this.#context.db.selectFrom('features').selectAll().orderBy('name').execute();
    return rows.map((row) => ({ name: row.name, enabled: row.enabled === 1, updatedAt: row.updated_at }));
  }

  async set(name: string, enabled: boolean): Promise<FeatureRecord> {
    const updatedAt = this.#context.now();
    const columns = { enabled: enabled ? 1 : 0, updated_at: updatedAt };
    await this.#context.db
      .insertInto('features')
      .values({ name, ...columns })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(columns))
      .execute();
    return { name, enabled, updatedAt };
  }
}
