/** Why a driver may have been made of the energy. */
export interface Suspicion {
  /** Share of the variance that the driver explains alone. */
  readonly rSquared: number;
  /** Whether it is the energy times a number, rounded. */
  readonly isCopy: boolean;
}

/** A driver that explains more alone is as good as the energy itself. */
const MAX_R_SQUARED = 0.95;
const MIN_LEVELS = 3;
/** Share of the values that a rounded copy has to match. */
const MIN_MATCHES = 0.99;
const MIN_COPY_R_SQUARED = 0.7;

/**
 * Whether a column tells so much of the energy that it may have been made of it; null where nothing speaks for that.
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
  // Half a step, and what the estimate of the factor may be off.
  const matches = x.filter((value, i) => Math.abs(value - factor * y[i]!) <= 0.6 * resolution).length;
  return matches >= MIN_MATCHES * x.length;
}

/** The least step between values; null for fewer than three of them. */
function resolutionOf(x: Float64Array): number | null {
  const levels = [...new Set(x)].sort((a, b) => a - b);
  if (levels.length < MIN_LEVELS) return null;
  return levels.slice(1).reduce((least, level, i) => Math.min(least, level - levels[i]!), Number.POSITIVE_INFINITY);
}

function mean(column: Float64Array): number {
  return column.reduce((sum, value) => sum + value, 0) / column.length;
}
