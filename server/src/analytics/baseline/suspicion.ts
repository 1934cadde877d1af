/** Why a driver may be derived from the energy. */
export interface Suspicion {
  /** Share of the variance that the driver explains alone. */
  readonly rSquared: number;
  /** Whether it is a rounded multiple of the energy. */
  readonly isCopy: boolean;
}

/** A driver that explains a greater share alone is suspected to be the energy itself. */
const MAX_R_SQUARED = 0.95;
const MIN_LEVELS = 3;
/** Minimum share of the values that a rounded copy must match. */
const MIN_MATCHES = 0.99;
const MIN_COPY_R_SQUARED = 0.7;

/**
 * Why a column may be derived from the energy; null if there is no sign of it.
 * @param column without NaN, as long as `kwh`
 */
export function suspicionOf(column: Float64Array, kwh: Float64Array): Suspicion | null {
  const rSquared = rSquaredOf(column, kwh);
  const isCopy = rSquared > MIN_COPY_R_SQUARED && isRoundedMultiple(column, kwh);
  return isCopy || rSquared > MAX_R_SQUARED ? { rSquared, isCopy } : null;
}

function rSquaredOf(x: Float64Array, y: Float64Array): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - meanX, y[i]! - meanY];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return xx > 0 && yy > 0 ? (xy * xy) / (xx * yy) : 0;
}

/** x = round(factor × y) to the resolution of x. */
function isRoundedMultiple(x: Float64Array, y: Float64Array): boolean {
  const resolution = resolutionOf(x);
  if (resolution === null) return false;
  let [xy, yy] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += x[i]! * y[i]!;
    yy += y[i]! * y[i]!;
  }
  const factor = xy / yy;
  // Half a step, plus the error of the estimated factor.
  const matches = x.filter((value, i) => Math.abs(value - factor * y[i]!) <= 0.6 * resolution).length;
  return matches >= MIN_MATCHES * x.length;
}

/** The smallest difference between values; null for fewer than three values. */
function resolutionOf(x: Float64Array): number | null {
  const levels = [...new Set(x)].sort((a, b) => a - b);
  if (levels.length < MIN_LEVELS) return null;
  return levels.slice(1).reduce((min, level, i) => Math.min(min, level - levels[i]!), Number.POSITIVE_INFINITY);
}

function mean(column: Float64Array): number {
  return column.reduce((sum, value) => sum + value, 0) / column.length;
}
