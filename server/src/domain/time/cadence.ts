import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Repeats, repeatsOf, reportsChanges } from '../change-reports.ts';
import type { Series } from '../columns/frame.ts';
import type { Window } from './window.ts';

/**
 * Validity of samples.
 *
 * A sample is valid until the next one. If the next one is more than 2.5 cadences away, there is a gap: the sample is valid for one
 * cadence, and the remainder of the gap is not covered. The cadence is the declared reporting interval of the device
 * (`expectedIntervalMs`), otherwise the median interval between the samples of the same UTC day; on a day with fewer than three intervals,
 * such as one that has just started, that of the previous day, otherwise of the next day. A device that reports changes only has no
 * cadence: its samples are valid until the next one, but at most for `holdsMs`. Such a device is declared, or detected on a UTC day by the
 * values of that day and the adjacent days (`reportsChanges`). See docs/decisions/0003-energy-from-power.md.
 */
export const GAP_FACTOR = 2.5;

/** Maximum validity of a sample without a declared cadence. */
export const MAX_HOLD_MS = 2 * HOUR_MS;

/** Maximum validity of a sample of a device that was detected to report changes only. */
export const MAX_CHANGE_HOLD_MS = 12 * HOUR_MS;

/** Cadence if neither a day nor the adjacent days have three intervals: 15 minutes, the interval of European electricity markets. */
export const DEFAULT_CADENCE_MS = 15 * MINUTE_MS;

/** Declared reporting of a device. */
export interface Reporting {
  /** Reporting interval, or null to derive it from the data. */
  readonly expectedIntervalMs: number | null;
  /** Maximum validity of a value of a device that reports changes only. Null or absent: not declared. */
  readonly holdsMs?: number | null;
}

/**
 * The span whose samples determine the valid values of a window; with fewer samples the result would depend on the division into windows. A
 * cadence derived from the data requires the whole UTC days of every sample that can be valid in the window or end a validity in it, and
 * the adjacent days.
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

/** Required margin of samples around a window. */
function holdMarginMs({ expectedIntervalMs, holdsMs = null }: Reporting): number {
  return holdsMs ?? (expectedIntervalMs === null ? MAX_CHANGE_HOLD_MS : GAP_FACTOR * expectedIntervalMs);
}

/**
 * End of each sample's validity, epoch milliseconds.
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

/** Whether values of a series are valid until they change: as declared, or as all its samples show. */
export function holdsUntilChanged({ values }: Series, { expectedIntervalMs, holdsMs = null }: Reporting): boolean {
  if (holdsMs !== null || expectedIntervalMs !== null) return holdsMs !== null;
  return reportsChanges([repeatsOf(values)]);
}

/** The samples `from … to` of one UTC day. */
interface DaySpan {
  readonly day: number;
  readonly from: number;
  readonly to: number;
  /** Median interval; NaN with too few samples, or if not required. */
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

/** A day and the adjacent days with samples: itself, the previous, the next. */
function nearDays(days: readonly DaySpan[], at: number): DaySpan[] {
  const today = days[at]!;
  const near = [today, days[at - 1], days[at + 1]].filter((day) => day !== undefined);
  return near.filter(({ day }) => Math.abs(day - today.day) <= 1);
}

/** The cadence of a day, otherwise of the adjacent days. */
function foundCadence(days: readonly DaySpan[], at: number): number {
  const known = nearDays(days, at).find(({ cadence }) => cadence === cadence);
  return known?.cadence ?? DEFAULT_CADENCE_MS;
}

/**
 * Returns a function that decides whether a day and its adjacent days show a device that reports changes only; evaluated only after a
 * silence.
 */
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

/** Median interval of the samples `from … to` of one day; NaN with too few. */
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

/** The n-th smallest element (Hoare's selection algorithm); reorders its argument. */
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
