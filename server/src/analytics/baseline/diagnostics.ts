import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Basis, groupsOf, termsOf } from './basis.ts';
import type { Observations } from './conditions.ts';
import { leverage } from './deviation.ts';
import { leastSquares, type Regression } from './least-squares.ts';

/** Diagnostics of a model from its residuals. */
export interface Diagnostics {
  /** Durbin–Watson statistic, 0 to 4; near 2 without autocorrelation. */
  readonly durbinWatson: number;
  /** p of constant variance of the residuals (Breusch–Pagan test, Koenker's form, F); null if it cannot be tested. */
  readonly heteroscedasticityP: number | null;
  /** The most influential observations, by Cook's distance. */
  readonly influential: readonly { readonly start: number; readonly cooksDistance: number }[];
  /** UTC days with an observation. */
  readonly days: number;
  /** UTC months whose predictions deviate by more than 1 % of their energy (CalTRACK 3.7.5.1), and all months. */
  readonly biasedMonths: number;
  readonly months: number;
}

const INFLUENTIAL = 5;
/** The Durbin–Watson statistic. */
const INDEPENDENT = 2;
const BIAS = 0.01;

interface Model {
  readonly basis: Basis;
  readonly regression: Regression;
}

export function diagnose({ basis, regression }: Model, observations: Observations): Diagnostics {
  const { residuals } = regression;
  const months = biases(observations, residuals);
  const terms = termsOf(basis, observations);
  const aside = leastSquares(
    terms,
    residuals.map((residual) => residual * residual),
  );
  return {
    durbinWatson: durbinWatson(residuals),
    heteroscedasticityP: 'kind' in aside || terms.length === 0 ? null : aside.fPValue,
    influential: influential({ basis, regression }, observations, terms),
    days: new Set(observations.starts.map((start) => Math.floor(start / UTC_DAY_MS))).size,
    biasedMonths: months.filter((bias) => Math.abs(bias) > BIAS).length,
    months: months.length,
  };
}

function durbinWatson(residuals: Float64Array): number {
  let [steps, squares] = [0, 0];
  for (let i = 0; i < residuals.length; i++) {
    const residual = residuals[i]!;
    squares += residual * residual;
    if (i > 0) steps += (residual - residuals[i - 1]!) ** 2;
  }
  return squares === 0 ? INDEPENDENT : steps / squares;
}

/** D = e² h ÷ (p s² (1 − h)²), with the leverage h (Cook, Detection of influential observation, Technometrics 19 (1977)). */
function influential(
  { basis, regression }: Model,
  observations: Observations,
  terms: readonly Float64Array[],
): Diagnostics['influential'] {
  const { residuals, rmse, n, freedom } = regression;
  const { of } = groupsOf(basis, observations, n);
  const distances = residuals.map((residual, i) => {
    const values = terms.map((term) => term[i]!);
    const h = leverage(regression, values, of[i]!);
    // A single observation of its hour of the week determines the level alone.
    if (h > 1 - 1e-9) return 0;
    return (residual ** 2 * h) / ((n - freedom) * rmse ** 2 * (1 - h) ** 2);
  });
  const order = Uint32Array.from(distances.keys()).sort((a, b) => distances[b]! - distances[a]!);
  return Array.from(order.subarray(0, INFLUENTIAL), (i) => ({
    start: observations.starts[i]!,
    cooksDistance: distances[i]!,
  }));
}

/** Σ residuals ÷ Σ energy, by month. */
function biases({ starts, kwh }: Observations, residuals: Float64Array): number[] {
  const sums = new Map<number, { left: number; all: number }>();
  for (let i = 0; i < starts.length; i++) {
    const at = new Date(starts[i]!);
    const month = at.getUTCFullYear() * 12 + at.getUTCMonth();
    const sum = sums.get(month) ?? { left: 0, all: 0 };
    sums.set(month, { left: sum.left + residuals[i]!, all: sum.all + kwh[i]! });
  }
  return [...sums.values()].map(({ left, all }) => left / all);
}
