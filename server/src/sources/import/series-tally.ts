/** Statistics of one device's metric in a file. */
export interface SeriesReport {
  readonly device: string;
  readonly metric: string;
  readonly values: number;
  /** First and last instant, epoch milliseconds; null for a column without values. */
  readonly first: number | null;
  readonly last: number | null;
  /** Most frequent interval between two values; null for a single value. */
  readonly interval_ms: number | null;
  /** Values at the same instant as the preceding one; the last one is stored. */
  readonly duplicates: number;
  /** Values between the instants of earlier ones. */
  readonly out_of_order: number;
  /** Intervals longer than 1.5 times the usual one; `total_ms` is the sum of their excess over one interval. */
  readonly gaps: { readonly count: number; readonly longest_ms: number; readonly total_ms: number };
}

/** Maximum number of series in a report. */
export const MAX_SERIES_LISTED = 10_000;
/** A longer interval than this multiple of the usual one is a gap. */
const GAP_INTERVALS = 1.5;

/** Counts the values of one series in the order of the file; memory use does not depend on the file's size. */
export class SeriesTally {
  #values = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #before = Number.NaN;
  #duplicates = 0;
  #outOfOrder = 0;
  /** Intervals by their three leading digits, so that there are at most 900 per power of ten. */
  readonly #steps = new Map<number, { count: number; sum: number; longest: number }>();
  #step = { ms: Number.NaN, entry: { count: 0, sum: 0, longest: 0 } };

  add(instant: number): void {
    this.#values++;
    if (instant === this.#before) this.#duplicates++;
    else if (instant > this.#last) this.#forward(instant - this.#last);
    else if (instant < this.#first) this.#forward(this.#first - instant);
    else this.#outOfOrder++;
    this.#before = instant;
    if (instant > this.#last) this.#last = instant;
    if (instant < this.#first) this.#first = instant;
  }

  report(device: string, metric: string): SeriesReport {
    const steps = [...this.#steps.values()];
    const mostFrequent = steps.reduce((best, step) => (step.count > best.count ? step : best), { count: 0, sum: 0 });
    const interval = mostFrequent.count === 0 ? null : Math.round(mostFrequent.sum / mostFrequent.count);
    const gaps = interval === null ? [] : steps.filter(({ sum, count }) => sum / count > GAP_INTERVALS * interval);
    return {
      device,
      metric,
      values: this.#values,
      first: this.#values === 0 ? null : this.#first,
      last: this.#values === 0 ? null : this.#last,
      interval_ms: interval,
      duplicates: this.#duplicates,
      out_of_order: this.#outOfOrder,
      gaps: {
        count: gaps.reduce((sum, { count }) => sum + count, 0),
        longest_ms: gaps.reduce((max, { longest }) => Math.max(max, longest), 0),
        total_ms: gaps.reduce((sum, gap) => sum + gap.sum - gap.count * (interval ?? 0), 0),
      },
    };
  }

  #forward(ms: number): void {
    if (ms === Number.POSITIVE_INFINITY) return;
    if (ms !== this.#step.ms) {
      const key = Number(ms.toPrecision(3));
      const entry = this.#steps.get(key) ?? { count: 0, sum: 0, longest: 0 };
      this.#steps.set(key, entry);
      this.#step = { ms, entry };
    }
    const { entry } = this.#step;
    entry.count++;
    entry.sum += ms;
    if (ms > entry.longest) entry.longest = ms;
  }
}
