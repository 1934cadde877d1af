import { Corrupt, messageOf } from '../../domain/errors.ts';
import { BitReader, BitWriter } from './bits.ts';
import { decodeIntegers, encodeIntegers, MAX_INTEGER } from './integers.ts';

/**
 * A cell: one column of a frame (one device, one window), compressed without loss. The format is described in
 * docs/formats/telemetry-cell.md.
 */
const DECIMAL = 0;
const SINGLE = 1;
const DOUBLE = 2;

/** Maximum number of decimal places tried. */
const MAX_DECIMAL_PLACES = 12;
const POWERS_OF_TEN = Float64Array.from({ length: MAX_DECIMAL_PLACES + 1 }, (_, places) => 10 ** places);
/**
 * Conversions of a decimal after it was read, besides none: converting a unit rounds a second time, so that watts become kilowatts that are
 * not decimals. After the inverse conversion, they are.
 */
const AS_IT_IS = 0;
const TIMES_THOUSANDTH = 1;
const BY_THOUSAND = 2;
/** Bits that a value costs for each further decimal place. */
const BITS_PER_PLACE = Math.log2(10);
/** Bits of a value that is stored as an exception. */
const EXCEPTION_BITS = 80;

/** Packs integers, such as instants. */
export function packIntegers(values: Float64Array): Uint8Array<ArrayBuffer> {
  const out = new BitWriter();
  encodeIntegers(values, out);
  return out.finish();
}

/** Unpacks as many integers as the length of `out`, which must equal the packed number. */
export function unpackIntegers(bytes: Uint8Array, out: Float64Array): void {
  reading(bytes, (reader) => decodeIntegers(reader, out));
}

/** Packs doubles, some of which may be missing (NaN); null when all are. */
export function packColumn(column: Float64Array): Uint8Array<ArrayBuffer> | null {
  const out = new BitWriter();
  const present = writePresence(column, out);
  if (present === null) return null;
  const form = decimalForm(present);
  const { exceptions } = form;
  const singles = exceptions > 0 && present.every((value) => Math.fround(value) === value && !isNegativeZero(value));
  if (singles) writeSingles(present, out);
  else if (exceptions * 2 > present.length) writeDoubles(present, out);
  else writeDecimals(present, form, out);
  return out.finish();
}

/** Unpacks a column of as many rows as the length of `out`, which must equal the packed number. */
export function unpackColumn(bytes: Uint8Array, out: Float64Array): void {
  reading(bytes, (reader) => {
    const presence = readPresence(reader, out.length);
    const present = presence === null ? out : new Float64Array(presence.count);
    const kind = reader.read(2);
    if (kind === DECIMAL) readDecimals(reader, present);
    else if (kind === SINGLE) readSingles(reader, present);
    else readDoubles(reader, present);
    if (presence !== null) spreadOut(present, presence.runs, out);
  });
}

function reading(bytes: Uint8Array, read: (reader: BitReader) => void): void {
  const reader = new BitReader(bytes);
  try {
    read(reader);
    reader.check();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new Corrupt(`a stored column of ${bytes.length} bytes cannot be unpacked: ${messageOf(cause)}`, { cause });
  }
}

/** Writes which rows have a value, as run lengths that start with present ones, and returns the present values. */
function writePresence(column: Float64Array, out: BitWriter): Float64Array | null {
  const runs: number[] = [];
  let here = true;
  let count = 0;
  let length = 0;
  for (let row = 0; row < column.length; row++) {
    const has = column[row] === column[row];
    if (has) count++;
    if (has !== here) {
      runs.push(length);
      here = has;
      length = 0;
    }
    length++;
  }
  if (count === 0) return null;
  out.write(count === column.length ? 0 : 1, 1);
  if (count === column.length) return column;
  runs.push(length);
  out.writeGamma(runs.length);
  encodeIntegers(Float64Array.from(runs), out);
  return column.filter((value) => value === value);
}

function readPresence(reader: BitReader, rows: number): { runs: Float64Array; count: number } | null {
  if (reader.read(1) === 0) return null;
  const length = reader.readGamma();
  if (length > rows + 1) throw new RangeError(`${length} runs in ${rows} rows`);
  const runs = new Float64Array(length);
  decodeIntegers(reader, runs);
  let count = 0;
  let total = 0;
  for (let i = 0; i < runs.length; i++) {
    if (runs[i]! < 0) throw new RangeError('a run of negative length');
    total += runs[i]!;
    if (i % 2 === 0) count += runs[i]!;
  }
  if (total !== rows) throw new RangeError(`runs of ${total} rows where there are ${rows}`);
  return { runs, count };
}

function spreadOut(present: Float64Array, runs: Float64Array, column: Float64Array): void {
  column.fill(Number.NaN);
  let row = 0;
  let at = 0;
  for (let i = 0; i < runs.length; i++) {
    const length = runs[i]!;
    if (i % 2 === 0) {
      column.set(present.subarray(at, at + length), row);
      at += length;
    }
    row += length;
  }
}

/** Encoding of a column's values as decimals: `whole / 10^places`, then a conversion. */
interface DecimalForm {
  readonly conversion: number;
  readonly places: number;
  /** Number of values without this form. */
  readonly exceptions: number;
  readonly bits: number;
}

/** The decimal form with the lowest cost. */
function decimalForm(values: Float64Array): DecimalForm {
  let best = formWith(values, AS_IT_IS);
  for (const conversion of [TIMES_THOUSANDTH, BY_THOUSAND]) {
    if (best.exceptions === 0) break;
    const form = formWith(values, conversion);
    if (form.bits < best.bits) best = form;
  }
  return best;
}

function formWith(values: Float64Array, conversion: number): DecimalForm {
  const needing = new Uint32Array(MAX_DECIMAL_PLACES + 2);
  let guess = 0;
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    let places = isDecimal(value, conversion, guess) ? guess : guess + 1;
    while (places <= MAX_DECIMAL_PLACES && !isDecimal(value, conversion, places)) places++;
    while (places > 0 && places <= MAX_DECIMAL_PLACES && isDecimal(value, conversion, places - 1)) places--;
    needing[places] = needing[places]! + 1;
    if (places > MAX_DECIMAL_PLACES) continue;
    guess = places;
    largest = Math.max(largest, Math.abs(wholeOf(value, conversion, 0)));
  }
  let best: DecimalForm = { conversion, places: 0, exceptions: values.length, bits: Number.POSITIVE_INFINITY };
  let remaining = values.length;
  for (let places = 0; places <= MAX_DECIMAL_PLACES; places++) {
    remaining -= needing[places]!;
    // A value with few decimal places may exceed the integer range with more of them.
    const isWithin = (largest + 1) * POWERS_OF_TEN[places]! <= MAX_INTEGER;
    const exceptions = isWithin ? remaining : exceptionsWith(values, conversion, places);
    const bits = exceptions * EXCEPTION_BITS + (values.length - exceptions) * places * BITS_PER_PLACE;
    if (bits < best.bits) best = { conversion, places, exceptions, bits };
  }
  return best;
}

function exceptionsWith(values: Float64Array, conversion: number, places: number): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!isDecimal(values[i]!, conversion, places)) count++;
  return count;
}

/** Whether a value has a decimal form exactly: division rounds like the parsing of the decimal. */
function isDecimal(value: number, conversion: number, places: number): boolean {
  const whole = wholeOf(value, conversion, places);
  return decimalOf(whole, conversion, places) === value && Math.abs(whole) <= MAX_INTEGER && !isNegativeZero(value);
}

function wholeOf(value: number, conversion: number, places: number): number {
  const power = POWERS_OF_TEN[places]!;
  return Math.round((conversion === AS_IT_IS ? value : value * 1000) * power);
}

function decimalOf(whole: number, conversion: number, places: number): number {
  const decimal = whole / POWERS_OF_TEN[places]!;
  if (conversion === AS_IT_IS) return decimal;
  return conversion === TIMES_THOUSANDTH ? decimal * 0.001 : decimal / 1000;
}

function isNegativeZero(value: number): boolean {
  return value === 0 && 1 / value < 0;
}

function writeDecimals(values: Float64Array, { conversion, places, exceptions }: DecimalForm, out: BitWriter): void {
  const wholes = new Float64Array(values.length);
  const rows: number[] = [];
  let previous = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (exceptions > 0 && !isDecimal(value, conversion, places)) rows.push(i);
    else previous = wholeOf(value, conversion, places);
    wholes[i] = previous + 0;
  }
  out.write(DECIMAL, 2);
  out.write(conversion, 2);
  out.write(places, 4);
  out.writeGamma(rows.length);
  if (rows.length > 0) {
    encodeIntegers(Float64Array.from(rows), out);
    writeHalves(
      Float64Array.from(rows, (row) => values[row]!),
      out,
    );
  }
  encodeIntegers(wholes, out);
}

function readDecimals(reader: BitReader, out: Float64Array): void {
  const conversion = reader.read(2);
  const places = reader.read(4);
  if (places > MAX_DECIMAL_PLACES) throw new RangeError(`${places} decimal places`);
  const exceptions = reader.readGamma();
  if (exceptions > out.length) throw new RangeError(`${exceptions} exceptions among ${out.length} values`);
  const rows = new Float64Array(exceptions);
  const values = new Float64Array(exceptions);
  if (exceptions > 0) {
    decodeIntegers(reader, rows);
    readHalves(reader, values);
  }
  decodeIntegers(reader, out);
  const power = POWERS_OF_TEN[places]!;
  if (conversion !== AS_IT_IS) for (let i = 0; i < out.length; i++) out[i] = decimalOf(out[i]!, conversion, places);
  else if (power > 1) for (let i = 0; i < out.length; i++) out[i] = out[i]! / power;
  for (let i = 0; i < exceptions; i++) out[rows[i]!] = values[i]!;
}

/** Doubles that are exact in single precision, as devices send them: their bits as integers in the order of the values. */
function writeSingles(values: Float64Array, out: BitWriter): void {
  const bits = new Int32Array(Float32Array.from(values).buffer);
  out.write(SINGLE, 2);
  encodeIntegers(Float64Array.from(bits, ordered), out);
}

function readSingles(reader: BitReader, out: Float64Array): void {
  decodeIntegers(reader, out);
  const bits = Int32Array.from(out, ordered);
  out.set(new Float32Array(bits.buffer));
}

/** Maps the bits of negative floating-point numbers so that they ascend as the numbers do; its own inverse. */
function ordered(bits: number): number {
  return bits < 0 ? bits ^ 0x7fffffff : bits;
}

function writeDoubles(values: Float64Array, out: BitWriter): void {
  out.write(DOUBLE, 2);
  writeHalves(values, out);
}

function readDoubles(reader: BitReader, out: Float64Array): void {
  readHalves(reader, out);
}

/** Doubles without decimal form: high and low halves of their bits, each as integers (little-endian machines only, as Node's are). */
function writeHalves(values: Float64Array, out: BitWriter): void {
  const halves = new Int32Array(Float64Array.from(values).buffer);
  encodeIntegers(
    Float64Array.from(values, (_, i) => ordered(halves[2 * i + 1]!)),
    out,
  );
  encodeIntegers(
    Float64Array.from(values, (_, i) => halves[2 * i]!),
    out,
  );
}

function readHalves(reader: BitReader, out: Float64Array): void {
  const high = new Float64Array(out.length);
  const low = new Float64Array(out.length);
  decodeIntegers(reader, high);
  decodeIntegers(reader, low);
  const halves = new Int32Array(2 * out.length);
  for (let i = 0; i < out.length; i++) {
    halves[2 * i + 1] = ordered(high[i]!);
    halves[2 * i] = low[i]!;
  }
  out.set(new Float64Array(halves.buffer));
}
