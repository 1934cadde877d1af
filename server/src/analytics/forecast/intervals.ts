import type { Slots } from './slots.ts';

/** Forecasts of back-tests: a row of `steps` per origin. */
export interface Trials {
  readonly slots: Slots;
  readonly values: Float64Array;
  readonly origins: readonly number[];
  readonly steps: number;
  readonly predicted: Float64Array;
}

export const LEVELS = [0.8, 0.95] as const;
export type Level = (typeof LEVELS)[number];

/** Distribution of the errors of a forecast, calibrated on back-tests: plain data. */
export interface Calibration {
  /** Mean absolute error, kW, by hour of day; for daily slots by weekday from Monday. */
  readonly scale: readonly number[];
  /** Mean forecast, kW: errors grow with the load. */
  readonly typical: number;
  /** By level and step: lower and upper end of the interval relative to the forecast, in units of the scale (lower is negative). */
  readonly bounds: readonly {
    readonly level: Level;
    readonly lower: readonly number[];
    readonly upper: readonly number[];
  }[];
}

/** Shrinkage: the overall mean counts as this many additional errors of each hour. */
const SHRINKAGE = 5;
/** Minimum number of scores for the quantiles of a step; scores of adjacent steps are added until it is reached. */
const MIN_SCORES = 400;

/**
 * Conformal prediction intervals (Vovk; Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094, with errors scaled by hour of day, section 5.2):
 * the quantiles of the back-test errors, separately for each side because loads are skewed.
 * @param rows back-tests used for calibration; default: all
 */
export function calibrate(trials: Trials, rows = [...trials.origins.keys()]): Calibration {
  const { slots, steps } = trials;
  const errors = errorsOf(trials, rows);
  const phases = slots.perDay === 1 ? 7 : 24;
  const [sums, counts] = [new Float64Array(phases), new Float64Array(phases)];
  const typical = errors.reduce((sum, { forecastKw }) => sum + Math.abs(forecastKw), 0) / errors.length || 0;
  for (const { error, phase, forecastKw } of errors) {
    sums[phase] = sums[phase]! + Math.abs(error) / growth(forecastKw, typical);
    counts[phase] = counts[phase]! + 1;
  }
  const overall = errors.reduce((sum, { error }) => sum + Math.abs(error), 0) / errors.length || 0;
  const scale = Array.from(sums, (sum, p) => (sum + SHRINKAGE * overall) / (counts[p]! + SHRINKAGE));
  const byStep = Array.from({ length: steps }, (_, k) =>
    errors
      .filter(({ step }) => step === k)
      .map(({ error, phase, forecastKw }) => error / ((scale[phase] || 1) * growth(forecastKw, typical))),
  );
  const pooled = byStep.map((_, k) => pool(byStep, k).sort((a, b) => a - b));
  const bounds = LEVELS.map((level) => ({
    level,
    lower: pooled.map((scores) => -outerQuantile(scores.map((score) => -score).reverse(), (1 + level) / 2)),
    upper: pooled.map((scores) => outerQuantile(scores, (1 + level) / 2)),
  }));
  return { scale, typical, bounds };
}

/** Limits of a load, kW. */
export interface Limits {
  readonly min: number;
  readonly max: number;
}

/** The prediction interval of a forecast, clipped to the limits of the load. */
export function intervalOf(
  { scale, typical, bounds }: Calibration,
  level: Level,
  { slots, from, predicted, limits }: { slots: Slots; from: number; predicted: Float64Array; limits: Limits },
): { lower: Float64Array; upper: Float64Array } {
  const found = bounds.find((bound) => bound.level === level);
  if (found === undefined) throw new RangeError(`level must be one of ${LEVELS.join(', ')}; got ${level}`);
  const end = (side: readonly number[]) =>
    predicted.map((value, k) =>
      within(limits, value + side[k]! * scale[phaseOf(slots, from + k)]! * growth(value, typical)),
    );
  return { lower: end(found.lower), upper: end(found.upper) };
}

/** Clips a value to the limits of the load. */
export function within({ min, max }: Limits, value: number): number {
  return Math.max(min, Math.min(max, value));
}

interface TrialError {
  readonly step: number;
  readonly phase: number;
  readonly error: number;
  readonly forecastKw: number;
}

function errorsOf({ slots, values, origins, steps, predicted }: Trials, rows: readonly number[]): TrialError[] {
  return rows.flatMap((row) =>
    Array.from({ length: steps }, (_, step) => {
      const slot = origins[row]! + step;
      const error = values[slot]! - predicted[row * steps + step]!;
      return { step, phase: phaseOf(slots, slot), error, forecastKw: predicted[row * steps + step]! };
    }).filter(({ error }) => error === error),
  );
}

/** Growth of the errors with the load: half of them is independent of it. */
function growth(forecastKw: number, typical: number): number {
  return typical > 0 ? 0.5 + (0.5 * Math.abs(forecastKw)) / typical : 1;
}

function phaseOf({ perDay, minuteOfDay, weekday }: Slots, slot: number): number {
  return perDay === 1 ? weekday[slot]! - 1 : Math.floor(minuteOfDay[slot]! / 60);
}

/** Scores of a step, with those of adjacent steps while there are too few. */
function pool(byStep: readonly (readonly number[])[], step: number): number[] {
  let scores = [...byStep[step]!];
  for (let away = 1; away < byStep.length && scores.length < MIN_SCORES; away++) {
    scores = scores.concat(byStep[step - away] ?? [], byStep[step + away] ?? []);
  }
  return scores;
}

/** The conformal quantile with finite-sample correction, at most the largest score. */
function outerQuantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return 0;
  const place = Math.ceil((sorted.length + 1) * share) - 1;
  return sorted[Math.min(place, sorted.length - 1)]!;
}
