import type { Metric, MetricKind, MetricRegistration } from '@wattkeeper/contract/metric.ts';
import type { Selectable } from 'kysely';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Metrics that users registered; the built-in catalogue is code. */
export class CustomMetrics {
  readonly #db: RecordsDatabase;

  constructor({ db }: RecordsContext) {
    this.#db = db;
  }

  /** By name; every one has `custom: true`. */
  async list(): Promise<Metric[]> {
    const rows = await this.#db.selectFrom('metrics').selectAll().orderBy('name').execute();
    return rows.map(toMetric);
  }

  /** Registers a metric, or replaces the description of a registered one. The label defaults to the words of the quantity. */
  async register(registration: MetricRegistration): Promise<Metric> {
    const { name, unit, kind, minimum, maximum, sign } = registration;
    const label = registration.label ?? name.slice(name.lastIndexOf('.') + 1).replaceAll('_', ' ');
    const described = { label, unit, kind, minimum, maximum, sign };
    const row = await this.#db
      .insertInto('metrics')
      .values({ name, ...described })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(described))
      .returningAll()
      .executeTakeFirstOrThrow();
    return toMetric(row);
  }

  /** Returns whether the metric existed. */
  async remove(name: string): Promise<boolean> {
    const removed = await this.#db.deleteFrom('metrics').where('name', '=', name).returning('name').executeTakeFirst();
    return removed !== undefined;
  }
}

function toMetric(row: Selectable<Schema['metrics']>): Metric {
  const { name, label, unit, minimum, maximum, sign } = row;
  return { name, label, unit, kind: row.kind as MetricKind, minimum, maximum, sign, custom: true };
}
