import { type BitReader, type BitWriter, bitLength } from './bits.ts';
import { EXTRA_BITS, SYMBOL_BASE, SYMBOLS, symbolOf } from './symbols.ts';

/**
 * Entropy coding of integers by tabled asymmetric numeral systems (tANS; J. Duda, arXiv:1311.2540, as in Zstandard's FSE, RFC 8878 section
 * 4.1). Numbers become symbols and extra bits (`symbols.ts`). The encoder runs backwards over the numbers, so that the decoder reads
 * forwards: the state's first value, then for each number its extra bits and the bits of the next state.
 */
const MAX_TABLE_LOG = 11;
const MIN_TABLE_LOG = 5;
/** A table has this many times fewer states than there are numbers (log2): building it must not cost more than using it. */
const NUMBERS_PER_STATE_LOG = 2;

/** Approximate size of the output of `encodeNumbers` for numbers with this histogram of symbols, bits. */
export function entropyBits(histogram: Uint32Array, count: number): number {
  let bits = 0;
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const n = histogram[symbol]!;
    if (n > 0) bits += n * (Math.log2(count / n) + EXTRA_BITS[symbol]!) + 9;
  }
  return bits;
}

/** Writes integers from 0 to below 2^53; the caller stores their count. */
export function encodeNumbers(numbers: Float64Array, histogram: Uint32Array, out: BitWriter): void {
  const tableLog = tableLogFor(numbers.length, histogram);
  const frequencies = normalise(histogram, numbers.length, tableLog);
  writeFrequencies(frequencies, tableLog, out);
  const slots = slotsOf(frequencies, tableLog);
  const places = placesOf(frequencies, slots);
  const symbols = new Uint8Array(numbers.length);
  const emitted = new Uint16Array(numbers.length);
  const emittedBits = new Uint8Array(numbers.length);
  const size = 1 << tableLog;
  let state = size;
  for (let i = numbers.length - 1; i >= 0; i--) {
    const symbol = symbolOf(numbers[i]!);
    const frequency = frequencies[symbol]!;
    let bits = tableLog - bitLength(frequency) + 1;
    if (state >> bits < frequency) bits--;
    else if (state >> bits >= 2 * frequency) bits++;
    symbols[i] = symbol;
    emitted[i] = state & ((1 << bits) - 1);
    emittedBits[i] = bits;
    state = size + places[symbol]![(state >> bits) - frequency]!;
  }
  out.write(state - size, tableLog);
  for (let i = 0; i < numbers.length; i++) {
    const symbol = symbols[i]!;
    const extra = EXTRA_BITS[symbol]!;
    if (extra > 0) out.write(numbers[i]! - SYMBOL_BASE[symbol]!, extra);
    if (i + 1 < numbers.length) out.write(emitted[i]!, emittedBits[i]!);
  }
}

/** Reads as many numbers as the length of `out`. */
export function decodeNumbers(reader: BitReader, out: Float64Array): void {
  const { frequencies, tableLog } = readFrequencies(reader);
  const slots = slotsOf(frequencies, tableLog);
  const { bitsOf, baseOf } = transitions(frequencies, slots, tableLog);
  let state = reader.read(tableLog);
  const { view } = reader;
  const limit = view.byteLength * 8 - 64;
  let at = reader.at;
  let bits = 0;
  for (let i = 0; i < out.length; i++) {
    if (at > limit) throw new RangeError('ends before its content does');
    const symbol = slots[state]!;
    const extra = EXTRA_BITS[symbol]!;
    bits = bitsOf[state]!;
    let word = view.getUint32(at >>> 3, true) >>> (at & 7);
    if (extra + bits <= 25) {
      out[i] = SYMBOL_BASE[symbol]! + (word & ((1 << extra) - 1));
      word >>>= extra;
      at += extra + bits;
    } else {
      reader.at = at;
      out[i] = SYMBOL_BASE[symbol]! + reader.read(extra);
      at += extra;
      word = at > limit ? 0 : view.getUint32(at >>> 3, true) >>> (at & 7);
      at += bits;
    }
    state = baseOf[state]! + (word & ((1 << bits) - 1));
  }
  // The last number has no next state: its bits were not written.
  reader.at = at - bits;
}

/** A state for every few numbers, and at least one for every symbol that occurs. */
function tableLogFor(count: number, histogram: Uint32Array): number {
  let symbols = 0;
  for (const n of histogram) if (n > 0) symbols++;
  const wanted = Math.max(bitLength(count) - NUMBERS_PER_STATE_LOG, bitLength(symbols) + 1, MIN_TABLE_LOG);
  return Math.min(wanted, MAX_TABLE_LOG);
}

/** Scales a histogram to a sum of `2^tableLog`; every symbol that occurs keeps at least 1. */
function normalise(histogram: Uint32Array, count: number, tableLog: number): Uint16Array {
  const size = 1 << tableLog;
  const frequencies = new Uint16Array(SYMBOLS);
  let sum = 0;
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const n = histogram[symbol]!;
    if (n > 0) sum += frequencies[symbol] = Math.max(1, Math.round((n / count) * size));
  }
  while (sum !== size) {
    const step = sum < size ? 1 : -1;
    let best = -1;
    let bestGain = Number.NEGATIVE_INFINITY;
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      const f = frequencies[symbol]!;
      if (f === 0 || f + step < 1) continue;
      const gain = histogram[symbol]! * Math.log2((f + step) / f);
      if (gain > bestGain) {
        bestGain = gain;
        best = symbol;
      }
    }
    frequencies[best] = frequencies[best]! + step;
    sum += step;
  }
  return frequencies;
}

function writeFrequencies(frequencies: Uint16Array, tableLog: number, out: BitWriter): void {
  out.write(tableLog, 4);
  let left = 1 << tableLog;
  let previous = -1;
  for (let symbol = 0; left > 0; symbol++) {
    const frequency = frequencies[symbol]!;
    if (frequency === 0) continue;
    out.writeGamma(symbol - previous - 1);
    out.writeGamma(frequency - 1);
    previous = symbol;
    left -= frequency;
  }
}

function readFrequencies(reader: BitReader): { frequencies: Uint16Array; tableLog: number } {
  const tableLog = reader.read(4);
  const frequencies = new Uint16Array(SYMBOLS);
  let left = 1 << tableLog;
  for (let symbol = -1; left > 0; ) {
    symbol += reader.readGamma() + 1;
    const frequency = reader.readGamma() + 1;
    if (symbol >= SYMBOLS || frequency > left) throw new RangeError('a table of frequencies that does not add up');
    frequencies[symbol] = frequency;
    left -= frequency;
  }
  return { frequencies, tableLog };
}

/** The symbol of every state: a symbol's states are scattered evenly (the step is odd, so every slot is visited once). */
function slotsOf(frequencies: Uint16Array, tableLog: number): Uint8Array {
  const size = 1 << tableLog;
  const step = (size >> 1) + (size >> 3) + 3;
  const slots = new Uint8Array(size);
  let at = 0;
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    for (let n = frequencies[symbol]!; n > 0; n--) {
      slots[at] = symbol;
      at = (at + step) & (size - 1);
    }
  }
  return slots;
}

const NO_PLACES = new Uint16Array(0);

/** The states of each symbol in ascending order. */
function placesOf(frequencies: Uint16Array, slots: Uint8Array): Uint16Array[] {
  const places = Array.from(frequencies, (frequency) => (frequency > 0 ? new Uint16Array(frequency) : NO_PLACES));
  const used = new Uint16Array(SYMBOLS);
  for (let state = 0; state < slots.length; state++) {
    const symbol = slots[state]!;
    places[symbol]![used[symbol]!] = state;
    used[symbol] = used[symbol]! + 1;
  }
  return places;
}

/** Transitions of each state: the number of bits to read and the offset to add. */
function transitions(
  frequencies: Uint16Array,
  slots: Uint8Array,
  tableLog: number,
): { bitsOf: Uint8Array; baseOf: Int32Array } {
  const size = 1 << tableLog;
  const bitsOf = new Uint8Array(size);
  const baseOf = new Int32Array(size);
  const next = Uint16Array.from(frequencies);
  for (let state = 0; state < size; state++) {
    const symbol = slots[state]!;
    const reduced = next[symbol]!;
    next[symbol] = reduced + 1;
    const bits = tableLog - bitLength(reduced) + 1;
    bitsOf[state] = bits;
    baseOf[state] = (reduced << bits) - size;
  }
  return { bitsOf, baseOf };
}
