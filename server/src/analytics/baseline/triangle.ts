/** An upper triangle R of columns in the order of their pivots: `values[i * p + k]`, i ≤ k. */
export interface Triangle {
  readonly values: Float64Array;
  /** The column at each pivot position. */
  readonly order: readonly number[];
  /** Number of linearly independent columns; the columns after them are their combinations. */
  readonly rank: number;
}

/** A column counts as a linear combination if the others explain all but this share of it, as in R's `lm`: its slope would be a rounding error. */
export const RANK_TOLERANCE = 1e-7;
/** Squared lengths below this are recomputed: the subtractions have cancelled their digits. */
const STALE = 1e-6;

/**
 * Householder QR with column pivoting (Golub and Van Loan, Matrix Computations, 5.4.2) of columns of unit length. Works in place: it
 * overwrites the columns, and the first p elements of `y` become Q′y.
 */
export function triangulate(columns: readonly Float64Array[], y: Float64Array): Triangle {
  const p = columns.length;
  const order = [...columns.keys()];
  const left = new Float64Array(p).fill(1);
  const values = new Float64Array(p * p);
  for (let k = 0; k < p; k++) {
    const best = longest(order, left, k);
    [order[k], order[best]] = [order[best]!, order[k]!];
    for (let i = 0; i < k; i++) {
      const swapped = values[i * p + k]!;
      values[i * p + k] = values[i * p + best]!;
      values[i * p + best] = swapped;
    }
    const pivot = columns[order[k]!]!;
    const norm = Math.sqrt(squaresFrom(pivot, k));
    if (norm < RANK_TOLERANCE) return { values, order, rank: k };
    const head = pivot[k]!;
    const diagonal = head > 0 ? -norm : norm;
    pivot[k] = head - diagonal;
    const scale = 1 / (norm * (norm + Math.abs(head)));
    for (let j = k + 1; j < p; j++) {
      const c = order[j]!;
      const target = columns[c]!;
      reflect(pivot, target, k, scale);
      const above = target[k]!;
      values[k * p + j] = above;
      left[c] = left[c]! - above * above;
      if (left[c]! < STALE) left[c] = squaresFrom(target, k + 1);
    }
    reflect(pivot, y, k, scale);
    values[k * p + k] = diagonal;
  }
  return { values, order, rank: p };
}

/** The inverse of a triangle of full rank, row by row, in pivot order. */
export function invertTriangle({ values, order }: Triangle): Float64Array {
  const p = order.length;
  const inverse = new Float64Array(p * p);
  for (let k = 0; k < p; k++) {
    inverse[k * p + k] = 1 / values[k * p + k]!;
    for (let i = k - 1; i >= 0; i--) {
      let sum = 0;
      for (let j = i + 1; j <= k; j++) sum += values[i * p + j]! * inverse[j * p + k]!;
      inverse[i * p + k] = -sum / values[i * p + i]!;
    }
  }
  return inverse;
}

function longest(order: readonly number[], left: Float64Array, from: number): number {
  let best = from;
  for (let j = from + 1; j < order.length; j++) {
    if (left[order[j]!]! > left[order[best]!]!) best = j;
  }
  return best;
}

/** target −= scale × pivot × (pivot · target), from element k. */
function reflect(pivot: Float64Array, target: Float64Array, k: number, scale: number): void {
  const n = target.length;
  let dot = 0;
  for (let i = k; i < n; i++) dot += pivot[i]! * target[i]!;
  const factor = scale * dot;
  for (let i = k; i < n; i++) target[i] = target[i]! - factor * pivot[i]!;
}

function squaresFrom(column: Float64Array, from: number): number {
  let sum = 0;
  for (let i = from; i < column.length; i++) sum += column[i]! * column[i]!;
  return sum;
}
