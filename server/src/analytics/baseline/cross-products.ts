/** Centred cross products of columns with each other and with `y`, from which every subset can be fitted without the data. */
export interface CrossProducts {
  readonly p: number;
  /** Row by row. */
  readonly xx: Float64Array;
  readonly xy: Float64Array;
  readonly yy: number;
}

/** A column counts as a combination of the others if they explain all but this share of its squared length. */
const TOLERANCE = 1e-10;

/** For comparing many models; the selected one is fitted by QR, which is more accurate. */
export function crossProducts(columns: readonly Float64Array[], y: Float64Array): CrossProducts {
  const p = columns.length;
  const centred = [...columns, y].map(centre);
  const xx = new Float64Array(p * p);
  const xy = new Float64Array(p);
  const target = centred[p]!;
  for (let a = 0; a < p; a++) {
    const left = centred[a]!;
    for (let b = a; b < p; b++) {
      const product = dot(left, centred[b]!);
      xx[a * p + b] = product;
      xx[b * p + a] = product;
    }
    xy[a] = dot(left, target);
  }
  return { p, xx, xy, yy: dot(target, target) };
}

/**
 * Least squares on some of the columns by Cholesky decomposition.
 * @returns null if the columns are collinear or one does not vary
 */
export function fitSubset(
  { p, xx, xy, yy }: CrossProducts,
  subset: readonly number[],
): { readonly sse: number; readonly slopes: Float64Array } | null {
  const q = subset.length;
  const lower = new Float64Array(q * q);
  const slopes = new Float64Array(q);
  let sse = yy;
  for (let i = 0; i < q; i++) {
    const a = subset[i]!;
    for (let j = 0; j <= i; j++) {
      let rest = xx[a * p + subset[j]!]!;
      for (let k = 0; k < j; k++) rest -= lower[i * q + k]! * lower[j * q + k]!;
      if (i === j && !(rest > TOLERANCE * xx[a * p + a]!)) return null;
      lower[i * q + j] = i === j ? Math.sqrt(rest) : rest / lower[j * q + j]!;
    }
    let rest = xy[a]!;
    for (let k = 0; k < i; k++) rest -= lower[i * q + k]! * slopes[k]!;
    slopes[i] = rest / lower[i * q + i]!;
    sse -= slopes[i]! ** 2;
  }
  for (let i = q - 1; i >= 0; i--) {
    for (let k = i + 1; k < q; k++) slopes[i] = slopes[i]! - lower[k * q + i]! * slopes[k]!;
    slopes[i] = slopes[i]! / lower[i * q + i]!;
  }
  return { sse: Math.max(sse, 0), slopes };
}

function centre(column: Float64Array): Float64Array {
  let sum = 0;
  for (let i = 0; i < column.length; i++) sum += column[i]!;
  const mean = sum / column.length;
  return column.map((value) => value - mean);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
