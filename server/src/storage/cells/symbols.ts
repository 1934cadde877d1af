import { bitLength } from './bits.ts';

/**
 * Integers from 0 to below 2^53 as a symbol of a small alphabet and extra bits: numbers below 16 are their own symbols, and above that
 * every power of two is divided in four. Within a quarter, values are about equally likely, so the extra bits are written as they are and
 * only the symbols are entropy-coded.
 */
export const SYMBOLS = 16 + (53 - 4) * 4;

/** Number of extra bits of each symbol. */
export const EXTRA_BITS = new Uint8Array(SYMBOLS);
/** Smallest number of each symbol. */
export const SYMBOL_BASE = new Float64Array(SYMBOLS);

for (let symbol = 0; symbol < SYMBOLS; symbol++) {
  const quarter = symbol - 16;
  EXTRA_BITS[symbol] = quarter < 0 ? 0 : 2 + (quarter >> 2);
  SYMBOL_BASE[symbol] = quarter < 0 ? symbol : (4 + (quarter & 3)) * 2 ** (2 + (quarter >> 2));
}

export function symbolOf(value: number): number {
  if (value < 16) return value;
  const extra = bitLength(value) - 3;
  return 16 + (extra - 2) * 4 + (value < 2_147_483_648 ? value >>> extra : Math.floor(value / 2 ** extra)) - 4;
}
