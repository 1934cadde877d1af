/** A report that was made once and is kept. */
export interface ReportRecord {
  readonly siteId: string;
  /** Such as `daily`. */
  readonly kind: string;
  /** What it is about, sortable as text: `2026-03-29`, `2026-03`, `2026`. */
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

/** A site has at most one report of a kind and period. */
export interface Reports {
  get(siteId: string, kind: string, period: string): Promise<ReportRecord | undefined>;
  /** Oldest period first, at most 10,000. */
  list(query: ReportQuery): Promise<ReportRecord[]>;
  /** Stores a report in place of the one before. Throws InvalidInput for an unknown site. */
  put(siteId: string, kind: string, period: string, content: unknown): Promise<ReportRecord>;
  /** Drops reports, such as those that late readings made wrong; answers how many. */
  remove(query: ReportQuery): Promise<number>;
}
