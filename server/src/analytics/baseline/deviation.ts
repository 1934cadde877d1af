import tQuantile from '@stdlib/stats-base-dists-t-quantile';

/** What a model needs to be held against new hours. */
export interface BaselineFit {
  readonly intercept: number;
  /** In the order of the drivers, as everything below. */
  readonly slopes: readonly number[];
  readonly means: readonly number[];
  /** Inverse of the centred cross products of the drivers, row by row. */
  readonly inverse: readonly number[];
  readonly ranges: readonly { readonly min: number; readonly max: number }[];
  readonly rmse: number;
  readonly n: number;
  readonly effectiveN: number;
}

export type Severity = 'normal' | 'warning' | 'critical';

export function predict({ intercept, slopes }: BaselineFit, drivers: readonly number[]): number {
  return slopes.reduce((sum, slope, d) => sum + slope * (drivers[d] as number), intercept);
}

/** Half the width of the 95 % prediction interval of one hour: t × s × √(1 + 1/n + d′S⁻¹d). */
export function predictionMargin(fit: BaselineFit, drivers: readonly number[]): number {
  const { means, inverse, rmse, n } = fit;
  const away = drivers.map((value, d) => value - (means[d] as number));
  let leverage = 1 / n;
  for (const [a, left] of away.entries()) {
    for (const [b, right] of away.entries()) leverage += left * (inverse[a * away.length + b] as number) * right;
  }
  return tQuantile(0.975, n - means.length - 1) * rmse * Math.sqrt(1 + leverage);
}

/** Drivers outside what the model was trained on. */
export function extrapolated({ ranges }: BaselineFit, drivers: readonly number[]): number[] {
  return drivers.flatMap((value, d) => {
    const { min, max } = ranges[d] as { min: number; max: number };
    return value < min || value > max ? [d] : [];
  });
}

/** Beyond 2 σ a warning, beyond 3 σ critical. */
export function severityOf(deviation: number, sigma: number): Severity {
  const size = Math.abs(deviation);
  return size > 3 * sigma ? 'critical' : size > 2 * sigma ? 'warning' : 'normal';
}

/** σ of the sum over `hours`: residuals that resemble their neighbours add up to more, as n ÷ n′ has it. */
export function totalSigma({ rmse, n, effectiveN }: BaselineFit, hours: number): number {
  return rmse * Math.sqrt((hours * n) / effectiveN);
}

/**
 * Uncertainty of the energy avoided over `hours`, at 90 % confidence, kWh: 1.26 × t × RMSE × √(m (n/n′) (1 + 2/n′)) (ASHRAE Guideline
 * 14-2014, annex B, equation B-13 times the mean use).
 */
export function savingsUncertainty({ rmse, n, effectiveN, means }: BaselineFit, hours: number): number {
  const t = tQuantile(0.95, Math.max(effectiveN - means.length - 1, 1));
  return 1.26 * t * rmse * Math.sqrt(hours * (n / effectiveN) * (1 + 2 / effectiveN));
}
