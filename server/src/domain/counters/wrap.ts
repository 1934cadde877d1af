/** Registers of 16 and 32 bits, and displays of five to eight digits, in steps of 1 down to 0.001. */
const REGISTERS = [2 ** 16, 2 ** 31, 2 ** 32, 1e5, 1e6, 1e7, 1e8];
const SCALES = [1, 10, 100, 1000];
const SPANS = [...new Set(REGISTERS.flatMap((register) => SCALES.map((scale) => register / scale)))];

/** Share of its register at which a counter must have been. */
const NEAR_END = 0.98;

/**
 * What a counter grew by that passed the end of its register, or null where it did not.
 * @param most what it can have grown by
 */
export function wrapGrowth(before: number, after: number, most: number): number | null {
  for (const span of SPANS) {
    const growth = span - before + after;
    if (before < span && before >= NEAR_END * span && after >= 0 && growth <= most) return growth;
  }
  return null;
}
