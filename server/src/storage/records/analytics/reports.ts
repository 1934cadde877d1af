import type { Selectable } from 'kysely';
import { explainConstraint } from '../record-errors.ts';
import type { RecordsContext, RecordsDatabase, Schema } from '../schema.ts';

/** Maximum number of reports in one answer: 27 years of daily reports. */
const MAX_REPORTS = 10_000;

/** A stored report. */
export interface ReportRecord {
  readonly siteId: string;
  /** Such as `daily`. */
  readonly kind: string;
  /** Its period, sortable as text: `2026-03-29`, `2026-03`, `2026`. */
  readonly period: string;
  /** JSON. */
  readonly content: unknown;
  readonly createdAt: number;
}

export interface ReportQuery {
  readonly siteId: string;
  readonly kind: string;
  /** First period, included. */
  readonly from?: string | undefined;
  /** Last period, included. */
  readonly to?: string | undefined;
}

/** A report without its content. */
export type ReportKey = Pick<ReportRecord, 'kind' | 'period' | 'createdAt'>;

/** Stored reports. A site has at most one report per kind and period. */
export class Reports {
  readonly #db: RecordsDatabase;
  readonly #now: () => number;

  constructor({ db, now }: RecordsContext) {
    this.#db = db;
    this.#now = now;
  }

  async get(siteId: string, kind: string, period: string): Promise<ReportRecord | undefined> {
    const row = await this.#db
      .selectFrom('reports')
      .selectAll()
      .where('site_id', '=', siteId)
      .where('kind', '=', kind)
      .where('period', '=', period)
      .executeTakeFirst();
    return row && toRecord(row);
  }

  /** Oldest period first, at most 10,000. */
  async list({ siteId, kind, from, to }: ReportQuery): Promise<ReportRecord[]> {
    let query = this.#db.selectFrom('reports').selectAll().where('site_id', '=', siteId);
    if (from !== undefined) query = query.where('period', '>=', from);
    if (to !== undefined) query = query.where('period', '<=', to);
    const rows = await query.where('kind', '=', kind).orderBy('period').limit(MAX_REPORTS).execute();
    return rows.map(toRecord);
  }

  /** The reports of these kinds that a site has, unordered. */
  async keys(siteId: string, kinds: readonly string[]): Promise<ReportKey[]> {
    const rows = await this.#db
      .selectFrom('reports')
      .select(['kind', 'period', 'created_at'])
      .where('site_id', '=', siteId)
      .where('kind', 'in', kinds)
      .execute();
    return rows.map((row) => ({ kind: row.kind, period: row.period, createdAt: row.created_at }));
  }

  /** Stores a report and replaces the previous one. Throws InvalidInput for an unknown site. */
  async put(siteId: string, kind: string, period: string, content: unknown): Promise<ReportRecord> {
    const columns = { content: JSON.stringify(content), created_at: this.#now() };
    const row = await this.#db
      .insertInto('reports')
      .values({ site_id: siteId, kind, period, ...columns })
      .onConflict((conflict) => conflict.columns(['site_id', 'kind', 'period']).doUpdateSet(columns))
      .returningAll()
      .executeTakeFirstOrThrow()
      .catch(explainConstraint({ reference: ['site_id', 'site', siteId] }));
    return toRecord(row);
  }

  /** Deletes reports, such as those that late readings made outdated; returns their number. */
  async remove({ siteId, kind, from, to }: ReportQuery): Promise<number> {
    let query = this.#db.deleteFrom('reports').where('site_id', '=', siteId).where('kind', '=', kind);
    if (from !== undefined) query = query.where('period', '>=', from);
    if (to !== undefined) query = query.where('period', '<=', to);
    return Number((await query.executeTakeFirst()).numDeletedRows);
  }
}

function toRecord(row: Selectable<Schema['reports']>): ReportRecord {
  return {
    siteId: row.site_id,
    kind: row.kind,
    period: row.period,
    content: JSON.parse(row.content),
    createdAt: row.created_at,
  };
}
