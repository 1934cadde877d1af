import { Temporal } from 'temporal-polyfill';
import type { PeriodUnit } from './period-unit.ts';

/** Half-open window in epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** A calendar period of a site: first day, last day (inclusive) and its window. */
export interface Period extends Window {
  readonly unit: PeriodUnit;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** The period of `unit` that contains `day` (YYYY-MM-DD) in `zone`; weeks begin on Monday (ISO 8601). */
export function periodOf(unit: PeriodUnit, day: string, zone: string): Period {
  const first = firstDayOf(unit, Temporal.PlainDate.from(day));
  const next = first.add(lengthOf(unit, 1));
  return {
    unit,
    firstDay: first.toString(),
    lastDay: next.subtract({ days: 1 }).toString(),
    start: startOfDayMs(first, zone),
    end: startOfDayMs(next, zone),
  };
}

/** A day in the period `steps` later; negative steps go back. */
export function shiftPeriod(unit: PeriodUnit, day: string, steps: number): string {
  return firstDayOf(unit, Temporal.PlainDate.from(day)).add(lengthOf(unit, steps)).toString();
}

/** Bar width in a chart of a period. */
export function resolutionOf(unit: PeriodUnit): '1h' | '1d' | '1mo' {
  if (unit === 'day') return '1h';
  return unit === 'year' ? '1mo' : '1d';
}

/** Calendar day of an instant in a zone. */
export function dayOf(epochMs: number, zone: string): string {
  return zoned(epochMs, zone).toPlainDate().toString();
}

/** From midnight to midnight of the day that contains `epochMs`: 23, 24 or 25 hours. */
export function dayWindow(epochMs: number, zone: string): Window {
  const date = zoned(epochMs, zone).toPlainDate();
  return { start: startOfDayMs(date, zone), end: startOfDayMs(date.add({ days: 1 }), zone) };
}

/** First instant of a calendar day (YYYY-MM-DD). */
export function startOfDay(day: string, zone: string): number {
  return startOfDayMs(Temporal.PlainDate.from(day), zone);
}

/** Moves an instant by calendar days or years, keeping the site's local time. */
export function shiftInstant(epochMs: number, zone: string, by: { days?: number; years?: number }): number {
  return zoned(epochMs, zone).add(by).epochMilliseconds;
}

/** Hour of the day (0–23.99) in a zone. */
export function hourOfDay(epochMs: number, zone: string): number {
  const time = zoned(epochMs, zone);
  return time.hour + time.minute / 60;
}

export function zoned(epochMs: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.round(epochMs)).toZonedDateTimeISO(zone);
}

/** Value of a date-and-time field for an instant: the site's local time, to the minute. */
export function toLocalField(epochMs: number, zone: string): string {
  return zoned(epochMs, zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** The instant of a date-and-time field in the site's time zone; NaN when the field is empty. */
export function fromLocalField(text: string, zone: string): number {
  if (!text) return Number.NaN;
  return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).epochMilliseconds;
}

function startOfDayMs(date: Temporal.PlainDate, zone: string): number {
  return date.toZonedDateTime(zone).epochMilliseconds;
}

function firstDayOf(unit: PeriodUnit, date: Temporal.PlainDate): Temporal.PlainDate {
  if (unit === 'day') return date;
  if (unit === 'week') return date.subtract({ days: date.dayOfWeek - 1 });
  if (unit === 'month') return date.with({ day: 1 });
  return date.with({ month: unit === 'quarter' ? date.month - ((date.month - 1) % 3) : 1, day: 1 });
}

function lengthOf(unit: PeriodUnit, steps: number): Temporal.DurationLike {
  return unit === 'quarter' ? { months: 3 * steps } : { [`${unit}s`]: steps };
}
