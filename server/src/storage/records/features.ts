import type { RecordsContext, RecordsDatabase } from './schema.ts';

/** What is asked of a feature flag; flags that were never switched have no record. */
export interface FeatureRecord {
  readonly name: string;
  readonly enabled: boolean;
  readonly updatedAt: number;
}

/** States of the feature flags that were switched. */
export class Features {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async list(): Promise<FeatureRecord[]> {
    const rows = await this.#db.selectFrom('features').selectAll().orderBy('name').execute();
    return rows.map((row) => ({ name: row.name, enabled: row.enabled === 1, updatedAt: row.updated_at }));
  }

  async set(name: string, enabled: boolean): Promise<FeatureRecord> {
    const updatedAt = this.#now();
    const columns = { enabled: enabled ? 1 : 0, updated_at: updatedAt };
    await this.#db
      .insertInto('features')
      .values({ name, ...columns })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(columns))
      .execute();
    return { name, enabled, updatedAt };
  }
}
