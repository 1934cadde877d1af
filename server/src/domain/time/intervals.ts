import { HOUR_MS, MINUTE_MS, SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Temporal } from 'temporal-polyfill';
import { InvalidInput } from '../errors.ts';

/** Units of elapsed time, milliseconds. */
const FIXED_MS = new Map([
  ['s', SECOND_MS],
  ['m', MINUTE_MS],
  ['h', HOUR_MS],
]);
/** Calendar units with their maximum length in days. */
const CALENDAR = new Map([
  ['d', { unit: 'days', days: 1 }],
  ['w', { unit: 'weeks', days: 7 }],
  ['mo', { unit: 'months', days: 31 }],
  ['y', { unit: 'years', days: 366 }],
] as const);
const WIDTH = /^([1-9]\d{0,4})(s|m|h|d|w|mo|y)$/;
/** Distances between two starts that correspond to a calendar unit, days. */
const STEPS: readonly (readonly [min: number, max: number, width: string])[] = [
  [23 / 24, 25 / 24, '1d'],
  [7 - 1 / 24, 7 + 1 / 24, '1w'],
  [28 - 1 / 24, 31 + 1 / 24, '1mo'],
  [365 - 1 / 24, 366 + 1 / 24, '1y'],
];
/** Minimum number of distances from which an interval is derived. */
const MIN_STEPS = 2;

/** The length of a quantity's intervals: elapsed time, or a calendar unit of a site. */
export interface Interval {
  /** `15m`, `1d` … */
  readonly width: string;
  /** Maximum length, milliseconds: 31 days for `1mo`; a day counts as 24 hours, though it may have 25. */
  readonly nominalMs: number;
  /** End of the interval that starts at an instant, epoch milliseconds. */
  endOf(start: number): number;
}

/**
 * The interval of a width such as `15m`, `1d` or `1mo`.
 * @param timeZone zone of the calendar days, weeks, months and years: a day has 23 to 25 hours, a month 28 to 31 days
 * @throws InvalidInput for an invalid width
 */
export function intervalOf(width: string, timeZone: string): Interval {
  const [, digits, unit = ''] = WIDTH.exec(width) ?? [];
  const count = Number(digits);
  const fixed = FIXED_MS.get(unit);
  if (fixed !== undefined) return { width, nominalMs: count * fixed, endOf: (start) => start + count * fixed };
  const calendar = CALENDAR.get(unit as 'd');
  if (calendar === undefined)
    throw new InvalidInput(
      `an interval must be a number with s, m, h, d, w, mo or y, such as 15m or 1d; got "${width}"`,
    );
  return {
    width,
    nominalMs: count * calendar.days * UTC_DAY_MS,
    endOf: (start) =>
      Temporal.Instant.fromEpochMilliseconds(start)
        .toZonedDateTimeISO(timeZone)
        .add({ [calendar.unit]: count }).epochMilliseconds,
  };
}

/**
 * The width of intervals derived from their starts: the most frequent distance, or the matching calendar unit; null with too few starts.
 * @param starts epoch milliseconds, ascending
 */
export function foundWidth(starts: ArrayLike<number>): string | null {
  const counts = new Map<string, number>();
  for (let i = 1; i < starts.length; i++) {
    const width = widthOfStep(starts[i]! - starts[i - 1]!);
    counts.set(width, (counts.get(width) ?? 0) + 1);
  }
  if (starts.length <= MIN_STEPS) return null;
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
}

/** The width for a distance between two starts. */
export function widthOfStep(stepMs: number): string {
  const days = stepMs / UTC_DAY_MS;
  const calendar = STEPS.find(([min, max]) => days >= min && days <= max)?.[2];
  if (calendar !== undefined) return calendar;
  if (stepMs % HOUR_MS === 0) return `${stepMs / HOUR_MS}h`;
  return stepMs % MINUTE_MS === 0 ? `${stepMs / MINUTE_MS}m` : `${Math.max(Math.round(stepMs / SECOND_MS), 1)}s`;
}
