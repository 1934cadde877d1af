import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { type Basis, groupsOf, termsOf } from './basis.ts';
import type { Conditions } from './conditions.ts';

/** A model as needed to predict new hours or days: plain data. */
export interface BaselineFit {
  readonly basis: Basis;
  /** Intercept and number of observations of each group; NaN and 0 for a group without observations. */
  readonly levels: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  /** In the order of the terms of the basis, like the following properties. */
  readonly slopes: readonly number[];
  /** By group. */
  readonly means: ArrayLike<number>;
  /** Inverse of the centred cross products of the terms, row by row. */
  readonly inverse: ArrayLike<number>;
  readonly rmse: number;
  readonly n: number;
  readonly freedom: number;
  readonly effectiveN: number;
}

export interface Predictions {
  /** kWh; NaN for an hour of the week without training data. */
  readonly kwh: Float64Array;
  /** Contribution of each term to the level of its group. */
  readonly contributions: readonly Float64Array[];
}

export type Severity = 'normal' | 'warning' | 'critical';

/** Predicts the energy of hours or days under these conditions. */
export function predict(fit: BaselineFit, conditions: Conditions, length: number): Predictions {
  const terms = termsOf(fit.basis, conditions);
  const { of } = groupsOf(fit.basis, conditions, length);
  const contributions = terms.map((term, t) => term.map((value) => value * fit.slopes[t]!));
  const kwh = new Float64Array(length);
  for (let i = 0; i < length; i++) kwh[i] = levelOf(fit, of[i]!);
  for (const part of contributions) for (let i = 0; i < length; i++) kwh[i] = kwh[i]! + part[i]!;
  return { kwh, contributions };
}

/** Half the width of the 95 % prediction interval: t × s × √(1 + 1/n + d′S⁻¹d), with n and d those of the group. */
export function predictionMargins(fit: BaselineFit, conditions: Conditions, length: number): Float64Array {
  const terms = termsOf(fit.basis, conditions);
  const { of } = groupsOf(fit.basis, conditions, length);
  const t = tQuantile(0.975, fit.freedom);
  return Float64Array.from({ length }, (_, i) => {
    const values = terms.map((term) => term[i]!);
    return t * fit.rmse * Math.sqrt(1 + leverage(fit, values, of[i]!));
  });
}

function levelOf({ levels, counts }: BaselineFit, group: number): number {
  return counts[group]! > 0 ? levels[group]! : Number.NaN;
}

/** Leverage of the conditions, their distance from the training data: 1/n + d′S⁻¹d. */
export function leverage(
  { means, inverse, counts }: Pick<BaselineFit, 'means' | 'inverse' | 'counts'>,
  values: readonly number[],
  group: number,
): number {
  const p = values.length;
  const away = values.map((value, t) => value - means[group * p + t]!);
  let sum = 1 / counts[group]!;
  for (let a = 0; a < p; a++) {
    for (let b = 0; b < p; b++) sum += away[a]! * inverse[a * p + b]! * away[b]!;
  }
  return sum;
}

/** Marks the values outside the training range. */
export function extrapolated(
  ranges: readonly { readonly min: number; readonly max: number }[],
  values: readonly number[],
): number[] {
  return values.flatMap((value, d) => {
    const { min, max } = ranges[d]!;
    return value < min || value > max ? [d] : [];
  });
}

/** Above 2 σ a warning, above 3 σ critical. */
export function severityOf(deviation: number, sigma: number): Severity {
  const size = Math.abs(deviation);
  return size > 3 * sigma ? 'critical' : size > 2 * sigma ? 'warning' : 'normal';
}

type Spread = Pick<BaselineFit, 'rmse' | 'n' | 'freedom' | 'effectiveN'>;

/** σ of the sum over `count` hours or days; autocorrelated residuals increase it by √(n ÷ n′). */
export function totalSigma({ rmse, n, effectiveN }: Spread, count: number): number {
  return rmse * Math.sqrt((count * n) / effectiveN);
}

/**
 * Uncertainty of the energy avoided over `count` hours or days, at 90 % confidence, kWh: 1.26 × t × RMSE × √(m (n/n′) (1 + 2/n′)) (ASHRAE
 * Guideline 14-2014, annex B, equation B-13 times the mean use).
 */
export function savingsUncertainty({ rmse, n, freedom, effectiveN }: Spread, count: number): number {
  const t = tQuantile(0.95, Math.max(effectiveN - (n - freedom), 1));
  return 1.26 * t * rmse * Math.sqrt(count * (n / effectiveN) * (1 + 2 / effectiveN));
}
