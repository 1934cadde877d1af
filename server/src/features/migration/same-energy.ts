import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';

/** What a series counted: energy by period. */
export interface CountedSeries {
  readonly id: string;
  /** Imported into Home Assistant from elsewhere, such as a utility's figures. */
  readonly external: boolean;
  /** Whether its meter begins at zero again from time to time. */
  readonly resets: boolean;
  /** Starts of its periods, epoch ms, ascending. */
  readonly starts: Float64Array;
  /** What it counted in each of them, in one unit for all series. */
  readonly amounts: Float64Array;
}

/** A series that counts what others count already. */
export interface Repeated {
  readonly id: string;
  /** The series that counts it too, or the total that it is a part of. */
  readonly of: string;
  readonly reason: 'same' | 'part';
}

/** Periods with energy that two series of unrelated names must agree in. */
const MIN_PERIODS = 12;
/** Two meters of one type on one roof differ by more over time; the same meter at two resolutions does not. */
const MAX_DEVIATION_SAME = 0.002;
/** Between a meter and its utility, and between a total and a meter of the day, which loses what is counted around midnight. */
const MAX_DEVIATION_RELATED = 0.1;
const MAX_DEVIATION_PARTS = 0.02;

/** Words for the time that a counter counts in, which do not say what it counts. */
const ALL_TIME = new Set(
  'total lifetime overall cumulative cumulated accumulated all time ever gesamt calkowita razem'.split(' '),
);
const ONE_PERIOD = new Set(
  'today daily day weekly week monthly month yearly year hourly hour this current last heute tag täglich monat jahr dzis dzisiaj dzienna'.split(
    ' ',
  ),
);

/**
 * Finds series of one metric that count the same energy, and parts beside their total: added up, they would give it twice. The series that is longest,
 * and then the one that never begins again, is kept.
 */
export function repeatedSeries(series: readonly CountedSeries[]): Repeated[] {
  const kept: CountedSeries[] = [];
  const repeated: Repeated[] = [];
  for (const one of [...series].sort(byPreference)) {
    const other = kept.find((known) => isSame(known, one));
    if (other) repeated.push({ id: one.id, of: other.id, reason: 'same' });
    else kept.push(one);
  }
  return [...repeated, ...partsOf(kept)];
}

/** Whether two names say the same but for the time that is counted in: `pv_energy_today`, `pv_energy_total`. */
export function isSameName(a: string, b: string): boolean {
  return stemOf(a) === stemOf(b);
}

/** A name without words for times. */
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

/** In whole days, so that series that begin within hours of each other are equally long. */
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

/** Where one series is the sum of all others, those are its parts. */
function partsOf(kept: readonly CountedSeries[]): Repeated[] {
  const sum = ({ amounts }: CountedSeries) => amounts.reduce((a, b) => a + b, 0);
  const [whole, ...parts] = [...kept].sort((a, b) => sum(b) - sum(a));
  if (whole === undefined || parts.length < 2) return [];
  const { periods, difference, total } = compare(whole, parts);
  if (periods < MIN_PERIODS || difference > MAX_DEVIATION_PARTS * total) return [];
  return parts.map(({ id }) => ({ id, of: whole.id, reason: 'part' }));
}

interface Comparison {
  /** Periods in which either counted something. */
  readonly periods: number;
  /** Sum of the differences of single periods, and of the larger of both. */
  readonly difference: number;
  readonly total: number;
  /** The largest difference of both counted from the beginning. */
  readonly drift: number;
}

/** Compares a series with the sum of others in the time that all have, by the periods of the one that has the fewest. */
function compare(a: CountedSeries, others: readonly CountedSeries[]): Comparison {
  const all = [a, ...others];
  const from = Math.max(...all.map(({ starts }) => starts[0] ?? Number.POSITIVE_INFINITY));
  const to = Math.min(...all.map(({ starts }) => starts.at(-1) ?? Number.NEGATIVE_INFINITY));
  const coarse = all.reduce((least, one) => (one.starts.length < least.starts.length ? one : least));
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
    const [first, rest] = [counted[0]!, counted.slice(1).reduce((x, y) => x + y, 0)];
    if (first === 0 && rest === 0) continue;
    periods++;
    difference += Math.abs(first - rest);
    total += Math.max(Math.abs(first), Math.abs(rest));
    ahead += first - rest;
    drift = Math.max(drift, Math.abs(ahead));
  }
  return { periods, difference, total, drift };
}

/** The smallest step between amounts of a series: 0.1 for a meter that shows tenths, near 0 for one that shows everything. */
function resolutionOf({ amounts }: CountedSeries): number {
  const sorted = amounts.toSorted();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < sorted.length; i++) {
    const step = sorted[i]! - sorted[i - 1]!;
    if (step > 1e-6) least = Math.min(least, step);
  }
  return least === Number.POSITIVE_INFINITY ? 0 : least;
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
