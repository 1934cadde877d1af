/** Registers of 16 and 32 bits, and displays of five to eight digits, in steps of 1 to 0.001. */
const REGISTERS = [2 ** 16, 2 ** 31, 2 ** 32, 1e5, 1e6, 1e7, 1e8];
const SCALES = [1, 10, 100, 1000];
const SPANS = [...new Set(REGISTERS.flatMap((register) => SCALES.map((scale) => register / scale)))];

/** Minimum share of its register that a counter must have reached. */
const NEAR_END = 0.98;

/**
 * Growth of a counter across the end of its register, or null if it did not pass it.
 * @param maxGrowth maximum possible growth
 */
export function wrapGrowth(before: number, after: number, maxGrowth: number): number | null {
  for (const span of SPANS) {
    const growth = span - before + after;
    if (before < span && before >= NEAR_END * span && after >= 0 && growth <= maxGrowth) return growth;
  }
  return null;
}
