import fCdf from '@stdlib/stats-base-dists-f-cdf';
import tCdf from '@stdlib/stats-base-dists-t-cdf';

/** What multiple linear regression of `y` on some columns finds. Statistics as statsmodels' OLS gives them, with an intercept. */
export interface Regression {
  /** Observations. */
  readonly n: number;
  readonly intercept: Estimate;
  /** In the order of the columns. */
  readonly coefficients: readonly (Estimate & { readonly vif: number })[];
  readonly rSquared: number;
  readonly adjustedRSquared: number;
  /** √(SSE ÷ (n − p − 1)): p columns and the intercept are paid for. */
  readonly rmse: number;
  /** Mean of the absolute residuals. */
  readonly mae: number;
  /** rmse ÷ mean of y (ASHRAE Guideline 14). NaN where the mean is 0. */
  readonly cvRmse: number;
  /** Σ residuals ÷ ((n − p − 1) × mean of y); 0 up to rounding where the model was fitted. */
  readonly nmbe: number;
  readonly fValue: number;
  readonly fPValue: number;
  /** Lag-1 autocorrelation of the residuals in the order given. */
  readonly autocorrelation: number;
  /** n (1 − ρ) ÷ (1 + ρ), for ρ > 0 (ASHRAE Guideline 14, annex B). */
  readonly effectiveN: number;
  readonly fitted: Float64Array;
  readonly residuals: Float64Array;
  /** Means of the columns, and the inverse of their centred cross products, row by row: for errors of predictions. */
  readonly means: Float64Array;
  readonly inverse: Float64Array;
}

export interface Estimate {
  readonly value: number;
  readonly standardError: number;
  readonly t: number;
  /** Two-sided. */
  readonly pValue: number;
}

/** Why a regression cannot be had. Columns are numbers. */
export type Degenerate =
  | { readonly kind: 'too_few'; readonly n: number; readonly needed: number }
  | { readonly kind: 'constant'; readonly columns: readonly number[] }
  /** These columns are sums of multiples of the others. */
  | { readonly kind: 'collinear'; readonly columns: readonly number[] };

/** A column whose part that the others do not tell is smaller than this is taken for their combination. */
const RANK_TOLERANCE = 1e-9;

/**
 * Least squares by Householder QR with column pivoting on centred columns of unit length (Golub and Van Loan, Matrix Computations, 5.4.2),
 * which keeps 13 digits on NIST's Longley data where normal equations keep 7.
 * @param columns each as long as `y`, without NaN
 */
export function leastSquares(columns: readonly Float64Array[], y: Float64Array): Regression | Degenerate {
  const [n, p] = [y.length, columns.length];
  if (n < p + 2) return { kind: 'too_few', n, needed: p + 2 };
  const means = Float64Array.from(columns, meanOf);
  const norms = new Float64Array(p);
  const scaled = columns.map((column, c) => {
    const centred = column.map((value) => value - (means[c] as number));
    const norm = Math.hypot(...chunked(centred));
    norms[c] = norm;
    return centred.map((value) => value / norm);
  });
  const constant = [...norms.keys()].filter(
    (c) => !((norms[c] as number) > 1e-12 * Math.abs(means[c] as number) * Math.sqrt(n)),
  );
  if (constant.length > 0) return { kind: 'constant', columns: constant };
  const meanY = meanOf(y);
  const rotated = y.map((value) => value - meanY);
  const { order, rank } = triangulate(scaled, rotated);
  if (rank < p) return { kind: 'collinear', columns: order.slice(rank).sort((a, b) => a - b) };
  const inverseR = invertUpper(scaled, order);
  const slopes = new Float64Array(p);
  const inverse = new Float64Array(p * p);
  for (let i = 0; i < p; i++) {
    const a = order[i] as number;
    for (let k = i; k < p; k++) {
      slopes[a] =
        (slopes[a] as number) + ((inverseR[i * p + k] as number) * (rotated[k] as number)) / (norms[a] as number);
    }
    for (let j = 0; j < p; j++) {
      const b = order[j] as number;
      let sum = 0;
      for (let k = Math.max(i, j); k < p; k++) sum += (inverseR[i * p + k] as number) * (inverseR[j * p + k] as number);
      inverse[a * p + b] = sum / ((norms[a] as number) * (norms[b] as number));
    }
  }
  return statistics({ columns, y, means, meanY, norms, slopes, inverse });
}

interface Solved {
  readonly columns: readonly Float64Array[];
  readonly y: Float64Array;
  readonly means: Float64Array;
  readonly meanY: number;
  readonly norms: Float64Array;
  readonly slopes: Float64Array;
  readonly inverse: Float64Array;
}

function statistics({ columns, y, means, meanY, norms, slopes, inverse }: Solved): Regression {
  const [n, p] = [y.length, columns.length];
  const freedom = n - p - 1;
  const fitted = new Float64Array(n).fill(meanY);
  for (const [c, column] of columns.entries()) {
    for (let i = 0; i < n; i++) {
      fitted[i] = (fitted[i] as number) + (slopes[c] as number) * ((column[i] as number) - (means[c] as number));
    }
  }
  const residuals = y.map((value, i) => value - (fitted[i] as number));
  const sse = squares(residuals);
  const sst = squares(y.map((value) => value - meanY));
  const variance = sse / freedom;
  const estimate = (value: number, standardError: number): Estimate => {
    const t = value / standardError;
    return { value, standardError, t, pValue: 2 * tCdf(-Math.abs(t), freedom) };
  };
  let spread = 1 / n;
  for (let a = 0; a < p; a++) {
    for (let b = 0; b < p; b++) spread += (means[a] as number) * (inverse[a * p + b] as number) * (means[b] as number);
  }
  const intercept = slopes.reduce((sum, slope, c) => sum - slope * (means[c] as number), meanY);
  const rSquared = 1 - sse / sst;
  const fValue = p === 0 ? Number.NaN : (sst - sse) / p / variance;
  const rmse = Math.sqrt(variance);
  const autocorrelation = lagOne(residuals) / sse;
  return {
    n,
    intercept: estimate(intercept, Math.sqrt(variance * spread)),
    coefficients: Array.from(slopes, (slope, c) => ({
      ...estimate(slope, Math.sqrt(variance * (inverse[c * p + c] as number))),
      vif: (inverse[c * p + c] as number) * (norms[c] as number) ** 2,
    })),
    rSquared,
    adjustedRSquared: 1 - ((1 - rSquared) * (n - 1)) / freedom,
    rmse,
    mae: residuals.reduce((sum, residual) => sum + Math.abs(residual), 0) / n,
    cvRmse: rmse / meanY,
    nmbe: residuals.reduce((sum, residual) => sum + residual, 0) / (freedom * meanY),
    fValue,
    fPValue: upperTail(fValue, p, freedom),
    autocorrelation,
    effectiveN: autocorrelation > 0 ? (n * (1 - autocorrelation)) / (1 + autocorrelation) : n,
    fitted,
    residuals,
    means,
    inverse,
  };
}

/** P(F > f), which 1 − cdf loses to rounding when it is tiny: F(f; a, b) = 1 − F(1/f; b, a). */
function upperTail(f: number, a: number, b: number): number {
  return fCdf(1 / f, b, a);
}

/**
 * Turns columns into an upper triangle in place (`R[i][k]` is element i of column `order[k]`), and `y` with them.
 * @returns the columns in the order of their pivots, and how many of them stand by themselves
 */
function triangulate(columns: Float64Array[], y: Float64Array): { order: number[]; rank: number } {
  const [n, p] = [y.length, columns.length];
  const order = [...columns.keys()];
  for (let k = 0; k < p; k++) {
    const lengths = order.map((c, place) => (place < k ? -1 : tailNorm(columns[c] as Float64Array, k)));
    const best = lengths.indexOf(Math.max(...lengths));
    [order[k], order[best]] = [order[best] as number, order[k] as number];
    const pivot = columns[order[k] as number] as Float64Array;
    const norm = lengths[best] as number;
    if (norm < RANK_TOLERANCE) return { order, rank: k };
    const head = pivot[k] as number;
    const diagonal = head > 0 ? -norm : norm;
    const reflector = pivot.slice(k);
    reflector[0] = head - diagonal;
    const scale = 2 / squares(reflector);
    for (const target of [...order.slice(k + 1).map((c) => columns[c] as Float64Array), y]) {
      let dot = 0;
      for (let i = k; i < n; i++) dot += (reflector[i - k] as number) * (target[i] as number);
      for (let i = k; i < n; i++) target[i] = (target[i] as number) - scale * dot * (reflector[i - k] as number);
    }
    pivot[k] = diagonal;
    pivot.fill(0, k + 1);
  }
  return { order, rank: p };
}

/** The inverse of the triangle, row by row. */
function invertUpper(columns: readonly Float64Array[], order: readonly number[]): Float64Array {
  const p = order.length;
  const r = (i: number, k: number) => (columns[order[k] as number] as Float64Array)[i] as number;
  const inverse = new Float64Array(p * p);
  for (let k = 0; k < p; k++) {
    inverse[k * p + k] = 1 / r(k, k);
    for (let i = k - 1; i >= 0; i--) {
      let sum = 0;
      for (let j = i + 1; j <= k; j++) sum += r(i, j) * (inverse[j * p + k] as number);
      inverse[i * p + k] = -sum / r(i, i);
    }
  }
  return inverse;
}

/** A second pass takes out what rounding left in the first. */
function meanOf(values: Float64Array): number {
  const first = values.reduce((sum, value) => sum + value, 0) / values.length;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

function squares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

function lagOne(values: Float64Array): number {
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += (values[i] as number) * (values[i - 1] as number);
  return sum;
}

function tailNorm(column: Float64Array, from: number): number {
  return Math.sqrt(squares(column.subarray(from)));
}

/** Norms of parts, for `Math.hypot`, which takes no more arguments than the stack. */
function chunked(values: Float64Array): number[] {
  const parts: number[] = [];
  for (let from = 0; from < values.length; from += 4096)
    parts.push(Math.sqrt(squares(values.subarray(from, from + 4096))));
  return parts;
}
