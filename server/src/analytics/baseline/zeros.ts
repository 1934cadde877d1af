/** If the resolution of the energy is coarser than this share of the median, zeros may be rounding. */
const MAX_STEP_SHARE = 0.25;
/** Steps are compared to nine digits: sums of floats differ in the last digits. */
const DIGITS = 9;

/**
 * Marks the hours or days of electricity whose zeros count as missing (CalTRACK 2.2.1.4): a faulty meter reports zero. Marks none if the
 * resolution of the meter is so coarse that zero is a usual value.
 * @param kwh NaN is missing
 */
export function missingZeros(kwh: Float64Array): Uint8Array {
  const isZero = Uint8Array.from(kwh, (value) => (value === 0 ? 1 : 0));
  return isZero.includes(1) && isCoarse(kwh) ? isZero.fill(0) : isZero;
}

function isCoarse(kwh: Float64Array): boolean {
  const used = kwh.filter((value) => value > 0).sort();
  if (used.length === 0) return false;
  const usual = used[used.length >> 1]!;
  const levels = [...new Set(used.map((value) => Number((value / usual).toFixed(DIGITS))))];
  const steps = [levels[0]!, ...levels.slice(1).map((level, i) => level - levels[i]!)];
  return Math.min(...steps.filter((step) => step > 0)) > MAX_STEP_SHARE && levels.length > 1;
}
