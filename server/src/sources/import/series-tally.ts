/** What a file holds of one device's metric. */
export interface SeriesReport {
  readonly device: string;
  readonly metric: string;
  readonly values: number;
  /** First and last instant, epoch milliseconds; null where the column has no value. */
  readonly first: number | null;
  readonly last: number | null;
  /** Most frequent distance of two values; null for a single one. */
  readonly interval_ms: number | null;
  /** Values at the same instant as the one before them; the last counts. */
  readonly duplicates: number;
  /** Values between others that came before them. */
  readonly out_of_order: number;
  /** Distances of more than one and a half intervals; `total_ms` is what they have beyond an interval. */
  readonly gaps: { readonly count: number; readonly longest_ms: number; readonly total_ms: number };
}

/** Series listed individually. */
export const MAX_SERIES_LISTED = 10_000;
/** A distance of more than this many intervals is a gap. */
const GAP_INTERVALS = 1.5;

/** Counts the values of one series in the order of the file; memory does not grow with it. */
export class SeriesTally {
  #values = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #before = Number.NaN;
  #duplicates = 0;
  #outOfOrder = 0;
  /** Distances by their three leading digits, so that there are at most 900 for each power of ten. */
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
    const usual = steps.reduce((best, step) => (step.count > best.count ? step : best), { count: 0, sum: 0 });
    const interval = usual.count === 0 ? null : Math.round(usual.sum / usual.count);
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
        longest_ms: gaps.reduce((most, { longest }) => Math.max(most, longest), 0),
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
