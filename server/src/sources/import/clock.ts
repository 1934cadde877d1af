import { parseInstant } from '@wattkeeper/contract/common.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { instantOfLocal } from '../../domain/site-time.ts';
import { HOUR_MS } from '../../domain/window.ts';
import type { Mapping } from './mapping.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const PARTS: Readonly<Record<string, string>> = {
  yyyy: '(?<year>\\d{4})',
  yy: '(?<year>\\d{2})',
  MMM: '(?<monthName>[A-Za-z]{3})',
  MM: '(?<month>\\d{2})',
  M: '(?<month>\\d{1,2})',
  dd: '(?<day>\\d{2})',
  d: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{2})',
  H: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{2})',
  ss: '(?<second>\\d{2})',
};
const LOCAL_ISO = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(:\d{2}(\.\d+)?)?)$/;

/**
 * Reads the times of a file in the order of its rows: in the hour that autumn repeats, a clock that falls back is in its second turn.
 * `read` answers epoch milliseconds, or NaN for a text that is no time of the format.
 */
export class FileClock {
  readonly #format: string;
  readonly #timeZone: string;
  readonly #pattern: RegExp | null;
  #before = Number.NEGATIVE_INFINITY;

  constructor({ format, timezone }: Mapping['timestamp']) {
    this.#format = format;
    this.#timeZone = timezone;
    this.#pattern = ['iso', 'epoch_s', 'epoch_ms'].includes(format) ? null : patternOf(format);
  }

  read(text: string): number {
    if (this.#format === 'epoch_s' || this.#format === 'epoch_ms') {
      return text.trim() === '' ? Number.NaN : Math.round(Number(text) * (this.#format === 'epoch_s' ? 1000 : 1));
    }
    const local = this.#pattern ? this.#localOf(text.trim()) : localOfIso(text.trim());
    if (local === null) return this.#pattern ? Number.NaN : parseInstant(text.trim());
    return this.#instantOf(local);
  }

  #instantOf(local: string): number {
    let first: number;
    try {
      first = instantOfLocal(local, this.#timeZone);
    } catch (error) {
      if (error instanceof RangeError) return Number.NaN;
      throw error;
    }
    const second = first + HOUR_MS;
    const repeated = first < this.#before && second > this.#before && this.#isRepeated(local, first);
    this.#before = repeated ? second : first;
    return this.#before;
  }

  /** Whether the clock shows the same time an hour later. */
  #isRepeated(local: string, first: number): boolean {
    const dayBefore = instantOfLocal(shifted(local, -86_400_000), this.#timeZone);
    const dayAfter = instantOfLocal(shifted(local, 86_400_000), this.#timeZone);
    return dayAfter - dayBefore > 2 * 86_400_000 && dayAfter - first > 86_400_000;
  }

  #localOf(text: string): string | null {
    const found = this.#pattern?.exec(text)?.groups;
    if (!found) return null;
    const monthName = found.monthName?.toLowerCase();
    const month = monthName === undefined ? Number(found.month) : MONTHS.indexOf(monthName) + 1;
    const year = (found.year ?? '').length === 2 ? `20${found.year}` : found.year;
    const two = (part: string | number | undefined) => String(part ?? 0).padStart(2, '0');
    return `${year}-${two(month)}-${two(found.day)}T${two(found.hour)}:${two(found.minute)}:${two(found.second)}`;
  }
}

function localOfIso(text: string): string | null {
  const match = LOCAL_ISO.exec(text);
  return match ? `${match[1]}T${match[2]}` : null;
}

function shifted(local: string, ms: number): string {
  return new Date(Date.parse(`${local}Z`) + ms).toISOString().slice(0, 19);
}

function patternOf(format: string): RegExp {
  const source = format.replace(
    /yyyy|yy|MMM|MM|M|dd|d|HH|H|mm|ss|[^a-zA-Z\s\d]/g,
    (part) => PARTS[part] ?? `\\${part}`,
  );
  if (!/yy/.test(format) || !/M/.test(format) || !/d/.test(format)) {
    throw new InvalidInput(
      `timestamp.format must be iso, epoch_s, epoch_ms or a pattern of yyyy yy MMM MM M dd d HH H mm ss; got "${format}"`,
    );
  }
  return new RegExp(`^${source}$`);
}
