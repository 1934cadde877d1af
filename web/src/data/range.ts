import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { dayOf, periodOf, shiftInstant, shiftPeriod, type Window } from './period.ts';
import type { RangeSearch } from './range-search.ts';

/**
 * The window of a range. The last days and the current calendar period end with the last full hour.
 * @param defaultDays for an empty range
 */
export function windowOfRange(range: RangeSearch, now: number, zone: string, defaultDays: number): Window {
  if (range.from !== undefined && range.to !== undefined) return { start: range.from, end: range.to };
  const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
  if (range.unit === undefined) return { start: hour - (range.days ?? defaultDays) * UTC_DAY_MS, end: hour };
  const { start, end } = periodOf(range.unit, range.day ?? dayOf(now, zone), zone);
  return { start, end: start < hour ? Math.min(end, hour) : end };
}

/** A day (YYYY-MM-DD) in the calendar period of a range with that window. */
export function dayIn({ day }: RangeSearch, window: Window, zone: string): string {
  return day ?? dayOf(window.end - 1, zone);
}

/** The calendar period or the window before or after one. */
export function steppedRange(range: RangeSearch, window: Window, zone: string, step: -1 | 1): RangeSearch {
  if (range.unit !== undefined) {
    return { unit: range.unit, day: shiftPeriod(range.unit, dayIn(range, window, zone), step) };
  }
  const days = (window.end - window.start) / UTC_DAY_MS;
  if (Number.isInteger(days)) {
    return {
      from: shiftInstant(window.start, zone, { days: step * days }),
      to: shiftInstant(window.end, zone, { days: step * days }),
    };
  }
  const length = step * (window.end - window.start);
  return { from: window.start + length, to: window.end + length };
}

/** A range of the same kind that contains an instant: the calendar period, or a window of the same length that ends with its hour. */
export function rangeAt(range: RangeSearch, window: Window, zone: string, instant: number): RangeSearch {
  if (range.unit !== undefined) return { unit: range.unit, day: dayOf(instant, zone) };
  const to = (Math.floor(instant / HOUR_MS) + 1) * HOUR_MS;
  return { from: to - (window.end - window.start), to };
}
