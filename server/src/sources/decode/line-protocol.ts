import { metricNameFault } from '@wattkeeper/contract/metric.ts';
import type { Block } from '../../domain/columns/batch.ts';
import { type BlockBuilder, MAX_QUANTITIES, SEALED } from './line-protocol-block.ts';
import type { DeviceRules } from './line-protocol-device.ts';
import { type Precision, parseFieldValue, parseTimestamp, TIME_SCALE } from './line-protocol-number.ts';
import { SeriesKeys, unescapeName } from './line-protocol-series.ts';

export interface LineProtocolOptions extends DeviceRules {
  /** Unit of the timestamps. */
  readonly precision: Precision;
  /** Instant of lines without a timestamp, epoch milliseconds. */
  readonly nowMs: number;
}

export interface LineError {
  /** Number of the line, from 1. */
  readonly line: number;
  /** InfluxDB's message: `unable to parse 'cpu value=': missing field value`. */
  readonly detail: string;
}

export interface DecodedLines {
  /** Devices by the names derived from the tags. */
  readonly blocks: readonly Block[];
  /** Labels of each device, from its tags. */
  readonly labels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Accepted lines. */
  readonly lines: number;
  /** Omitted string fields. */
  readonly strings: number;
  /** The first errors; `bad` is the number of all bad lines. */
  readonly errors: readonly LineError[];
  readonly bad: number;
}

const MAX_ERRORS_LISTED = 20;
const MAX_SHOWN_CHARACTERS = 200;
const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const EQUALS = 61;
const BACKSLASH = 92;
const LOWER_I = 105;
const LOWER_U = 117;

/** Exact powers of ten: a double represents them up to 10^22 (Clinger 1990). */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));
/** This many digits always fit the 53 bits of a double. */
const EXACT_DIGITS = 15;
/** Milliseconds below this are within InfluxDB's range of times, whatever digits follow. */
const MAX_IN_RANGE_MS = 9_223_372_036_854;
/** Maximum number of digits of an int64. */
const INT64_DIGITS = 19;
/** Maximum length of a line in a document that is decoded in slices. */
export const MAX_LINE_BYTES = 64 * 1024;
const LINE_TOO_LONG = `it is longer than ${MAX_LINE_BYTES} bytes`;

/**
 * Decodes InfluxDB line protocol into blocks: the measurement is the metric group, a field is a quantity, tags identify the device.
 * Numbers become the nearest double, booleans 0 or 1; strings are counted and omitted. A bad line affects no other.
 */
export function decodeLineProtocol(bytes: Uint8Array, options: LineProtocolOptions): DecodedLines {
  return new LineProtocolDecoder(bytes, options).decode(bytes.length);
}

/** Returned for a line whose builder started a new block, in which its columns have other indexes. */
const REREAD = 'read the line again';

/** Position of a window within a longer document. */
export interface Window {
  /** Number of its first line. */
  readonly firstLine: number;
  /** Whether the document continues after the window. */
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
  /** Number of fields of the current line. */
  #count = 0;
  #lineStrings = 0;
  #at = 0;
  #value = 0;

  /** Whether decoding ended within a line or comment that continues after the window. */
  endsWithinLine = false;

  constructor(bytes: Uint8Array, options: LineProtocolOptions, window: Window = { firstLine: 1, isCut: false }) {
    this.#bytes = bytes;
    this.#options = options;
    this.#window = window;
    this.#series = new SeriesKeys(options);
  }

  /** Number of decoded bytes. */
  get end(): number {
    return Math.min(this.#at, this.#bytes.length);
  }

  /** Decodes the lines that start before `stop`, at most `maxLines`. */
  decode(stop: number, maxLines = Number.POSITIVE_INFINITY): DecodedLines {
    const bytes = this.#bytes;
    let line = this.#window.firstLine;
    let counted = 0;
    const last = Math.min(stop, bytes.length);
    while (this.#at < last && this.#lines + this.#bad < maxLines) {
      const first = bytes[this.#at]!;
      if (first === NEWLINE || first === RETURN || isBlank(first)) {
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

  /** Continues after a newline, or at the end of the window without one. */
  #goAfter(newline: number): void {
    this.#at = newline < 0 ? this.#bytes.length : newline + 1;
    this.endsWithinLine = newline < 0 && this.#window.isCut;
  }

  /** Decodes the current line; returns its error or null. */
  #decodeLine(): string | null {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let hash = 0x811c9dc5;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === NEWLINE || (byte === SPACE && bytes[at - 1] !== BACKSLASH)) break;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    this.#at = at;
    const series = this.#series.find(bytes, start, at, hash);
    if (typeof series === 'string') return series;
    if (bytes[at] !== SPACE) return 'missing fields';
    this.#skipBlanks();
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

  /** Whether `key=` follows. */
  #isNext(key: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes[at + key.length] !== EQUALS) return false;
    for (let i = 0; i < key.length; i++) if (key[i] !== bytes[at + i]) return false;
    return true;
  }

  /**
   * Column of the current field key, or an error message. Dots become `_`, since the last dot of a metric's name separates group and
   * quantity.
   */
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
    if (bytes[at] !== EQUALS) return 'invalid field format';
    if (at === start) return 'missing field key';
    const key = bytes.subarray(start, at);
    // InfluxDB's own scanners disagree on a pair of backslashes before the equals sign.
    if (bytes[at - 1] === BACKSLASH) return `invalid value: field-key=${this.#restOfFields(start)}`;
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

  /** Reads a value into `#value`; returns true for a value, false for a string field, or an error message. */
  #decodeValue(): boolean | string {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first === QUOTE) return this.#skipText();
    let at = this.#at;
    const negative = first === MINUS;
    if (negative) at++;
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
    } else if (byte === LOWER_I || (byte === LOWER_U && !negative)) byte = bytes[++at];
    const ends = byte === COMMA || byte === SPACE || byte === undefined || byte === NEWLINE || byte === RETURN;
    if (!ends || digits === 0 || digits > EXACT_DIGITS) return this.#decodeUnusual();
    const value = mantissa / POWERS_OF_TEN[fraction]!;
    this.#value = negative ? -value : value;
    this.#at = at;
    return true;
  }

  /** Booleans, exponents, many digits, and invalid values. */
  #decodeUnusual(): boolean | string {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    for (let byte = bytes[at]; byte !== undefined; byte = bytes[++at]) {
      if (endsValue(byte)) break;
    }
    this.#at = at;
    const value = parseFieldValue(this.#textOf(start, at));
    if (typeof value === 'string') return value;
    this.#value = value;
    return true;
  }

  /** Skips a string field; like InfluxDB, including any characters between its closing quote and the next comma or space. */
  #skipText(): false | string {
    const bytes = this.#bytes;
    let isQuoted = false;
    for (let at = this.#at; at < bytes.length; at++) {
      const byte = bytes[at]!;
      // After the closing quote a backslash does not escape the newline.
      if (byte === BACKSLASH && (isQuoted || bytes[at + 1] !== NEWLINE)) at++;
      else if (byte === QUOTE) isQuoted = !isQuoted;
      else if (!isQuoted && (byte === EQUALS || endsValue(byte))) return this.#noteText(at);
    }
    return isQuoted ? 'unbalanced quotes' : this.#noteText(bytes.length);
  }

  #noteText(end: number): false {
    this.#at = end;
    this.#lineStrings++;
    return false;
  }

  #skipBlanks(): void {
    while (isBlank(this.#bytes[this.#at])) this.#at++;
  }

  /** The line's instant in epoch milliseconds, or an error message; then the decoder is after the line. */
  #decodeTimestamp(): number | string {
    const bytes = this.#bytes;
    this.#skipBlanks();
    const start = this.#at;
    const { precision, nowMs } = this.#options;
    const [drop, factor] = TIME_SCALE[precision];
    const isNegative = bytes[start] === MINUS;
    const firstDigit = isNegative ? start + 1 : start;
    let at = firstDigit;
    while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at++;
    const end = at;
    let milliseconds = 0;
    for (let i = firstDigit; i < end - drop; i++) milliseconds = milliseconds * 10 + (bytes[i]! - ZERO);
    milliseconds *= factor;
    while (bytes[at] === SPACE) at++;
    if (bytes[at] === RETURN && (at + 1 === bytes.length || bytes[at + 1] === NEWLINE)) at++;
    if (at === bytes.length && this.#window.isCut) return LINE_TOO_LONG;
    const isLast = at >= bytes.length || bytes[at] === NEWLINE;
    if (!isLast && at === end) return 'bad timestamp';
    if (isLast) this.#at = at + 1;
    if (end === start) return nowMs;
    const digits = end - firstDigit;
    const isInRange = digits > 0 && digits <= INT64_DIGITS && milliseconds < MAX_IN_RANGE_MS;
    const signed = isNegative ? 0 - milliseconds : milliseconds;
    const time = isInRange ? signed : parseTimestamp(this.#textOf(start, end), precision);
    return isLast || typeof time === 'string' ? time : 'point is invalid';
  }

  #textOf(start: number, end: number): string {
    return Buffer.from(this.#bytes.subarray(start, end)).toString('latin1');
  }

  /** The fields from a position on, for an error message. */
  #restOfFields(start: number): string {
    const bytes = this.#bytes;
    let end = start;
    while (end < bytes.length && end - start < MAX_SHOWN_CHARACTERS && bytes[end] !== SPACE && bytes[end] !== NEWLINE)
      end++;
    return Buffer.from(bytes.subarray(start, end)).toString();
  }

  /** Records a bad line and continues after it. An unclosed quote must not swallow the lines that follow. */
  #refuse(line: number, start: number, reason: string): void {
    const bytes = this.#bytes;
    const isAfterNewline = bytes[this.#at - 1] === NEWLINE && this.#at > start;
    this.#goAfter(isAfterNewline ? this.#at - 1 : bytes.indexOf(NEWLINE, this.#at));
    this.#bad++;
    if (this.#errors.length === MAX_ERRORS_LISTED) return;
    const text = Buffer.from(bytes.subarray(start, Math.min(this.#at, start + 4 * MAX_SHOWN_CHARACTERS))).toString();
    const shown = text.split('\n')[0]!.replace(/\r$/, '');
    const short =
      shown.length > MAX_SHOWN_CHARACTERS ? `${shown.slice(0, MAX_SHOWN_CHARACTERS).toWellFormed()}…` : shown;
    this.#errors.push({ line, detail: `unable to parse '${short}': ${reason}` });
  }
}

/** Separators between the sections of a line. */
function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === 0;
}

function endsValue(byte: number): boolean {
  return byte === COMMA || byte === SPACE || byte === NEWLINE || byte === RETURN;
}
