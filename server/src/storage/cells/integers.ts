import type { BitReader, BitWriter } from './bits.ts';
import { bitLength } from './bits.ts';
import { decodeNumbers, encodeNumbers, entropyBits } from './entropy.ts';
import { SYMBOLS, symbolOf } from './symbols.ts';

/** Maximum magnitude of integers that can be encoded: their second differences remain exact. */
export const MAX_INTEGER = 2 ** 50;

const CONSTANT = 0;
const FIXED_WIDTH = 1;
const ENTROPY = 2;

/** Residuals of integers after the regular part was subtracted: non-negative numbers, as many as integers minus the heads. */
interface Residuals {
  /** 0: distance from the minimum · 1: first differences · 2: second differences. */
  readonly order: number;
  /** Start values of the decoder: the minimum, or the first `order` values. */
  readonly heads: readonly number[];
  readonly numbers: Float64Array;
  readonly histogram: Uint32Array;
  readonly largest: number;
  readonly bits: number;
}

/** Writes integers of magnitude up to `MAX_INTEGER`; the caller stores their count. */
export function encodeIntegers(values: Float64Array, out: BitWriter): void {
  if (values.length === 0) return;
  const step = commonStep(values);
  const origin = values[0]!;
  const steps = step > 1 ? values.map((value) => (value - origin) / step) : values;
  const best = [0, 1, 2]
    .filter((order) => order <= values.length)
    .map((order) => residuals(steps, order))
    .reduce((a, b) => (b.bits < a.bits ? b : a));
  const width = bitLength(best.largest);
  const fixedBits = 6 + width * best.numbers.length;
  const coder = best.largest === 0 ? CONSTANT : fixedBits <= best.bits ? FIXED_WIDTH : ENTROPY;
  out.write(best.order, 2);
  out.write(coder, 2);
  out.write(step > 1 ? 1 : 0, 1);
  if (step > 1) {
    out.writeSigned(origin);
    out.writeSigned(step);
  }
  for (const head of best.heads) out.writeSigned(head);
  if (coder === FIXED_WIDTH) {
    out.write(width, 6);
    for (const number of best.numbers) out.write(number, width);
  } else if (coder === ENTROPY) encodeNumbers(best.numbers, best.histogram, out);
}

/** Reads as many integers as the length of `out`. */
export function decodeIntegers(reader: BitReader, out: Float64Array): void {
  if (out.length === 0) return;
  const order = reader.read(2);
  const coder = reader.read(2);
  const stepped = reader.read(1) === 1;
  const origin = stepped ? reader.readSigned() : 0;
  const step = stepped ? reader.readSigned() : 1;
  const heads = Array.from({ length: Math.max(order, 1) }, () => reader.readSigned());
  const numbers = out.subarray(order);
  if (coder === CONSTANT) {
    progression(out, heads, origin, step);
    return;
  }
  if (coder === ENTROPY) decodeNumbers(reader, numbers);
  else reader.readFixed(reader.read(6), numbers);
  restore(out, order, heads);
  if (!stepped) return;
  for (let i = 0; i < out.length; i++) out[i] = origin + out[i]! * step;
}

/** Decodes constant residuals: equal numbers, or an arithmetic progression. */
function progression(out: Float64Array, heads: readonly number[], origin: number, step: number): void {
  const first = origin + heads[0]! * step;
  const distance = (heads[1] ?? 0) * step;
  for (let i = 0; i < out.length; i++) out[i] = first + i * distance;
}

function restore(out: Float64Array, order: number, heads: readonly number[]): void {
  const first = heads[0]!;
  if (order === 0) {
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + first;
    return;
  }
  let value = first;
  out[0] = value;
  if (order === 1) {
    for (let i = 1; i < out.length; i++) {
      value += unfold(out[i]!);
      out[i] = value;
    }
    return;
  }
  let slope = heads[1]!;
  value += slope;
  out[1] = value;
  for (let i = 2; i < out.length; i++) {
    slope += unfold(out[i]!);
    value += slope;
    out[i] = value;
  }
}

function residuals(values: Float64Array, order: number): Residuals {
  const numbers = new Float64Array(values.length - order);
  const heads: number[] = [];
  if (order === 0) {
    let least = Number.POSITIVE_INFINITY;
    for (const value of values) if (value < least) least = value;
    heads.push(least);
    for (let i = 0; i < numbers.length; i++) numbers[i] = values[i]! - least;
  } else {
    let previous = values[order - 1]!;
    heads.push(values[0]!);
    let slope = order === 2 ? previous - values[0]! : 0;
    if (order === 2) heads.push(slope);
    for (let i = order; i < values.length; i++) {
      const difference = values[i]! - previous;
      numbers[i - order] = fold(difference - slope);
      if (order === 2) slope = difference;
      previous = values[i]!;
    }
  }
  const histogram = new Uint32Array(SYMBOLS);
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    if (number > largest) largest = number;
    const symbol = symbolOf(number);
    histogram[symbol] = histogram[symbol]! + 1;
  }
  const bits = largest === 0 ? 0 : entropyBits(histogram, numbers.length);
  const headBits = heads.reduce((sum, head) => sum + 7 + bitLength(Math.abs(head)), 0);
  return {
    order,
    heads,
    numbers,
    histogram,
    largest,
    bits: headBits + Math.min(bits, bitLength(largest) * numbers.length),
  };
}

/** Maps differences of either sign to non-negative numbers: 0, -1, 1, -2, 2 … */
function fold(difference: number): number {
  return difference < 0 ? -2 * difference - 1 : 2 * difference;
}

function unfold(number: number): number {
  if (number < 2_147_483_648) {
    const small = number | 0;
    return (small >> 1) ^ -(small & 1);
  }
  return number % 2 === 0 ? number / 2 : -(number + 1) / 2;
}

/** Greatest common divisor of the distances from the first value; 1 without any. */
function commonStep(values: Float64Array): number {
  const origin = values[0]!;
  let step = 0;
  for (let i = 1; i < values.length && step !== 1; i++) {
    let a = Math.abs(values[i]! - origin);
    while (a !== 0) [step, a] = [a, step % a];
  }
  return Math.max(step, 1);
}
