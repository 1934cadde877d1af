import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';

/** The energy of a series by period. */
export interface CountedSeries {
  readonly id: string;
  /** Imported into Home Assistant from elsewhere, such as a utility's figures. */
  readonly external: boolean;
  /** Whether its meter restarts at zero from time to time. */
  readonly resets: boolean;
  /** Starts of its periods, epoch ms, ascending. */
  readonly starts: Float64Array;
  /** The amount of each of them, in one unit for all series. */
  readonly amounts: Float64Array;
}

/** A series whose energy is already included in others. */
export interface Repeated {
  readonly id: string;
  /** The series with the same energy, or the total that includes it. */
  readonly of: string;
  readonly reason: 'same' | 'part';
}

/** Minimum number of periods with energy in which two series of unrelated names must agree. */
const MIN_PERIODS = 12;
/** Maximum relative difference of the same meter at two resolutions; two meters of one type on one roof differ by more over time. */
const MAX_DEVIATION_SAME = 0.002;
/** Between a meter and its utility, and between a total and a daily meter, which misses the energy around midnight. */
const MAX_DEVIATION_RELATED = 0.1;
const MAX_DEVIATION_PARTS = 0.02;

/** Words for the period of a counter, which do not describe its energy. */
const ALL_TIME = new Set(
  'total lifetime overall cumulative cumulated accumulated all time ever gesamt calkowita razem'.split(' '),
);
const ONE_PERIOD = new Set(
  'today daily day weekly week monthly month yearly year hourly hour this current last heute tag täglich monat jahr dzis dzisiaj dzienna'.split(
    ' ',
  ),
);

/**
 * Finds series of one metric that count the same energy, and parts next to their total: their sum would count it twice. The longest series
 * remains, and among those the one that never restarts.
 */
export function repeatedSeries(series: readonly CountedSeries[]): Repeated[] {
  const distinct: CountedSeries[] = [];
  const repeated: Repeated[] = [];
  for (const one of [...series].sort(byPreference)) {
    const other = distinct.find((earlier) => isSame(earlier, one));
    if (other) repeated.push({ id: one.id, of: other.id, reason: 'same' });
    else distinct.push(one);
  }
  return [...repeated, ...partsOf(distinct)];
}

/** Whether two names differ only in the period: `pv_energy_today`, `pv_energy_total`. */
export function isSameName(a: string, b: string): boolean {
  return stemOf(a) === stemOf(b);
}

/** A name without the words for periods. */
export function stemOf(id: string): string {
  return wordsOf(id)
    .filter((word) => !ALL_TIME.has(word) && !ONE_PERIOD.has(word))
    .sort()
    .join(' ');
}

function wordsOf(id: string): string[] {
  const words = id.replace(/^[^.:]*[.:]/, '').toLowerCase();
  return words.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
}

function byPreference(a: CountedSeries, b: CountedSeries): number {
  return (
    spanOf(b) - spanOf(a) ||
    Number(beginsAgain(a)) - Number(beginsAgain(b)) ||
    a.id.length - b.id.length ||
    (a.id < b.id ? -1 : 1)
  );
}

function beginsAgain({ id, resets }: CountedSeries): boolean {
  return resets || wordsOf(id).some((word) => ONE_PERIOD.has(word));
}

/** In whole days, so that series that start within hours of each other have equal lengths. */
function spanOf({ starts }: CountedSeries): number {
  return starts.length === 0 ? 0 : Math.round((starts.at(-1)! - starts[0]!) / UTC_DAY_MS);
}

function isSame(a: CountedSeries, b: CountedSeries): boolean {
  const { periods, difference, total, drift } = compare(a, [b]);
  const isNamed = isSameName(a.id, b.id);
  if (isNamed && periods === 0) return true;
  if (isNamed || a.external !== b.external) return periods > 0 && difference <= MAX_DEVIATION_RELATED * total;
  return periods >= MIN_PERIODS && drift <= Math.max(MAX_DEVIATION_SAME * total, resolutionOf(a), resolutionOf(b));
}

/** If one series is the sum of all others, those are its parts. */
function partsOf(series: readonly CountedSeries[]): Repeated[] {
  const sum = ({ amounts }: CountedSeries) => amounts.reduce((a, b) => a + b, 0);
  const [whole, ...parts] = [...series].sort((a, b) => sum(b) - sum(a));
  if (whole === undefined || parts.length < 2) return [];
  const { periods, difference, total } = compare(whole, parts);
  if (periods < MIN_PERIODS || difference > MAX_DEVIATION_PARTS * total) return [];
  return parts.map(({ id }) => ({ id, of: whole.id, reason: 'part' }));
}

interface Comparison {
  /** Number of periods with an amount in either. */
  readonly periods: number;
  /** Sum of the differences of individual periods, and of the larger of both. */
  readonly difference: number;
  readonly total: number;
  /** The largest cumulative difference. */
  readonly drift: number;
}

/** Compares a series with the sum of others over the common time, by the periods of the one with the fewest. */
function compare(a: CountedSeries, others: readonly CountedSeries[]): Comparison {
  const all = [a, ...others];
  const from = Math.max(...all.map(({ starts }) => starts[0] ?? Number.POSITIVE_INFINITY));
  const to = Math.min(...all.map(({ starts }) => starts.at(-1) ?? Number.NEGATIVE_INFINITY));
  const coarse = all.reduce((fewest, one) => (one.starts.length < fewest.starts.length ? one : fewest));
  const bounds = coarse.starts.filter((start) => start >= from && start <= to);
  let [periods, difference, total, drift, ahead] = [0, 0, 0, 0, 0];
  const cursors = all.map(({ starts }) => lowerBound(starts, from));
  for (let i = 0; i + 1 < bounds.length; i++) {
    const counted = all.map((one, k) => {
      let amount = 0;
      for (; cursors[k]! < one.starts.length && one.starts[cursors[k]!]! < bounds[i + 1]!; cursors[k]!++) {
        amount += one.amounts[cursors[k]!]!;
      }
      return amount;
    });
    const [first, others] = [counted[0]!, counted.slice(1).reduce((x, y) => x + y, 0)];
    if (first === 0 && others === 0) continue;
    periods++;
    difference += Math.abs(first - others);
    total += Math.max(Math.abs(first), Math.abs(others));
    ahead += first - others;
    drift = Math.max(drift, Math.abs(ahead));
  }
  return { periods, difference, total, drift };
}

/** The smallest step between amounts of a series: 0.1 for a meter with tenths, near 0 for one with full resolution. */
function resolutionOf({ amounts }: CountedSeries): number {
  const sorted = amounts.toSorted();
  let min = Number.POSITIVE_INFINITY;
  for (let i = 1; i < sorted.length; i++) {
    const step = sorted[i]! - sorted[i - 1]!;
    if (step > 1e-6) min = Math.min(min, step);
  }
  return min === Number.POSITIVE_INFINITY ? 0 : min;
}

function lowerBound(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
