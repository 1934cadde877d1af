import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Temporal } from 'temporal-polyfill';
import { InvalidInput } from '../errors.ts';
import { LocalMidnights } from './local-midnights.ts';
import type { Window } from './window.ts';

/** Bucket widths of fixed length; days, weeks and months follow the site's calendar. */
const FIXED_MS = new Map(
  Object.entries({
    '1m': MINUTE_MS,
    '5m': 5 * MINUTE_MS,
    '15m': 15 * MINUTE_MS,
    '30m': 30 * MINUTE_MS,
    '1h': HOUR_MS,
  }),
);
/** Date of the next bucket, as its midnight in UTC. */
const NEXT_DATE = new Map(
  Object.entries({
    '1d': (date: number) => date + UTC_DAY_MS,
    '1w': (date: number) => date + 7 * UTC_DAY_MS,
    '1mo': (date: number) => Date.UTC(new Date(date).getUTCFullYear(), new Date(date).getUTCMonth() + 1),
  }),
);

export const BUCKET_WIDTHS = [...FIXED_MS.keys(), ...NEXT_DATE.keys()];

/** Maximum number of buckets of one answer. */
export const MAX_BUCKETS = 1_000_000;

/** The window of a calendar day: 23, 24 or 25 hours long. `day` is `YYYY-MM-DD`. */
export function dayWindow(day: string, timeZone: string): Window {
  const start = Temporal.PlainDate.from(day).toZonedDateTime({ timeZone });
  return {
    start: start.epochMilliseconds,
    end: start.toPlainDate().add({ days: 1 }).toZonedDateTime({ timeZone }).epochMilliseconds,
  };
}

/** The calendar day of an instant, `YYYY-MM-DD`. */
export function dayOf(instant: number, timeZone: string): string {
  return zoned(instant, timeZone).toPlainDate().toString();
}

/** Shifts a calendar day. */
export function addDays(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

/** Local time and calendar of an instant at a site; weekdays as in ISO 8601 (1 is Monday). */
export function localTime(
  instant: number,
  timeZone: string,
): { day: string; month: number; dayOfMonth: number; weekday: number; minuteOfDay: number } {
  const local = zoned(instant, timeZone);
  return {
    day: local.toPlainDate().toString(),
    month: local.month,
    dayOfMonth: local.day,
    weekday: local.dayOfWeek,
    minuteOfDay: local.hour * 60 + local.minute,
  };
}

/** An instant in local time with its offset, to the second: `2026-03-27T00:00:00+01:00`. */
export function localIso(instant: number, timeZone: string): string {
  return zoned(instant, timeZone).toString({ timeZoneName: 'never', smallestUnit: 'second' });
}

/** One calendar day of a site; weekdays as in ISO 8601 (1 is Monday). */
export interface LocalDay extends Window {
  readonly day: string;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly weekday: number;
}

/** Instants in local time: the day of each as an index into `days`, and its minutes since 00:00. */
export interface LocalTimes {
  readonly days: readonly LocalDay[];
  readonly dayIndex: Int32Array;
  readonly minuteOfDay: Int16Array;
}

/** `localTime` of many ascending instants: one calendar lookup per day, and one per instant only on days that are not 24 h long. */
export function localTimes(instants: Float64Array, timeZone: string): LocalTimes {
  const days: LocalDay[] = [];
  const dayIndex = new Int32Array(instants.length);
  const minuteOfDay = new Int16Array(instants.length);
  for (let i = 0; i < instants.length; i++) {
    const instant = instants[i]!;
    let today = days.at(-1);
    if (today === undefined || instant >= today.end) {
      const { minuteOfDay: _, ...calendar } = localTime(instant, timeZone);
      today = { ...calendar, ...dayWindow(calendar.day, timeZone) };
      days.push(today);
    }
    dayIndex[i] = days.length - 1;
    minuteOfDay[i] =
      today.end - today.start === 24 * HOUR_MS
        ? Math.floor((instant - today.start) / MINUTE_MS)
        : localTime(instant, timeZone).minuteOfDay;
  }
  return { days, dayIndex, minuteOfDay };
}

/**
 * The instants of a local time without offset, in order: none in the hour skipped in spring, two in the hour repeated in autumn. Throws
 * `RangeError` for an invalid time.
 */
export function instantsOfLocal(local: string, timeZone: string): number[] {
  const time = Temporal.PlainDateTime.from(local);
  const occurrences = (['earlier', 'later'] as const)
    .map((disambiguation) => time.toZonedDateTime(timeZone, { disambiguation }))
    .filter((one) => one.toPlainDateTime().equals(time));
  return [...new Set(occurrences.map(({ epochMilliseconds }) => epochMilliseconds))];
}

/** The instant of a local time without offset: the first in the hour repeated in autumn, the later one in the hour skipped in spring. */
export function instantOfLocal(local: string, timeZone: string): number {
  return Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone, { disambiguation: 'compatible' })
    .epochMilliseconds;
}

/** Nominal length of a bucket in milliseconds (30 days for a month), for the choice of a bucket. */
export function nominalMs(bucket: string): number {
  return FIXED_MS.get(bucket) ?? { '1d': 24, '1w': 168, '1mo': 720 }[bucket as '1d']! * HOUR_MS;
}

/**
 * Edges of the buckets that cover a window, epoch milliseconds, one edge more than buckets. Buckets shorter than a day are counted from
 * local midnight of the window's first day; days, weeks (from Monday) and months are those of the calendar. The first edge is at or before
 * the start of the window, the last at or after its end.
 */
export function bucketEdges(window: Window, bucket: string, timeZone: string): Float64Array {
  const fixed = FIXED_MS.get(bucket);
  if (fixed !== undefined) return fixedEdges(window, fixed, timeZone);
  const nextDate = NEXT_DATE.get(bucket);
  if (nextDate === undefined) {
    throw new InvalidInput(`bucket must be one of raw, auto, ${BUCKET_WIDTHS.join(', ')}; got "${bucket}"`);
  }
  const first = firstDay(zoned(window.start, timeZone).toPlainDate(), bucket);
  const midnights = new LocalMidnights(timeZone, first.toZonedDateTime({ timeZone }).epochMilliseconds);
  const edges: number[] = [];
  for (let date = Date.parse(first.toString()); ; date = nextDate(date)) {
    const edge = midnights.startOf(date);
    // A day that a calendar skips starts and ends with the next day.
    if (edge !== edges.at(-1)) edges.push(edge);
    if (edge >= window.end) return Float64Array.from(edges);
    checkCount(edges.length, bucket);
  }
}

function fixedEdges(window: Window, widthMs: number, timeZone: string): Float64Array {
  const midnight = zoned(window.start, timeZone).startOfDay().epochMilliseconds;
  const first = midnight + Math.floor((window.start - midnight) / widthMs) * widthMs;
  const count = Math.max(Math.ceil((window.end - first) / widthMs), 0);
  checkCount(count, `${widthMs / MINUTE_MS} min`);
  const edges = new Float64Array(count + 1);
  for (let i = 0; i <= count; i++) edges[i] = first + i * widthMs;
  return edges;
}

function checkCount(count: number, bucket: string): void {
  if (count > MAX_BUCKETS) {
    throw new InvalidInput(
      `the window has more than ${MAX_BUCKETS} buckets of ${bucket}: ask for a shorter window or a wider bucket`,
    );
  }
}

function firstDay(day: Temporal.PlainDate, bucket: string): Temporal.PlainDate {
  if (bucket === '1w') return day.subtract({ days: day.dayOfWeek - 1 });
  if (bucket === '1mo') return day.with({ day: 1 });
  return day;
}

function zoned(instant: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone);
}
