import { parseInstant } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { dayWindow, instantsOfLocal } from '../../domain/time/site-time.ts';
import type { Mapping } from './mapping.ts';
import { monthOf } from './month-names.ts';

/** Returned by `read` for a local time that does not exist because the clock is put forward. */
export const SKIPPED_TIME = Number.NEGATIVE_INFINITY;

/** Units of epoch timestamps, milliseconds. */
const EPOCH_UNITS = new Map([
  ['epoch_s', 1000],
  ['epoch_ms', 1],
  ['epoch_us', 1e-3],
  ['epoch_ns', 1e-6],
]);
const OFFSET = '(?<offset>[Zz]|[+-]\\d{2}(?::?\\d{2})?)';
const PARTS = new Map(
  Object.entries({
    yyyy: '(?<year>\\d{4})',
    yy: '(?<year>\\d{2})',
    MMMM: '(?<monthName>\\p{L}+)\\.?',
    MMM: '(?<monthName>\\p{L}+)\\.?',
    MM: '(?<month>\\d{2})',
    M: '(?<month>\\d{1,2})',
    EEEE: '\\p{L}+\\.?',
    EEE: '\\p{L}+\\.?',
    dd: '(?<day>\\d{2})',
    d: '(?<day>\\d{1,2})',
    HH: '(?<hour>\\d{2})',
    H: '(?<hour>\\d{1,2})',
    hh: '(?<hour>\\d{2})',
    h: '(?<hour>\\d{1,2})',
    mm: '(?<minute>\\d{2})',
    m: '(?<minute>\\d{1,2})',
    ss: '(?<second>\\d{2})',
    s: '(?<second>\\d{1,2})',
    S: '(?<fraction>\\d{1,9})',
    a: '(?<half>[AaPp])\\.?[Mm]\\.?',
    Z: OFFSET,
    X: OFFSET,
  }),
);
const TOKENS = 'yyyy yy MMMM MMM MM M EEEE EEE dd d HH H hh h mm m ss s S a X';
const LOCAL_ISO =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})([T ](?<hour>\d{2}):(?<minute>\d{2})(:(?<second>\d{2}([.,]\d{1,9})?)?)?)?$/;
/** Number of an epoch. */
const EPOCH = /^[+-]?\d{1,30}(\.\d{0,30})?([eE][+-]?\d{1,3})?$/;
/** Cached days. */
const MAX_DAYS = 10_000;

interface Day {
  /** Midnight of the calendar day as if the zone were UTC, epoch milliseconds. */
  readonly civil: number;
  /** Its first instant if it has 24 hours, NaN if the clock changes on it. */
  readonly start: number;
}

/**
 * Reads the times of a file in the order of its rows. The order resolves the hour that is repeated when daylight saving time ends: when
 * the clock of a series shows the same time again, or an earlier one, the series is in the other occurrence. Files in descending order
 * are supported as well.
 */
export class FileClock {
  readonly #options: Mapping['timestamp'];
  readonly #pattern: RegExp;
  readonly #days = new Map<number, Day | null>();
  readonly #before = new Map<string, { instant: number; descending: boolean | undefined }>();
  /** Number of ambiguous local times read so far. */
  ambiguous = 0;

  constructor(options: Mapping['timestamp']) {
    this.#options = options;
    this.#pattern = isNamed(options.format) ? LOCAL_ISO : patternOf(options.format);
  }

  /**
   * Returns epoch milliseconds; NaN for a text that does not match the format, `SKIPPED_TIME` for a local time that does not exist.
   * @param series the series whose order resolves repeated hours
   */
  read(given: string, series = ''): number {
    const { format, shift_s: shift } = this.#options;
    const text = given.trim();
    const unit = EPOCH_UNITS.get(format);
    if (unit !== undefined) {
      const number = EPOCH.test(text) ? Number(text) : Number.NaN;
      return Math.round(number * unit) + shift * 1000;
    }
    const local = this.#pattern.exec(text)?.groups;
    if (local === undefined) return format === 'iso' ? parseInstant(text) + shift * 1000 : Number.NaN;
    return this.#instantOf(local, series) + shift * 1000;
  }

  #instantOf(parts: Readonly<Record<string, string | undefined>>, series: string): number {
    const time = timeOfDay(parts);
    const year = Number((parts.year as string).length === 2 ? `20${parts.year}` : parts.year);
    const month =
      parts.monthName === undefined ? Number(parts.month) : monthOf(parts.monthName, this.#options.language);
    const closesDay = time === 0 && this.#options.midnight === 'end';
    const day = this.#day(year, month, Number(parts.day));
    if (day === null || Number.isNaN(time)) return Number.NaN;
    if (parts.offset !== undefined) return day.civil + time + (closesDay ? UTC_DAY_MS : 0) - offsetOf(parts.offset);
    const instant =
      time < UTC_DAY_MS && !closesDay && !Number.isNaN(day.start)
        ? day.start + time
        : this.#onChangingDay(day.civil + time + (closesDay ? UTC_DAY_MS : 0), series);
    if (instant !== SKIPPED_TIME) this.#note(series, instant);
    return instant;
  }

  #onChangingDay(civil: number, series: string): number {
    const [first, second] = instantsOfLocal(new Date(civil).toISOString().slice(0, -1), this.#options.timezone);
    if (first === undefined) return SKIPPED_TIME;
    if (second === undefined) return first;
    this.ambiguous++;
    if (this.#options.repeated === 'second') return second;
    if (this.#options.repeated === 'first') return first;
    const { instant: before, descending } = this.#before.get(series) ?? { instant: Number.NaN, descending: false };
    if (descending ?? second < before) return second < before || first >= before ? second : first;
    return before >= first && before < second ? second : first;
  }

  #note(series: string, instant: number): void {
    const before = this.#before.get(series);
    if (before === undefined) {
      this.#before.set(series, { instant, descending: undefined });
      return;
    }
    if (instant !== before.instant) before.descending = instant < before.instant;
    before.instant = instant;
  }

  /** null for a day that does not exist. */
  #day(year: number, month: number, dayOfMonth: number): Day | null {
    const key = (year * 100 + month) * 100 + dayOfMonth;
    const known = this.#days.get(key);
    if (known !== undefined) return known;
    if (this.#days.size === MAX_DAYS) this.#days.clear();
    const civil = new Date(Date.UTC(year, month - 1, dayOfMonth));
    const exists = civil.getUTCMonth() === month - 1 && civil.getUTCDate() === dayOfMonth;
    const day = exists ? dayAt(civil, this.#options.timezone) : null;
    this.#days.set(key, day);
    return day;
  }
}

function dayAt(civil: Date, timeZone: string): Day {
  const { start, end } = dayWindow(civil.toISOString().slice(0, 10), timeZone);
  return { civil: civil.getTime(), start: end - start === UTC_DAY_MS ? start : Number.NaN };
}

/** Milliseconds since 0:00 on the clock, at most 24:00; NaN for an invalid time. */
function timeOfDay({
  hour = '0',
  minute = '0',
  second = '0',
  fraction = '0',
  half,
}: Readonly<Record<string, string | undefined>>) {
  const afternoon = half?.toLowerCase() === 'p' ? 12 : 0;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + afternoon;
  const [minutes, seconds] = [Number(minute), Number(second.replace(',', '.')) + Number(`0.${fraction}`)];
  const time = Math.round(((hours * 60 + minutes) * 60 + seconds) * 1000);
  return hours <= 24 && minutes < 60 && seconds < 60 && time <= UTC_DAY_MS ? time : Number.NaN;
}

/** Milliseconds by which an offset such as +02:00, +0200, +02 or Z is ahead of UTC. */
function offsetOf(offset: string): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset) ?? [];
  return sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -MINUTE_MS : MINUTE_MS);
}

function isNamed(format: string): boolean {
  return format === 'iso' || EPOCH_UNITS.has(format);
}

function patternOf(format: string): RegExp {
  if (!/yy/.test(format) || !/M/.test(format) || !/d/.test(format)) {
    throw new InvalidInput(
      `timestamp.format must be iso, ${[...EPOCH_UNITS.keys()].join(', ')} or a pattern of ${TOKENS}; got "${format}"`,
    );
  }
  const source = format.replace(
    /'([^']*)'|yyyy|yy|MMMM|MMM|MM|M|EEEE|EEE|dd|d|HH|H|hh|h|mm|m|ss|s|S+|a|X{1,3}|Z{1,3}|[^a-zA-Z\s\d]/g,
    (part: string, literal?: string) =>
      literal !== undefined ? escaped(literal) : (PARTS.get(part.replace(/^([SXZ])+$/, '$1')) ?? escaped(part)),
  );
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidInput(`timestamp.format may have each of ${TOKENS} at most once; got "${format}"`, {
      cause: error,
    });
  }
}

/** Escapes a text for use in a regular expression. */
function escaped(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
