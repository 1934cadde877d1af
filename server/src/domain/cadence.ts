import { UTC_DAY_MS, type Window } from './window.ts';

/**
 * How long a sample stands.
 *
 * A sample stands until the next one. When the next one is further away than 2.5 times the series' cadence, that is a gap: the
 * sample then stands for one cadence and the rest of the gap is not covered. The cadence is what the device is declared to
 * report in (`expectedIntervalMs`), else the median spacing between the samples of the same UTC day; on a day with fewer than
 * three spacings, such as one that has just begun, that of the day before it, else of the day after it.
 * See docs/decisions/0003-energy-from-power.md.
 */
export const GAP_FACTOR = 2.5;

/** Longest time that a sample of undeclared cadence can stand; reading this much before a window finds every sample that reaches into it. */
export const LONGEST_HOLD_MS = 2 * 3_600_000;

/** Cadence where neither a day nor its neighbours have three spacings: 15 minutes, the slot of European markets. */
export const DEFAULT_CADENCE_MS = 15 * 60_000;

/**
 * The span whose samples decide what stands in a window: with fewer of them the answer would depend on how a window is cut. A
 * cadence that is found in the data needs the whole UTC days of every sample that can reach into the window or end a stand in it,
 * and their neighbours.
 */
export function decidingWindow(window: Window, expectedIntervalMs: number | null): Window {
  const margin = holdMarginMs(expectedIntervalMs);
  const start = window.start - margin;
  const end = window.end + margin;
  if (expectedIntervalMs !== null) return { start, end };
  return {
    start: (Math.floor(start / UTC_DAY_MS) - 1) * UTC_DAY_MS,
    end: (Math.ceil(end / UTC_DAY_MS) + 1) * UTC_DAY_MS,
  };
}

/** How far outside a window samples must be known to judge those inside. */
export function holdMarginMs(expectedIntervalMs: number | null): number {
  return expectedIntervalMs === null ? LONGEST_HOLD_MS : GAP_FACTOR * expectedIntervalMs;
}

/**
 * End of each sample's stand, epoch milliseconds.
 * @param timestamps strictly ascending
 */
export function standsUntil(timestamps: Float64Array, expectedIntervalMs: number | null): Float64Array {
  const ends = new Float64Array(timestamps.length);
  const days = daysOf(timestamps, expectedIntervalMs === null);
  for (const [d, { from, to }] of days.entries()) {
    const cadence = expectedIntervalMs ?? foundCadence(days, d);
    const limit = Math.min(GAP_FACTOR * cadence, holdMarginMs(expectedIntervalMs));
    const alone = Math.min(cadence, limit);
    for (let i = from; i < to; i++) {
      const instant = timestamps[i] as number;
      const spacing = i + 1 < timestamps.length ? (timestamps[i + 1] as number) - instant : Number.POSITIVE_INFINITY;
      ends[i] = instant + (spacing <= limit ? spacing : alone);
    }
  }
  return ends;
}

/** The samples `from … to` of one UTC day. */
interface DaySpan {
  readonly day: number;
  readonly from: number;
  readonly to: number;
  /** Median spacing; NaN where there are too few, or where it is not asked. */
  readonly cadence: number;
}

function daysOf(timestamps: Float64Array, askCadence: boolean): DaySpan[] {
  const days: DaySpan[] = [];
  for (let from = 0; from < timestamps.length; ) {
    const day = Math.floor((timestamps[from] as number) / UTC_DAY_MS);
    const end = (day + 1) * UTC_DAY_MS;
    let to = from + 1;
    while (to < timestamps.length && (timestamps[to] as number) < end) to++;
    days.push({ day, from, to, cadence: askCadence ? medianSpacing(timestamps, from, to) : Number.NaN });
    from = to;
  }
  return days;
}

/** The cadence of a day, else of its neighbours. */
function foundCadence(days: readonly DaySpan[], at: number): number {
  const today = days[at] as DaySpan;
  for (const near of [today, days[at - 1], days[at + 1]]) {
    if (near !== undefined && Math.abs(near.day - today.day) <= 1 && near.cadence === near.cadence) return near.cadence;
  }
  return DEFAULT_CADENCE_MS;
}

/** Median distance between the samples `from … to` of one day; NaN where there are too few. */
function medianSpacing(timestamps: Float64Array, from: number, to: number): number {
  const count = to - from - 1;
  if (count < 3) return Number.NaN;
  const spacings = new Float64Array(count);
  let uniform = true;
  for (let i = 0; i < count; i++) {
    spacings[i] = (timestamps[from + i + 1] as number) - (timestamps[from + i] as number);
    if (spacings[i] !== spacings[0]) uniform = false;
  }
  return uniform ? (spacings[0] as number) : selectNth(spacings, count >> 1);
}

/** The n-th smallest element (Hoare's selection); reorders its argument. */
function selectNth(items: Float64Array, n: number): number {
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const pivot = items[(low + high) >>> 1] as number;
    let i = low;
    let j = high;
    while (i <= j) {
      while ((items[i] as number) < pivot) i++;
      while ((items[j] as number) > pivot) j--;
      if (i <= j) {
        const swap = items[i] as number;
        items[i++] = items[j] as number;
        items[j--] = swap;
      }
    }
    if (n <= j) high = j;
    else if (n >= i) low = i;
    else break;
  }
  return items[n] as number;
}
