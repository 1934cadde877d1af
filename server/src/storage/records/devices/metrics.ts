import type { Metric, MetricKind, MetricRegistration } from '@wattkeeper/contract/metric.ts';
import type { Selectable } from 'kysely';
import type { RecordsContext, Schema } from '../schema.ts';

/** Metrics that users registered; the first catalogue is code. */
export interface Metrics {
  /** By name; every one has `custom: true`. */
  list(): Promise<Metric[]>;
  /** Registers a metric, or describes a registered one anew. The label defaults to the words of the quantity. */
  register(registration: MetricRegistration): Promise<Metric>;
  /** Whether there was one. */
  remove(name: string): Promise<boolean>;
}

/** Registered metrics in the records' database. */
export class SqlMetrics implements Metrics {
  readonly #context: RecordsContext;

  constructor(context: RecordsContext) {
    this.#context = context;
  }

  async list(): Promise<Metric[]> {
    const rows = await this.#context.db.selectFrom('metrics').selectAll().orderBy('name').execute();
    return rows.map(toMetric);
  }

  async register(registration: MetricRegistration): Promise<Metric> {
    const { name, unit, kind, minimum, maximum, sign } = registration;
    const label = registration.label ?? name.slice(name.lastIndexOf('.') + 1).replaceAll('_', ' ');
    const described = { label, unit, kind, minimum, maximum, sign };
    const row = await this.#context.db
      .insertInto('metrics')
      .values({ name, ...described })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(described))
      .returningAll()
      .executeTakeFirstOrThrow();
    return toMetric(row);
  }

  async remove(name: string): Promise<boolean> {
    const removed = await this.#context.db
      .deleteFrom('metrics')
      .where('name', '=', name)
      .returning('name')
      .executeTakeFirst();
    return removed !== undefined;
  }
}

function toMetric(row: Selectable<Schema['metrics']>): Metric {
  const { name, label, unit, minimum, maximum, sign } = row;
  return { name, label, unit, kind: row.kind as MetricKind, minimum, maximum, sign, custom: true };
}
