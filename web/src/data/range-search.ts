import type { PeriodUnit } from './period-unit.ts';

/** Calendar periods for ranges. */
export const CALENDAR_UNITS = ['month', 'quarter', 'year'] as const satisfies readonly PeriodUnit[];
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/** A time range in an address: the last days, a calendar period, or any window. Empty: the page's default. */
export interface RangeSearch {
  readonly days?: number;
  readonly unit?: CalendarUnit;
  /** A day (YYYY-MM-DD) in the calendar period; default: today. */
  readonly day?: string;
  /** Any window, epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
}

const LATEST_MS = Date.UTC(2200, 0, 1);

/** The range in an address; an invalid one is ignored. */
export function readRange(raw: Record<string, unknown>, allowedDays: readonly number[]): RangeSearch {
  const [from, to] = [Number(raw.from), Number(raw.to)];
  if (Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to < LATEST_MS) return { from, to };
  const unit = CALENDAR_UNITS.find((one) => one === raw.unit);
  if (unit !== undefined && raw.day === undefined) return { unit };
  if (unit !== undefined && isDay(raw.day)) return { unit, day: raw.day };
  const days = allowedDays.find((one) => one === Number(raw.days));
  return days === undefined ? {} : { days };
}

/** An address with another range. */
export function withRange<Search extends RangeSearch>(search: Search, range: RangeSearch): Search {
  const { days: _days, unit: _unit, day: _day, from: _from, to: _to, ...rest } = search;
  return { ...rest, ...range } as Search;
}

/** Whether a text is a calendar day, YYYY-MM-DD. */
export function isDay(text: unknown): text is string {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
