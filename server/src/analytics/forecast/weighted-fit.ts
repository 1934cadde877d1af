/** A matrix, stored row by row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/**
 * Iterations of reweighting. Each moves the centre of a skewed sample about a fifth closer to its median; more iterations do not change the
 * forecasts.
 */
const ROUNDS = 10;
/** Ridge penalty of a slope as a share of its column's variance, so that collinear columns share their effect. */
const RIDGE = 1e-3;

/**
 * Slopes that minimize the weighted sum of absolute errors (median regression by iteratively reweighted ridge least squares: Schlossmacher,
 * J. Am. Stat. Assoc. 68 (1973) 857). The first column is the intercept and has no penalty.
 * @param weights of the rows; 0 excludes a row
 */
export function fitAbsolute(x: Matrix, y: Float64Array, weights: Float64Array): Float64Array {
  let slopes = fitSquares(x, y, weights);
  const current = new Float64Array(weights.length);
  for (let round = 0; round < ROUNDS; round++) {
    const errors = y.map((value, r) => Math.abs(value - dot(x, r, slopes)));
    const minError = 0.05 * weightedMean(errors, weights) || 1e-12;
    for (let r = 0; r < current.length; r++) {
      current[r] = weights[r] === 0 ? 0 : weights[r]! / Math.max(errors[r]!, minError);
    }
    slopes = fitSquares(x, y, current);
  }
  return slopes;
}

/** Slopes that minimize the weighted sum of squared errors, with a small ridge penalty. */
export function fitSquares(x: Matrix, y: Float64Array, weights: Float64Array): Float64Array {
  const p = x.columns;
  const gram = new Float64Array(p * p);
  const moments = new Float64Array(p);
  for (let r = 0; r < x.rows; r++) {
    const weight = weights[r]!;
    if (weight === 0) continue;
    const at = r * p;
    for (let i = 0; i < p; i++) {
      const scaled = weight * x.values[at + i]!;
      if (scaled === 0) continue;
      moments[i] = moments[i]! + scaled * y[r]!;
      for (let j = i; j < p; j++) {
        gram[i * p + j] = gram[i * p + j]! + scaled * x.values[at + j]!;
      }
    }
  }
  const total = gram[0]!;
  for (let i = 1; i < p; i++) {
    const variance = gram[i * p + i]! - gram[i]! ** 2 / total;
    gram[i * p + i] = gram[i * p + i]! + RIDGE * Math.max(variance, 0) + 1e-9 * (total || 1);
  }
  return solveSymmetric(gram, moments);
}

/** The fitted value of a row. */
export function dot(x: Matrix, row: number, slopes: Float64Array): number {
  let sum = 0;
  const at = row * x.columns;
  for (let i = 0; i < slopes.length; i++) sum += x.values[at + i]! * slopes[i]!;
  return sum;
}

/** Solves a positive definite system by Cholesky decomposition; reads and overwrites the upper triangle. */
function solveSymmetric(a: Float64Array, b: Float64Array): Float64Array {
  const p = b.length;
  for (let i = 0; i < p; i++) {
    for (let j = i; j < p; j++) {
      let sum = a[i * p + j]!;
      for (let k = 0; k < i; k++) sum -= a[k * p + i]! * a[k * p + j]!;
      if (j === i) a[i * p + i] = Math.sqrt(Math.max(sum, 1e-300));
      else a[i * p + j] = sum / a[i * p + i]!;
    }
  }
  const solution = b.slice();
  for (let i = 0; i < p; i++) {
    for (let k = 0; k < i; k++) solution[i] = solution[i]! - a[k * p + i]! * solution[k]!;
    solution[i] = solution[i]! / a[i * p + i]!;
  }
  for (let i = p - 1; i >= 0; i--) {
    for (let k = i + 1; k < p; k++) solution[i] = solution[i]! - a[i * p + k]! * solution[k]!;
    solution[i] = solution[i]! / a[i * p + i]!;
  }
  return solution;
}

function weightedMean(values: Float64Array, weights: Float64Array): number {
  let [sum, total] = [0, 0];
  for (let r = 0; r < values.length; r++) {
    const weight = weights[r]!;
    if (weight === 0) continue;
    sum += weight * values[r]!;
    total += weight;
  }
  return sum / total;
}
