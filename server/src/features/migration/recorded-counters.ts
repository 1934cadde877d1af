import { LONG_TERM, type RecordedStatistic, type RecorderDatabase, type Row, SHORT_TERM } from './recorder-database.ts';
import type { CountedSeries } from './same-energy.ts';

/** Maximum number of listed rows at which `sum` and `state` grow differently. */
const MAX_DIFFERENCES = 5;
/** Tolerance: Home Assistant adds sums in floating point. */
const RELATIVE_ERROR = 1e-9;

/**
 * Properties of a counter over all rows. Home Assistant stores the meter's reading in `state`, and in `sum` the total that its own pages show:
 * it continues when the meter restarts, and only it contains a user's corrections (recorder, `adjust_sum_statistics`). Imported statistics
 * have the energy of the period in `state`, or any value.
 * https://developers.home-assistant.io/docs/core/entity/sensor/#long-term-statistics
 */
export interface RecordedCounter {
  readonly series: CountedSeries;
  /** Added to `sum`, gives readings that end with the meter's, so that live readings continue them. 0 if that would be negative. */
  readonly shift: number;
  /** Whether `state` is the energy of the row's own period. */
  readonly perPeriod: boolean;
  /** Growth by each column, in the statistic's unit; null without `state`. */
  readonly bySum: number;
  readonly byState: number | null;
  /** Number of rows at which both grow differently, and the first of them. */
  readonly differing: number;
  readonly differences: readonly Difference[];
}

export interface Difference {
  /** Start of the row, epoch ms. */
  readonly at: number;
  readonly bySum: number;
  readonly byState: number;
}

/** External statistics are named `domain:…`, those of the recorder by their entity. */
export function isExternal(id: string): boolean {
  return id.includes(':');
}

/**
 * Reads all rows of a counter once.
 * @param factor makes its unit kWh (or whatever series are compared in)
 */
export async function readCounter(
  database: RecorderDatabase,
  { metaId, id }: RecordedStatistic,
  factor: number,
): Promise<RecordedCounter> {
  const tally = new Tally(isExternal(id));
  const until = database.firstOf(SHORT_TERM, metaId) ?? Number.POSITIVE_INFINITY;
  for await (const rows of database.rows(LONG_TERM, metaId))
    for (const row of rows) if (row.start < until) tally.add(row);
  for await (const rows of database.rows(SHORT_TERM, metaId)) for (const row of rows) tally.add(row);
  return tally.result(id, factor);
}

class Tally {
  readonly #external: boolean;
  readonly #starts: number[] = [];
  readonly #amounts: number[] = [];
  readonly #both: { at: number; bySum: number; state: number; before: number }[] = [];
  #last: { sum: number; state: number | null } | null = null;
  #first = 0;
  #min = Number.POSITIVE_INFINITY;
  #withState: { sum: number; state: number } | null = null;
  #resets = false;

  constructor(external: boolean) {
    this.#external = external;
  }

  add({ start, values: { sum, state } }: Row): void {
    if (sum === null || Number.isNaN(start)) return;
    if (this.#last === null) this.#first = sum;
    else {
      this.#starts.push(start);
      this.#amounts.push(sum - this.#last.sum);
      if (state !== null && this.#last.state !== null) {
        this.#both.push({ at: start, bySum: sum - this.#last.sum, state, before: this.#last.state });
        if (state < this.#last.state) this.#resets = true;
      }
    }
    this.#min = Math.min(this.#min, sum);
    this.#last = { sum, state };
    if (state !== null) this.#withState = { sum, state };
  }

  result(id: string, factor: number): RecordedCounter {
    const last = this.#last?.sum ?? 0;
    const isNear = (a: number, b: number) => Math.abs(a - b) <= RELATIVE_ERROR * Math.max(1, Math.abs(last));
    const ofPeriod = this.#both.filter(({ bySum, state }) => isNear(bySum, state)).length;
    const perPeriod = this.#external && ofPeriod * 2 > this.#both.length;
    // A meter with a lower reading than before restarted at zero.
    const growth = ({ state, before }: { state: number; before: number }) => {
      if (perPeriod) return state;
      return state < before ? state : state - before;
    };
    const compared = this.#both.map((row) => ({ at: row.at, bySum: row.bySum, byState: growth(row) }));
    const differences = compared.filter(({ bySum, byState }) => !isNear(bySum, byState));
    const known = this.#both.length > 0 && !(this.#external && !perPeriod);
    const shift = this.#external || this.#withState === null ? 0 : this.#withState.state - this.#withState.sum;
    return {
      series: {
        id,
        external: this.#external,
        resets: this.#resets,
        starts: Float64Array.from(this.#starts),
        amounts: Float64Array.from(this.#amounts, (amount) => amount * factor),
      },
      shift: this.#min + shift >= 0 ? shift : 0,
      perPeriod,
      bySum: last - this.#first,
      byState: known ? compared.reduce((sum, { byState }) => sum + byState, 0) : null,
      differing: known ? differences.length : 0,
      differences: known ? differences.slice(0, MAX_DIFFERENCES) : [],
    };
  }
}
