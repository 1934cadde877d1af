import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Repeats, repeatsOf, reportsChanges } from '../change-reports.ts';
import type { Series } from '../columns/frame.ts';
import type { Window } from './window.ts';

/**
 * How long a sample stands.
 *
 * A sample stands until the next one. When the next one is further away than 2.5 times the series' cadence, that is a gap: the
 * sample then stands for one cadence and the rest of the gap is not covered. The cadence is what the device is declared to
 * report in (`expectedIntervalMs`), else the median spacing between the samples of the same UTC day; on a day with fewer than
 * three spacings, such as one that has just begun, that of the day before it, else of the day after it.
 * A device that reports changes only has no cadence: its samples stand until the next one, or for `holdsMs` where that is further away. Such a
 * device is declared, or recognised on a UTC day by the values of that day and of its neighbours (`reportsChanges`).
 * See docs/decisions/0003-energy-from-power.md.
 */
export const GAP_FACTOR = 2.5;

/** Longest time that a sample of undeclared cadence can stand. */
export const MAX_HOLD_MS = 2 * HOUR_MS;

/** Longest time that a sample of a device stands that was recognised to report changes only. */
export const MAX_CHANGE_HOLD_MS = 12 * HOUR_MS;

/** Cadence where neither a day nor its neighbours have three spacings: 15 minutes, the slot of European markets. */
export const DEFAULT_CADENCE_MS = 15 * MINUTE_MS;

/** What is declared of how a device reports. */
export interface Reporting {
  /** Reporting interval, or null to find it in the data. */
  readonly expectedIntervalMs: number | null;
  /** It reports changes only: a value holds until the next one, for this long at most. Null or left out: not declared. */
  readonly holdsMs?: number | null;
}

/**
 * The span whose samples decide what stands in a window: with fewer of them the answer would depend on how a window is cut. A
 * cadence that is found in the data needs the whole UTC days of every sample that can reach into the window or end a stand in it,
 * and their neighbours.
 */
export function decidingWindow(window: Window, reporting: Reporting): Window {
  const margin = holdMarginMs(reporting);
  const start = window.start - margin;
  const end = window.end + margin;
  if (isDeclared(reporting)) return { start, end };
  return {
    start: (Math.floor(start / UTC_DAY_MS) - 1) * UTC_DAY_MS,
    end: (Math.ceil(end / UTC_DAY_MS) + 1) * UTC_DAY_MS,
  };
}

function isDeclared({ expectedIntervalMs, holdsMs = null }: Reporting): boolean {
  return holdsMs !== null || expectedIntervalMs !== null;
}

/** How far outside a window samples must be known to judge those inside. */
function holdMarginMs({ expectedIntervalMs, holdsMs = null }: Reporting): number {
  return holdsMs ?? (expectedIntervalMs === null ? MAX_CHANGE_HOLD_MS : GAP_FACTOR * expectedIntervalMs);
}

/**
 * End of each sample's stand, epoch milliseconds.
 * @param series timestamps strictly ascending
 */
export function validUntil(series: Series, reporting: Reporting): Float64Array {
  const { timestamps } = series;
  const { expectedIntervalMs, holdsMs = null } = reporting;
  const ends = new Float64Array(timestamps.length);
  const days = daysOf(series, !isDeclared(reporting));
  const onlyChanges = isDeclared(reporting) ? () => false : changesJudge(series, days);
  for (const [d, { from, to }] of days.entries()) {
    const cadence = expectedIntervalMs ?? foundCadence(days, d);
    const ofCadence = Math.min(
      GAP_FACTOR * cadence,
      expectedIntervalMs === null ? MAX_HOLD_MS : Number.POSITIVE_INFINITY,
    );
    const holds = holdsMs ?? (onlyChanges(d, ofCadence) ? MAX_CHANGE_HOLD_MS : null);
    const limit = holds ?? ofCadence;
    const alone = holds ?? Math.min(cadence, limit);
    for (let i = from; i < to; i++) {
      const instant = timestamps[i]!;
      const spacing = i + 1 < timestamps.length ? timestamps[i + 1]! - instant : Number.POSITIVE_INFINITY;
      ends[i] = instant + (spacing <= limit ? spacing : alone);
    }
  }
  return ends;
}

/** Whether values of a series hold until they change: as declared, or as all its samples show. */
export function holdsUntilChanged({ values }: Series, { expectedIntervalMs, holdsMs = null }: Reporting): boolean {
  if (holdsMs !== null || expectedIntervalMs !== null) return holdsMs !== null;
  return reportsChanges([repeatsOf(values)]);
}

/** The samples `from … to` of one UTC day. */
interface DaySpan {
  readonly day: number;
  readonly from: number;
  readonly to: number;
  /** Median spacing; NaN where there are too few, or where it is not asked. */
  readonly cadence: number;
}

function daysOf({ timestamps }: Series, askCadence: boolean): DaySpan[] {
  const days: DaySpan[] = [];
  for (let from = 0; from < timestamps.length; ) {
    const day = Math.floor(timestamps[from]! / UTC_DAY_MS);
    const end = (day + 1) * UTC_DAY_MS;
    let to = from + 1;
    while (to < timestamps.length && timestamps[to]! < end) to++;
    days.push({ day, from, to, cadence: askCadence ? medianSpacing(timestamps, from, to) : Number.NaN });
    from = to;
  }
  return days;
}

/** A day and those of its neighbours that have samples: itself, the day before, the day after. */
function nearDays(days: readonly DaySpan[], at: number): DaySpan[] {
  const today = days[at]!;
  const near = [today, days[at - 1], days[at + 1]].filter((day) => day !== undefined);
  return near.filter(({ day }) => Math.abs(day - today.day) <= 1);
}

/** The cadence of a day, else of its neighbours. */
function foundCadence(days: readonly DaySpan[], at: number): number {
  const known = nearDays(days, at).find(({ cadence }) => cadence === cadence);
  return known?.cadence ?? DEFAULT_CADENCE_MS;
}

/** Answers whether a day and its neighbours show that the device reports changes only, where that makes a difference: after a silence. */
function changesJudge({ timestamps, values }: Series, days: readonly DaySpan[]) {
  const known = new Map<DaySpan, Repeats>();
  const repeats = (day: DaySpan) => {
    const of = known.get(day) ?? repeatsOf(values.subarray(day.from, day.to));
    known.set(day, of);
    return of;
  };
  return (at: number, silenceMs: number): boolean => {
    const { from, to } = days[at]!;
    let i = from;
    while (i < to && (timestamps[i + 1] ?? Number.POSITIVE_INFINITY) - timestamps[i]! <= silenceMs) i++;
    return i < to && reportsChanges(nearDays(days, at).map(repeats));
  };
}

/** Median distance between the samples `from … to` of one day; NaN where there are too few. */
function medianSpacing(timestamps: Float64Array, from: number, to: number): number {
  const count = to - from - 1;
  if (count < 3) return Number.NaN;
  const spacings = new Float64Array(count);
  let uniform = true;
  for (let i = 0; i < count; i++) {
    spacings[i] = timestamps[from + i + 1]! - timestamps[from + i]!;
    if (spacings[i] !== spacings[0]) uniform = false;
  }
  return uniform ? spacings[0]! : selectNth(spacings, count >> 1);
}

/** The n-th smallest element (Hoare's selection); reorders its argument. */
function selectNth(items: Float64Array, n: number): number {
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const pivot = items[(low + high) >>> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (items[i]! < pivot) i++;
      while (items[j]! > pivot) j--;
      if (i <= j) {
        const swap = items[i]!;
        items[i++] = items[j]!;
        items[j--] = swap;
      }
    }
    if (n <= j) high = j;
    else if (n >= i) low = i;
    else break;
  }
  return items[n]!;
}
