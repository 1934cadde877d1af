import type { Slots } from './slots.ts';

/** Forecasts of back-tests: a row of `steps` for each origin. */
export interface Trials {
  readonly slots: Slots;
  readonly values: Float64Array;
  readonly origins: readonly number[];
  readonly steps: number;
  readonly predicted: Float64Array;
}

export const LEVELS = [0.8, 0.95] as const;
export type Level = (typeof LEVELS)[number];

/** How far the truth lies from a forecast, learnt from back-tests: plain data. */
export interface Calibration {
  /** Mean absolute error, kW, by hour of day; of days: by weekday from Monday. */
  readonly scale: readonly number[];
  /** Mean of what was foretold, kW: errors grow with the load. */
  readonly typical: number;
  /** By level and step: how many scales below and above the forecast the interval ends (below is negative). */
  readonly bounds: readonly {
    readonly level: Level;
    readonly lower: readonly number[];
    readonly upper: readonly number[];
  }[];
}

/** Errors as an hour of day has too few count as many times the overall mean. */
const SHRINKAGE = 5;
/** Scores that a step's quantiles rest on; neighbouring steps help out. */
const MIN_SCORES = 400;

/**
 * Conformal intervals (Vovk; Lei et al., J. Am. Stat. Assoc. 113 (2018) 1094, with errors scaled by hour of day, their section 5.2): the
 * quantiles of what back-tests missed by, each side by itself because loads are skewed.
 * @param rows which back-tests to learn from; default: all
 */
export function calibrate(trials: Trials, rows = [...trials.origins.keys()]): Calibration {
  const { slots, steps } = trials;
  const errors = errorsOf(trials, rows);
  const phases = slots.perDay === 1 ? 7 : 24;
  const [sums, counts] = [new Float64Array(phases), new Float64Array(phases)];
  const typical = errors.reduce((sum, { foretold }) => sum + Math.abs(foretold), 0) / errors.length || 0;
  for (const { error, phase, foretold } of errors) {
    sums[phase] = sums[phase]! + Math.abs(error) / growth(foretold, typical);
    counts[phase] = counts[phase]! + 1;
  }
  const overall = errors.reduce((sum, { error }) => sum + Math.abs(error), 0) / errors.length || 0;
  const scale = Array.from(sums, (sum, p) => (sum + SHRINKAGE * overall) / (counts[p]! + SHRINKAGE));
  const byStep = Array.from({ length: steps }, (_, k) =>
    errors
      .filter(({ step }) => step === k)
      .map(({ error, phase, foretold }) => error / ((scale[phase] || 1) * growth(foretold, typical))),
  );
  const pooled = byStep.map((_, k) => pool(byStep, k).sort((a, b) => a - b));
  const bounds = LEVELS.map((level) => ({
    level,
    lower: pooled.map((scores) => -outerQuantile(scores.map((score) => -score).reverse(), (1 + level) / 2)),
    upper: pooled.map((scores) => outerQuantile(scores, (1 + level) / 2)),
  }));
  return { scale, typical, bounds };
}

/** Where a load can be, kW. */
export interface Limits {
  readonly least: number;
  readonly most: number;
}

/** The interval around a forecast, cut to where the load can be. */
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

/** A value cut to where the load can be. */
export function within({ least, most }: Limits, value: number): number {
  return Math.max(least, Math.min(most, value));
}

interface TrialError {
  readonly step: number;
  readonly phase: number;
  readonly error: number;
  readonly foretold: number;
}

function errorsOf({ slots, values, origins, steps, predicted }: Trials, rows: readonly number[]): TrialError[] {
  return rows.flatMap((row) =>
    Array.from({ length: steps }, (_, step) => {
      const slot = origins[row]! + step;
      const error = values[slot]! - predicted[row * steps + step]!;
      return { step, phase: phaseOf(slots, slot), error, foretold: predicted[row * steps + step]! };
    }).filter(({ error }) => error === error),
  );
}

/** By how much errors grow with the load: half of them is always there. */
function growth(foretold: number, typical: number): number {
  return typical > 0 ? 0.5 + (0.5 * Math.abs(foretold)) / typical : 1;
}

function phaseOf({ perDay, minuteOfDay, weekday }: Slots, slot: number): number {
  return perDay === 1 ? weekday[slot]! - 1 : Math.floor(minuteOfDay[slot]! / 60);
}

/** Scores of a step and, while they are few, of the steps around it. */
function pool(byStep: readonly (readonly number[])[], step: number): number[] {
  let scores = [...byStep[step]!];
  for (let away = 1; away < byStep.length && scores.length < MIN_SCORES; away++) {
    scores = scores.concat(byStep[step - away] ?? [], byStep[step + away] ?? []);
  }
  return scores;
}

/** The conformal quantile, with the place that the next score will take counted in: beyond the greatest it stays there. */
function outerQuantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return 0;
  const place = Math.ceil((sorted.length + 1) * share) - 1;
  return sorted[Math.min(place, sorted.length - 1)]!;
}
