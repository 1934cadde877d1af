import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';

export type Precision = 'ns' | 'us' | 'ms' | 's' | 'm' | 'h';

const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ...['t', 'T', 'true', 'True', 'TRUE'].map((text) => [text, 1] as const),
  ...['f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, 0] as const),
]);
/** A value with any other start is a boolean or invalid. */
const NUMBER_START = /^[-.\dNn]/;
const INTEGER = /^(-?\d+)i$|^(\d+)u$/;
/** Characters of a number in permitted positions; the text need not be a number. */
const NUMBER_LIKE = /^-?(?:[\d.eE]|(?<=[eE])[+-])+$/;
const DECIMAL = /^-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INT64_LIMIT = 2n ** 63n;
/** Maximum length of a number; longer texts are not examined. */
export const MAX_NUMBER_CHARACTERS = 400;
const MAX_SHOWN_CHARACTERS = 120;

/** Digits to drop, and factor to milliseconds. */
export const TIME_SCALE: Readonly<Record<Precision, readonly [drop: number, factor: number]>> = {
  ns: [6, 1],
  us: [3, 1],
  ms: [0, 1],
  s: [0, 1000],
  m: [0, MINUTE_MS],
  h: [0, HOUR_MS],
};
const NANOSECONDS: Readonly<Record<Precision, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
/** InfluxDB reserves the first and last values of int64. */
const MAX_TIME_NS = INT64_LIMIT - 2n;

/** Value of a field, with booleans as 0 or 1, or InfluxDB's error message. */
export function parseFieldValue(text: string): number | string {
  if (text === '') return 'missing field value';
  if (!NUMBER_START.test(text)) return BOOLEANS.get(text) ?? 'invalid boolean';
  if (text.length > MAX_NUMBER_CHARACTERS)
    return `invalid number: it is longer than ${MAX_NUMBER_CHARACTERS} characters`;
  const integer = INTEGER.exec(text);
  if (integer) return integer[1] === undefined ? parseUnsigned(integer[2]!) : parseSigned(integer[1]);
  if (!NUMBER_LIKE.test(text) || text.indexOf('.') !== text.lastIndexOf('.') || !/[^-.]/.test(text))
    return 'invalid number';
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : 'invalid float';
}

function parseSigned(digits: string): number | string {
  const integer = BigInt(digits);
  return isInt64(integer) ? Number(integer) : `unable to parse integer ${shown(digits)}: ${parseIntError(digits)}`;
}

function parseUnsigned(digits: string): number | string {
  const integer = BigInt(digits);
  if (integer < 2n * INT64_LIMIT) return Number(integer);
  return `unable to parse unsigned ${shown(digits)}: strconv.ParseUint: parsing "${shown(digits)}": value out of range`;
}

/** The instant of a timestamp in epoch milliseconds, or InfluxDB's error message. */
export function parseTimestamp(text: string, precision: Precision): number | string {
  if (text === '-') return `strconv.ParseInt: parsing "-": invalid syntax`;
  if (text.length > MAX_NUMBER_CHARACTERS) return parseIntError(text);
  const count = BigInt(text);
  if (!isInt64(count)) return parseIntError(text);
  const ns = count * NANOSECONDS[precision];
  if (ns > MAX_TIME_NS || ns < -MAX_TIME_NS) return `time outside range -${MAX_TIME_NS} - ${MAX_TIME_NS}`;
  return Number(ns / 1_000_000n);
}

function isInt64(integer: bigint): boolean {
  return integer >= -INT64_LIMIT && integer < INT64_LIMIT;
}

function parseIntError(text: string): string {
  return `strconv.ParseInt: parsing "${shown(text)}": value out of range`;
}

function shown(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}
