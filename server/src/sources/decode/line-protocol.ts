import { metricNameFault } from '@wattkeeper/contract/metric.ts';
import type { Block } from '../../domain/batch.ts';
import { type BlockBuilder, MAX_QUANTITIES, SEALED } from './line-protocol-block.ts';
import type { DeviceRules } from './line-protocol-device.ts';
import { SeriesKeys, unescapeName } from './line-protocol-series.ts';

export type Precision = 'ns' | 'us' | 'ms' | 's' | 'm' | 'h';

export interface LineProtocolOptions extends DeviceRules {
  /** Unit of the timestamps. */
  readonly precision: Precision;
  /** Instant of lines without a timestamp, epoch milliseconds. */
  readonly nowMs: number;
}

export interface LineError {
  /** Number of the line, from 1. */
  readonly line: number;
  /** In InfluxDB's words: `unable to parse 'cpu value=': missing field value`. */
  readonly detail: string;
}

export interface DecodedLines {
  /** Devices by the names that the tags give. */
  readonly blocks: readonly Block[];
  /** What the tags say of each device. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Lines taken. */
  readonly lines: number;
  /** Text fields, which are left out. */
  readonly strings: number;
  /** The first errors; `bad` counts all bad lines. */
  readonly errors: readonly LineError[];
  readonly bad: number;
}

const MAX_ERRORS_TOLD = 20;
const SHOWN_CHARACTERS = 120;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const EQUALS = 61;
const BACKSLASH = 92;
const LOWER_I = 105;
const LOWER_U = 117;

/** Exact powers of ten: up to 10^22 a double holds them (Clinger 1990). */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));
/** So many digits always fit the 53 bits of a double. */
const EXACT_DIGITS = 15;
/** Digits to drop, and factor to milliseconds. */
const TIME_SCALE: Readonly<Record<Precision, readonly [drop: number, factor: number]>> = {
  ns: [6, 1],
  us: [3, 1],
  ms: [0, 1],
  s: [0, 1000],
  m: [0, 60_000],
  h: [0, 3_600_000],
};
const TRUE = new Set(['t', 'T', 'true', 'True', 'TRUE']);
const FALSE = new Set(['f', 'F', 'false', 'False', 'FALSE']);
const INTEGER = /^-?\d+$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const INT64_MAX = 2n ** 63n;
/** Beyond this no number has a meaning, and a longer text is not looked at. */
const MAX_NUMBER_LENGTH = 400;
/** Longest line of a document that is decoded in slices. */
export const MAX_LINE_BYTES = 64 * 1024;
const LINE_TOO_LONG = `it is longer than ${MAX_LINE_BYTES} bytes`;

/**
 * InfluxDB line protocol → blocks: the measurement is the metric group, a field the quantity, a tag names the device. Numbers become
 * the double nearest to their text, booleans 0 or 1; texts are counted and left out. A bad line costs only itself.
 */
export function decodeLineProtocol(bytes: Uint8Array, options: LineProtocolOptions): DecodedLines {
  return new LineProtocolDecoder(bytes, options).decode(bytes.length);
}

/** Answer of a line whose builder began a new block: its columns count from there. */
const REREAD = 'read the line again';

/** Where a window of a longer document lies. */
export interface Window {
  /** Number of its first line. */
  readonly firstLine: number;
  /** Whether the document goes on after it. */
  readonly isCut: boolean;
}

/** Decodes one document, or a window of one. */
export class LineProtocolDecoder {
  readonly #bytes: Uint8Array;
  readonly #options: LineProtocolOptions;
  readonly #series: SeriesKeys;
  readonly #window: Window;
  readonly #columns = new Int32Array(MAX_QUANTITIES * 2);
  readonly #values = new Float64Array(MAX_QUANTITIES * 2);
  readonly #errors: LineError[] = [];
  #bad = 0;
  #lines = 0;
  #strings = 0;
  /** Fields of the line at hand. */
  #count = 0;
  #lineStrings = 0;
  #at = 0;
  #value = 0;

  /** Whether decoding ended within a line or comment that the window does not hold to its end. */
  endsWithinLine = false;

  constructor(bytes: Uint8Array, options: LineProtocolOptions, window: Window = { firstLine: 1, isCut: false }) {
    this.#bytes = bytes;
    this.#options = options;
    this.#window = window;
    this.#series = new SeriesKeys(options);
  }

  /** Bytes that were decoded. */
  get end(): number {
    return Math.min(this.#at, this.#bytes.length);
  }

  /** Decodes the lines that begin before `stop`, at most so many. */
  decode(stop: number, maxLines = Number.POSITIVE_INFINITY): DecodedLines {
    const bytes = this.#bytes;
    let line = this.#window.firstLine;
    let counted = 0;
    const last = Math.min(stop, bytes.length);
    while (this.#at < last && this.#lines + this.#bad < maxLines) {
      const first = bytes[this.#at] as number;
      if (first === NEWLINE || first === RETURN || first === SPACE) {
        this.#at++;
        continue;
      }
      const start = this.#at;
      const error = first === HASH ? this.#skipComment() : this.#decodeLine();
      if (error === null) continue;
      for (; counted < start; counted++) if (bytes[counted] === NEWLINE) line++;
      this.#refuse(line, start, error);
    }
    return {
      blocks: [...this.#series.builders].flatMap((builder) => builder.build()),
      labels: this.#series.labels,
      lines: this.#lines,
      strings: this.#strings,
      errors: this.#errors,
      bad: this.#bad,
    };
  }

  #skipComment(): null {
    this.#goAfter(this.#bytes.indexOf(NEWLINE, this.#at));
    return null;
  }

  /** Goes on after a newline; without one at the end of the window. */
  #goAfter(newline: number): void {
    this.#at = newline < 0 ? this.#bytes.length : newline + 1;
    this.endsWithinLine = newline < 0 && this.#window.isCut;
  }

  /** Takes the line at hand; answers what is wrong with it, or null. */
  #decodeLine(): string | null {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let hash = 0x811c9dc5;
    for (; at < bytes.length; at++) {
      let byte = bytes[at] as number;
      if (byte === SPACE || byte === NEWLINE) break;
      if (byte === BACKSLASH && at + 1 < bytes.length && bytes[at + 1] !== NEWLINE) {
        hash = Math.imul(hash ^ byte, 0x01000193);
        byte = bytes[++at] as number;
      }
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    this.#at = at;
    if (bytes[at] !== SPACE) return 'missing fields';
    const series = this.#series.find(bytes, start, at, hash);
    if (typeof series === 'string') return series;
    while (bytes[this.#at] === SPACE) this.#at++;
    series.builder.beginLine();
    const fields = this.#at;
    let error = this.#decodeFields(series.builder);
    if (error === REREAD) {
      this.#at = fields;
      error = this.#decodeFields(series.builder);
    }
    if (error !== null) return error;
    const timestamp = this.#decodeTimestamp();
    if (typeof timestamp === 'string') return timestamp;
    this.#lines++;
    this.#strings += this.#lineStrings;
    if (this.#count > 0) series.builder.add(series.device, timestamp, this.#columns, this.#values, this.#count);
    return null;
  }

  #decodeFields(builder: BlockBuilder): string | null {
    const bytes = this.#bytes;
    this.#count = 0;
    this.#lineStrings = 0;
    for (let expected = 0; ; ) {
      let column = expected;
      const key = builder.keys[expected];
      if (key !== undefined && this.#isNext(key)) this.#at += key.length + 1;
      else {
        const found = this.#decodeKey(builder);
        if (typeof found === 'string') return found;
        column = found;
      }
      const kind = this.#decodeValue();
      if (typeof kind === 'string') return kind;
      if (kind) {
        if (this.#count === this.#columns.length) return 'too many fields';
        this.#columns[this.#count] = column;
        this.#values[this.#count++] = this.#value;
      }
      expected = column + 1;
      const next = bytes[this.#at];
      if (next === COMMA) this.#at++;
      else if (next === undefined || next === SPACE || next === NEWLINE || next === RETURN) return null;
      else return 'invalid field format';
    }
  }

  /** Whether `key=` comes next. */
  #isNext(key: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes[at + key.length] !== EQUALS) return false;
    for (let i = 0; i < key.length; i++) if (key[i] !== bytes[at + i]) return false;
    return true;
  }

  /** Column of the field key at hand, or what is wrong with it. Dots become `_`, since the last dot of a metric's name divides it. */
  #decodeKey(builder: BlockBuilder): number | string {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    while (
      at < bytes.length &&
      bytes[at] !== EQUALS &&
      bytes[at] !== NEWLINE &&
      bytes[at] !== SPACE &&
      bytes[at] !== COMMA
    ) {
      at += bytes[at] === BACKSLASH && bytes[at + 1] !== NEWLINE ? 2 : 1;
    }
    this.#at = Math.min(at, bytes.length);
    if (bytes[at] !== EQUALS) return at === start ? 'missing fields' : 'missing field value';
    if (at === start) return 'missing field key';
    const key = bytes.subarray(start, at);
    const name = unescapeName(key);
    if (name === null) return 'invalid UTF-8';
    const quantity = name.replaceAll('.', '_');
    const fault = metricNameFault(`${builder.group}.${quantity}`);
    if (fault !== null) return `measurement and field key cannot name a metric: ${fault}`;
    this.#at = at + 1;
    const column = builder.column(quantity, key);
    if (column === SEALED) return REREAD;
    return column < 0 ? `more than ${MAX_QUANTITIES} different fields in one measurement` : column;
  }

  /** Reads a value into `#value`; false for a text, which has none. A text as answer tells what is wrong. */
  #decodeValue(): boolean | string {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first === QUOTE) return this.#skipText();
    let at = this.#at;
    const negative = first === MINUS;
    if (negative || first === PLUS) at++;
    let mantissa = 0;
    let digits = 0;
    let fraction = 0;
    let byte = bytes[at];
    while (byte !== undefined && byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      digits++;
      byte = bytes[++at];
    }
    if (byte === POINT) {
      byte = bytes[++at];
      while (byte !== undefined && byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        digits++;
        fraction++;
        byte = bytes[++at];
      }
    } else if ((byte === LOWER_I || byte === LOWER_U) && first !== PLUS && !(negative && byte === LOWER_U))
      byte = bytes[++at];
    const ends = byte === COMMA || byte === SPACE || byte === undefined || byte === NEWLINE || byte === RETURN;
    if (!ends || digits === 0 || digits > EXACT_DIGITS) return this.#decodeUnusual();
    const value = mantissa / (POWERS_OF_TEN[fraction] as number);
    this.#value = negative ? -value : value;
    this.#at = at;
    return true;
  }

  /** Booleans, exponents, many digits, and what is no value at all. */
  #decodeUnusual(): boolean | string {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    for (let byte = bytes[at]; byte !== undefined; byte = bytes[++at]) {
      if (byte === COMMA || byte === SPACE || byte === NEWLINE || byte === RETURN) break;
    }
    this.#at = at;
    if (at - start > MAX_NUMBER_LENGTH) return `invalid number: it is longer than ${MAX_NUMBER_LENGTH} characters`;
    const text = Buffer.from(bytes.subarray(start, at)).toString('latin1');
    if (text === '') return 'missing field value';
    if (TRUE.has(text)) this.#value = 1;
    else if (FALSE.has(text)) this.#value = 0;
    else if (/[iu]$/.test(text) && INTEGER.test(text.slice(0, -1))) return this.#decodeInteger(text);
    else if (!DECIMAL.test(text)) return 'invalid number';
    else this.#value = Number(text);
    return Number.isFinite(this.#value) ? true : 'invalid number: it is beyond the range of a double';
  }

  #decodeInteger(text: string): boolean | string {
    const digits = text.slice(0, -1);
    const integer = BigInt(digits);
    const unsigned = text.endsWith('u');
    const fits = unsigned ? integer >= 0n && integer < 2n * INT64_MAX : integer >= -INT64_MAX && integer < INT64_MAX;
    if (!fits) return `unable to parse integer ${digits.slice(0, SHOWN_CHARACTERS)}: value out of range`;
    this.#value = Number(integer);
    return true;
  }

  #skipText(): false | string {
    const bytes = this.#bytes;
    const start = this.#at;
    for (let at = start + 1; at < bytes.length; at++) {
      if (bytes[at] === BACKSLASH) at++;
      else if (bytes[at] === QUOTE) {
        this.#at = at + 1;
        this.#lineStrings++;
        return false;
      }
    }
    return 'unbalanced quotes';
  }

  /** The line's instant in epoch milliseconds, or what is wrong with it; stands behind the line afterwards. */
  #decodeTimestamp(): number | string {
    const bytes = this.#bytes;
    while (bytes[this.#at] === SPACE) this.#at++;
    const start = this.#at;
    const [drop, factor] = TIME_SCALE[this.#options.precision];
    let at = bytes[start] === MINUS ? start + 1 : start;
    const firstDigit = at;
    while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++;
    const digits = at - firstDigit;
    let milliseconds = 0;
    for (let i = firstDigit; i < at - drop; i++) milliseconds = milliseconds * 10 + ((bytes[i] as number) - ZERO);
    while (bytes[at] === SPACE) at++;
    if (bytes[at] === RETURN) at++;
    if (at === bytes.length && this.#window.isCut) return LINE_TOO_LONG;
    if (at < bytes.length && bytes[at] !== NEWLINE) return 'bad timestamp';
    this.#at = at + 1;
    if (at === start || digits === 0) return firstDigit === start ? this.#options.nowMs : 'bad timestamp';
    if (digits > 19) return 'time outside range';
    return (firstDigit > start ? -milliseconds : milliseconds) * factor;
  }

  /** Notes a bad line and goes on behind it. A quote that never ends must not swallow the lines after its own. */
  #refuse(line: number, start: number, reason: string): void {
    const bytes = this.#bytes;
    const behind = bytes[this.#at - 1] === NEWLINE && this.#at > start;
    this.#goAfter(behind ? this.#at - 1 : bytes.indexOf(NEWLINE, this.#at));
    this.#bad++;
    if (this.#errors.length === MAX_ERRORS_TOLD) return;
    const text = Buffer.from(bytes.subarray(start, Math.min(this.#at, start + 4 * SHOWN_CHARACTERS))).toString();
    const shown = (text.split('\n')[0] as string).trimEnd();
    const short = shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : shown;
    this.#errors.push({ line, detail: `unable to parse '${short}': ${reason}` });
  }
}
