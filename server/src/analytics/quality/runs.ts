import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Series } from '../../domain/columns/frame.ts';

/** Consecutive samples `from … to` (half-open) with a pattern that a working sensor does not produce. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** A run of equal values is a fault if its length is expected by chance in fewer than this share of windows. */
const FALSE_ALARM = 1e-4;
/** Upper limit of the share of repeats, even for very steady quantities. */
const MAX_REPEAT_SHARE = 0.98;
const MIN_STUCK_SAMPLES = 6;
/** A value at which the series stays a second time for this share of the run's length is a resting value. */
const RETURN_SHARE = 0.25;
const MIN_STUCK_MS = HOUR_MS;

/**
 * Finds stuck values: a sensor or a gateway that repeats its last value.
 *
 * The probability `p` of a repeat in the healthy series is estimated from the series outside its longest run, so a coarse thermometer may
 * repeat longer than a power meter. `n` samples contain by chance about `n p^(L−1)` runs of `L` equal values; a run is reported if this
 * number is below 10⁻⁴ (extreme value law of runs: Erdős and Rényi 1970). Resting values are not faults: zero, the ends of the range, and
 * values to which the series returns for a long time, such as the set point of a thermostat.
 *
 * @param resting values that the quantity may hold for any time
 */
export function stuckRuns({ timestamps, values }: Series, resting: readonly number[]): Run[] {
  const runs = equalRuns(values).filter(({ from }) => !resting.includes(values[from]!));
  const moving = values.filter((value) => !resting.includes(value)).length;
  if (runs.length === 0) return [];
  const longest = runs.reduce((max, { from, to }) => Math.max(max, to - from), 0);
  const repeats = runs.reduce((sum, { from, to }) => sum + (to - from === longest ? 0 : to - from - 1), 0);
  const share = Math.min(repeats / Math.max(moving - longest, 1), MAX_REPEAT_SHARE);
  const needed = share === 0 ? 0 : 1 + Math.log(FALSE_ALARM / values.length) / Math.log(share);
  return runs.filter(({ from, to }) => {
    const lasted = timestamps[to - 1]! - timestamps[from]!;
    const isLong = to - from >= Math.max(needed, MIN_STUCK_SAMPLES) && lasted >= MIN_STUCK_MS;
    const returns = (other: Run) =>
      other.from !== from &&
      values[other.from] === values[from] &&
      other.to - other.from >= Math.max(RETURN_SHARE * (to - from), MIN_STUCK_SAMPLES);
    return isLong && !runs.some(returns);
  });
}

function equalRuns(values: Float64Array): Run[] {
  const runs: Run[] = [];
  for (let from = 0; from < values.length; ) {
    let to = from + 1;
    while (to < values.length && values[to] === values[from]) to++;
    if (to - from > 1) runs.push({ from, to });
    from = to;
  }
  return runs;
}

/** Minimum samples of a line whose values have more digits than the sensor, and of one with the sensor's digits. */
const MIN_LINE_SAMPLES = 5;
const MIN_DIGIT_LINE_SAMPLES = 12;
/** Rounding of single-precision floats and of decimals with seven digits. */
const RELATIVE_ROUNDING = 1e-6;
/** Steps of a few units of the last digit form straight lines by chance. */
const MIN_STEP_DIGITS = 3;

/**
 * Finds interpolated values: samples on a straight line in time. The ends of a line are measured and not part of the run. For constant
 * values see `stuckRuns`.
 *
 * Readings of a smooth quantity, such as clear-sky power at noon, are rounded to the sensor's last digit and also form short lines;
 * computed values are recognized by additional digits or by the length of the line.
 */
export function interpolatedRuns({ timestamps, values }: Series): Run[] {
  const runs: Run[] = [];
  const digit = lastDigit(values);
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  for (let start = 0; start + 2 < values.length; ) {
    const slope = slopeAt(timestamps, values, start);
    let end = start + 1;
    while (end + 1 < values.length) {
      const line = values[end]! + slope * (timestamps[end + 1]! - timestamps[end]!);
      const rounding = Math.max(RELATIVE_ROUNDING * Math.abs(line), 1e-9 * largest);
      if (Math.abs(values[end + 1]! - line) > rounding) break;
      end++;
    }
    const step = Math.abs(values[start + 1]! - values[start]!);
    const needed = isOnDigits(values.subarray(start + 1, end), digit) ? MIN_DIGIT_LINE_SAMPLES : MIN_LINE_SAMPLES;
    const straight = end - start + 1 >= needed && step > 1e-9 * largest && step >= MIN_STEP_DIGITS * digit;
    if (straight) runs.push({ from: start + 1, to: end });
    start = straight ? end : start + 1;
  }
  return runs;
}

function slopeAt(timestamps: Float64Array, values: Float64Array, at: number): number {
  const rise = values[at + 1]! - values[at]!;
  return rise / (timestamps[at + 1]! - timestamps[at]!);
}

/** The last decimal place of most values; 0 if they have more than six. */
function lastDigit(values: Float64Array): number {
  for (let places = 0; places <= 6; places++) {
    const scale = 10 ** places;
    let fitting = 0;
    for (const value of values) if (fits(value, scale)) fitting++;
    if (fitting > 0.9 * values.length) return 1 / scale;
  }
  return 0;
}

function isOnDigits(values: Float64Array, digit: number): boolean {
  return digit !== 0 && values.every((value) => fits(value, 1 / digit));
}

function fits(value: number, scale: number): boolean {
  const scaled = value * scale;
  return Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(Math.abs(scaled), 1);
}
