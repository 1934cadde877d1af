import fCdf from '@stdlib/stats-base-dists-f-cdf';
import tCdf from '@stdlib/stats-base-dists-t-cdf';
import { invertTriangle, type Triangle, triangulate } from './triangle.ts';

/** The result of a multiple linear regression of `y` on columns, with an intercept. Statistics equal those of statsmodels' OLS. */
export interface Regression {
  /** Number of observations. */
  readonly n: number;
  /** Degrees of freedom: n minus the number of estimated parameters. */
  readonly freedom: number;
  /** With several groups, the mean of their levels. */
  readonly intercept: Estimate;
  /** In the order of the columns. */
  readonly coefficients: readonly (Estimate & { readonly vif: number })[];
  readonly rSquared: number;
  readonly adjustedRSquared: number;
  /** √(SSE ÷ freedom). */
  readonly rmse: number;
  /** Mean absolute residual. */
  readonly mae: number;
  /** rmse ÷ mean of y (ASHRAE Guideline 14). NaN if the mean is 0. */
  readonly cvRmse: number;
  /** Σ residuals ÷ (freedom × mean of y); 0, within rounding, on the training data. */
  readonly nmbe: number;
  readonly fValue: number;
  readonly fPValue: number;
  /** Lag-1 autocorrelation of the residuals in the given order. */
  readonly autocorrelation: number;
  /** n (1 − ρ) ÷ (1 + ρ), for ρ > 0 (ASHRAE Guideline 14, annex B). */
  readonly effectiveN: number;
  readonly fitted: Float64Array;
  readonly residuals: Float64Array;
  /** Intercept and number of observations of each group; NaN and 0 for a group without observations. */
  readonly levels: Float64Array;
  readonly counts: Float64Array;
  /** Means of the columns by group; 0 for a group without observations. */
  readonly means: Float64Array;
  /** Inverse of the columns' cross products within groups, row by row, for the errors of predictions. */
  readonly inverse: Float64Array;
}

export interface Estimate {
  readonly value: number;
  readonly standardError: number;
  readonly t: number;
  /** Two-sided. */
  readonly pValue: number;
}

/** Why a regression is impossible. Columns are indexes. */
export type Degenerate =
  | { readonly kind: 'too_few'; readonly n: number; readonly needed: number }
  /** `y` does not vary. */
  | { readonly kind: 'flat' }
  | { readonly kind: 'constant'; readonly columns: readonly number[] }
  /** These columns are linear combinations of the others. */
  | { readonly kind: 'collinear'; readonly columns: readonly number[] };

/** The intercept group of each observation, from 0. */
export interface Groups {
  readonly of: ArrayLike<number>;
  readonly count: number;
}

/**
 * Least squares by pivoted Householder QR on centred columns of unit length, which keeps 13 digits on NIST's Longley data where
 * normal equations keep 7. The intercepts of groups are eliminated by centring within groups, which changes no estimate
 * (Frisch–Waugh–Lovell theorem) and saves a column for each group.
 * @param columns each as long as `y`, without NaN
 * @param groups default: all observations are one group
 * @param penalties ridge penalty of each slope, relative to the squared length of its column within groups; default: none. With penalties,
 *   the degrees of freedom are the effective ones, and standard errors and the inverse are those of the slopes' posterior distribution
 *   (Wood, Generalized Additive Models, 2nd ed., 6.10).
 */
export function leastSquares(
  columns: readonly Float64Array[],
  y: Float64Array,
  groups: Groups = { of: new Uint8Array(y.length), count: 1 },
  penalties: readonly number[] = [],
): Regression | Degenerate {
  const [n, p] = [y.length, columns.length];
  const counts = new Float64Array(groups.count);
  for (let i = 0; i < n; i++) counts[groups.of[i]!] = counts[groups.of[i]!]! + 1;
  const freedom = n - p - counts.filter((count) => count > 0).length;
  if (freedom < 1) return { kind: 'too_few', n, needed: n - freedom + 1 };
  const means = new Float64Array(groups.count * p);
  const norms = new Float64Array(p);
  const constant: number[] = [];
  // One additional observation for each column pulls its slope towards 0; its weight is the penalty.
  const asides = penalties.length === 0 ? 0 : p;
  const unit = columns.map((column, c) => {
    const { centred, centres } = centre(column, groups, counts);
    for (let g = 0; g < groups.count; g++) means[g * p + c] = centres[g]!;
    const length = Math.sqrt(squares(centred));
    if (!(length > 1e-12 * Math.sqrt(squares(column)))) constant.push(c);
    const penalty = penalties[c] ?? 0;
    const norm = length * Math.sqrt(1 + penalty);
    norms[c] = norm;
    for (let i = 0; i < n; i++) centred[i] = centred[i]! / norm;
    const scaled = lengthened(centred, asides);
    if (asides > 0) scaled[n + c] = Math.sqrt(penalty / (1 + penalty));
    return scaled;
  });
  if (constant.length > 0) return { kind: 'constant', columns: constant };
  if (isFlat(y)) return { kind: 'flat' };
  const { centred, centres: levels } = centre(y, groups, counts);
  const rotated = lengthened(centred, asides);
  const triangle = triangulate(unit, rotated);
  if (triangle.rank < p)
    return { kind: 'collinear', columns: triangle.order.slice(triangle.rank).sort((a, b) => a - b) };
  const solved = solve(triangle, rotated, norms);
  let effective = p;
  for (const [c, penalty] of penalties.entries())
    effective -= (penalty / (1 + penalty)) * solved.inverse[c * p + c]! * norms[c]! ** 2;
  return statistics({ columns, y, groups, counts, freedom: freedom + p - effective, means, levels, norms, ...solved });
}

/** P(F > f) by F(f; a, b) = 1 − F(1/f; b, a), since 1 − cdf loses tiny values to rounding. */
export function upperTail(f: number, a: number, b: number): number {
  if (f <= 0) return 1;
  return fCdf(1 / f, b, a);
}

interface Solved {
  readonly columns: readonly Float64Array[];
  readonly y: Float64Array;
  readonly groups: Groups;
  readonly counts: Float64Array;
  readonly freedom: number;
  readonly means: Float64Array;
  /** Means of y by group. */
  readonly levels: Float64Array;
  readonly norms: Float64Array;
  readonly slopes: Float64Array;
  readonly inverse: Float64Array;
}

/** Slopes and the inverse of the cross products, for columns of their original length. */
function solve(triangle: Triangle, rotated: Float64Array, norms: Float64Array) {
  const p = norms.length;
  const inverseR = invertTriangle(triangle);
  const slopes = new Float64Array(p);
  const inverse = new Float64Array(p * p);
  for (let i = 0; i < p; i++) {
    const a = triangle.order[i]!;
    let slope = 0;
    for (let k = i; k < p; k++) slope += inverseR[i * p + k]! * rotated[k]!;
    slopes[a] = slope / norms[a]!;
    for (let j = 0; j < p; j++) {
      const b = triangle.order[j]!;
      let sum = 0;
      for (let k = Math.max(i, j); k < p; k++) sum += inverseR[i * p + k]! * inverseR[j * p + k]!;
      inverse[a * p + b] = sum / (norms[a]! * norms[b]!);
    }
  }
  return { slopes, inverse };
}

function statistics(solved: Solved): Regression {
  const { y, counts, freedom, means, levels: meansOfY, norms, slopes, inverse } = solved;
  const [n, p, groups] = [y.length, slopes.length, counts.length];
  const overall = Float64Array.from({ length: p }, (_, c) => weightedMean(counts, (g) => means[g * p + c]!));
  const meanY = weightedMean(counts, (g) => meansOfY[g]!);
  const levels = Float64Array.from({ length: groups }, (_, g) =>
    counts[g]! === 0 ? Number.NaN : slopes.reduce((sum, slope, c) => sum - slope * means[g * p + c]!, meansOfY[g]!),
  );
  const { fitted, residuals, sse, sst, absolute, sum, lagged } = residualsOf(solved, meanY);
  const variance = sse / freedom;
  const estimate = (value: number, standardError: number): Estimate => {
    const t = value / standardError;
    return { value, standardError, t, pValue: 2 * tCdf(-Math.abs(t), freedom) };
  };
  let spread = 1 / n;
  for (let a = 0; a < p; a++) {
    for (let b = 0; b < p; b++) spread += overall[a]! * inverse[a * p + b]! * overall[b]!;
  }
  const intercept = slopes.reduce((rest, slope, c) => rest - slope * overall[c]!, meanY);
  const rSquared = 1 - sse / sst;
  const explained = n - freedom - 1;
  const fValue = explained === 0 ? Number.NaN : (sst - sse) / explained / variance;
  const autocorrelation = lagged / sse;
  return {
    n,
    freedom,
    intercept: estimate(intercept, Math.sqrt(variance * spread)),
    coefficients: Array.from(slopes, (slope, c) => ({
      ...estimate(slope, Math.sqrt(variance * inverse[c * p + c]!)),
      vif: inverse[c * p + c]! * norms[c]! ** 2,
    })),
    rSquared,
    adjustedRSquared: 1 - ((1 - rSquared) * (n - 1)) / freedom,
    rmse: Math.sqrt(variance),
    mae: absolute / n,
    cvRmse: Math.sqrt(variance) / meanY,
    nmbe: sum / (freedom * meanY),
    fValue,
    fPValue: upperTail(fValue, explained, freedom),
    autocorrelation,
    effectiveN: autocorrelation > 0 ? (n * (1 - autocorrelation)) / (1 + autocorrelation) : n,
    fitted,
    residuals,
    levels,
    counts,
    means,
    inverse,
  };
}

/** Fitted values, residuals, and the statistics of both. */
function residualsOf({ columns, y, groups, means, levels, slopes }: Solved, meanY: number) {
  const [n, p] = [y.length, slopes.length];
  const fitted = new Float64Array(n);
  for (let i = 0; i < n; i++) fitted[i] = levels[groups.of[i]!]!;
  for (let c = 0; c < p; c++) {
    const [column, slope] = [columns[c]!, slopes[c]!];
    for (let i = 0; i < n; i++) {
      const centre = means[groups.of[i]! * p + c]!;
      fitted[i] = fitted[i]! + slope * (column[i]! - centre);
    }
  }
  const residuals = new Float64Array(n);
  let [sse, sst, absolute, sum, lagged, before] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const residual = y[i]! - fitted[i]!;
    const away = y[i]! - meanY;
    residuals[i] = residual;
    sse += residual * residual;
    sst += away * away;
    absolute += Math.abs(residual);
    sum += residual;
    lagged += residual * before;
    before = residual;
  }
  // The residuals of a perfect fit are rounding errors, so no statistic is infinite.
  return { fitted, residuals, sse: Math.max(sse, Number.EPSILON ** 2 * sst), sst, absolute, sum, lagged };
}

function lengthened(values: Float64Array, rows: number): Float64Array {
  if (rows === 0) return values;
  const longer = new Float64Array(values.length + rows);
  longer.set(values);
  return longer;
}

/** A column minus the mean of each group. A second pass removes the rounding error of the first. */
export function centre(column: Float64Array, { of, count }: Groups, counts: Float64Array) {
  const centred = column.slice();
  const centres = new Float64Array(count);
  const sums = new Float64Array(count);
  for (let pass = 0; pass < 2; pass++) {
    sums.fill(0);
    for (let i = 0; i < centred.length; i++) sums[of[i]!] = sums[of[i]!]! + centred[i]!;
    for (let g = 0; g < count; g++) {
      sums[g] = counts[g]! === 0 ? 0 : sums[g]! / counts[g]!;
      centres[g] = centres[g]! + sums[g]!;
    }
    for (let i = 0; i < centred.length; i++) centred[i] = centred[i]! - sums[of[i]!]!;
  }
  return { centred, centres };
}

function isFlat(y: Float64Array): boolean {
  const first = y[0]!;
  return y.every((value) => Math.abs(value - first) <= 1e-12 * Math.abs(first));
}

function weightedMean(counts: Float64Array, ofGroup: (group: number) => number): number {
  let [sum, n] = [0, 0];
  for (const [g, count] of counts.entries()) {
    sum += count * ofGroup(g);
    n += count;
  }
  return sum / n;
}

function squares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}
