import type { RecordsContext, RecordsDatabase } from './schema.ts';

/** The requested state of a feature flag. */
export interface FeatureFlagState {
  readonly name: string;
  readonly enabled: boolean;
  readonly updatedAt: number;
}

/** Requested states of feature flags; a flag that was never set has none. */
export class FeatureFlagStates {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async list(): Promise<FeatureFlagState[]> {
    const rows = await this.#db.selectFrom('features').selectAll().orderBy('name').execute();
    return rows.map((row) => ({ name: row.name, enabled: row.enabled === 1, updatedAt: row.updated_at }));
  }

  async set(name: string, enabled: boolean): Promise<FeatureFlagState> {
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
