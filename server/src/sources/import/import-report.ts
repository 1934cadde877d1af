import { formatInstant } from '@wattkeeper/contract/common.ts';
import { MAX_SERIES_LISTED, type SeriesReport, SeriesTally } from './series-tally.ts';

/** The outcome of an import. Instants are epoch milliseconds. */
export interface ImportReport {
  /** The unit of `position` in problems and rejections. */
  readonly counted_by: 'line' | 'record';
  readonly rows: number;
  /** Rows of other tables between and after those with the mapped columns. */
  readonly outside_rows: number;
  /** Values accepted by this run. */
  readonly accepted: number;
  /** Values of rows that an earlier run imported. */
  readonly already_there: number;
  readonly quarantined: number;
  readonly rejected: number;
  /** By reason: the number, and the first positions. */
  readonly rejected_by: Readonly<Record<string, { readonly count: number; readonly positions: readonly number[] }>>;
  /** The first rejected and quarantined values, each with its reason. */
  readonly problems: readonly { readonly position: number; readonly detail: string }[];
  readonly first: number | null;
  readonly last: number | null;
  /** Rows in an hour that the clock repeats. */
  readonly ambiguous_times: number;
  /** Rows in an hour that the clock skips. */
  readonly skipped_times: number;
  /** Values of names that the mapping ignores. */
  readonly ignored: number;
  /** Mapped fields that no record has (JSON). */
  readonly absent_columns: readonly string[];
  readonly series: readonly SeriesReport[];
  /** Whether the file has more series than `series` lists. */
  readonly more_series: boolean;
}

const MAX_PROBLEMS = 100;
const MAX_POSITIONS = 20;

/** A report with its instants as ISO 8601 in UTC. */
export function reportToJson({ rejected_by, problems, absent_columns, first, last, series, ...counts }: ImportReport) {
  return {
    ...counts,
    rejected_by: Object.fromEntries(
      Object.entries(rejected_by).map(([reason, { count, positions }]) => [
        reason,
        { count, positions: [...positions] },
      ]),
    ),
    problems: [...problems],
    absent_columns: [...absent_columns],
    ...isoSpan(first, last),
    series: series.map((one) => ({ ...one, ...isoSpan(one.first, one.last) })),
  };
}

function isoSpan(first: number | null, last: number | null) {
  return {
    first: first === null ? null : formatInstant(first),
    last: last === null ? null : formatInstant(last),
  };
}

/** Collects the contents of the report. */
export class ReportBuilder {
  rows = 0;
  accepted = 0;
  alreadyThere = 0;
  quarantined = 0;
  skippedTimes = 0;
  ignored = 0;
  #rejected = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  readonly #reasons = new Map<string, { count: number; positions: number[] }>();
  readonly #problems: { position: number; detail: string }[] = [];
  readonly #series = new Map<string, Map<string, SeriesTally>>();
  #seriesCount = 0;
  #moreSeries = false;

  /** Counts one rejection; a detail adds it to the problems. */
  reject(reason: string, position: number | null, detail?: string): void {
    this.rejectMany(reason, 1);
    if (position === null) return;
    const { positions } = this.#reason(reason);
    if (positions.length < MAX_POSITIONS && positions.at(-1) !== position) positions.push(position);
    if (detail !== undefined) this.addProblem(position, detail);
  }

  rejectMany(reason: string, count: number): void {
    if (count === 0) return;
    this.#rejected += count;
    this.#reason(reason).count += count;
  }

  addProblem(position: number, detail: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push({ position, detail });
  }

  /** The tally of a series; undefined beyond the maximum number of series. */
  series(device: string, metric: string): SeriesTally | undefined {
    const ofDevice = this.#series.get(device) ?? new Map<string, SeriesTally>();
    const known = ofDevice.get(metric);
    if (known !== undefined) return known;
    if (this.#seriesCount === MAX_SERIES_LISTED) {
      this.#moreSeries = true;
      return undefined;
    }
    const tally = new SeriesTally();
    this.#seriesCount++;
    this.#series.set(device, ofDevice.set(metric, tally));
    return tally;
  }

  noteTime(instant: number): void {
    if (instant < this.#first) this.#first = instant;
    if (instant > this.#last) this.#last = instant;
  }

  build(rest: Pick<ImportReport, 'counted_by' | 'outside_rows' | 'ambiguous_times' | 'absent_columns'>): ImportReport {
    const hasTimes = this.#first <= this.#last;
    return {
      ...rest,
      rows: this.rows,
      accepted: this.accepted,
      already_there: this.alreadyThere,
      quarantined: this.quarantined,
      rejected: this.#rejected,
      rejected_by: Object.fromEntries(this.#reasons),
      problems: this.#problems,
      first: hasTimes ? this.#first : null,
      last: hasTimes ? this.#last : null,
      skipped_times: this.skippedTimes,
      ignored: this.ignored,
      more_series: this.#moreSeries,
      series: [...this.#series].flatMap(([device, tallies]) =>
        [...tallies].map(([metric, tally]) => tally.report(device, metric)),
      ),
    };
  }

  #reason(reason: string) {
    const known = this.#reasons.get(reason) ?? { count: 0, positions: [] };
    this.#reasons.set(reason, known);
    return known;
  }
}
