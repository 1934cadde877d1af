import tCdf from '@stdlib/stats-base-dists-t-cdf';
import { type CrossProducts, crossProducts, fitSubset } from './cross-products.ts';
import { leastSquares } from './least-squares.ts';
import { suspicionOf } from './suspicion.ts';

/** The selected drivers. Drivers are indexes of columns. */
export interface Suggestion {
  readonly drivers: readonly number[];
  readonly adjustedRSquared: number;
  /** In the order of the drivers. */
  readonly pValues: readonly number[];
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly driver: number;
  /**
   * derived: the energy itself in another unit; suspicious: explains so much alone that it may be derived; collinear: explained by others;
   * idle: explains nothing in addition to the selected ones.
   */
  readonly reason: 'constant' | 'derived' | 'suspicious' | 'collinear' | 'idle';
  /** The selected drivers that explain it. */
  readonly with: readonly number[];
}

const KEEP_P = 0.05;
/** Maximum variance inflation factor: above it, the other drivers explain more than nine tenths of a driver. */
const MAX_VIF = 10;
/** A driver is derived from the energy if it explains all but this share of the energy's variance. */
const DERIVED = 1e-4;
/** Maximum number of drivers of which all subsets are compared: 16,384 subsets. */
const MAX_TRIED = 14;

/**
 * Best subset selection: the highest adjusted R² among the subsets in which every driver has p < 0.05 and a VIF of at most 10. With more than
 * 14 drivers, forward selection reduces them to 14 first.
 * @param columns without NaN
 * @param conditions columns that are known not to be derived from the energy
 */
export function suggestDrivers({
  columns,
  kwh,
  conditions = [...columns.keys()],
}: {
  columns: readonly Float64Array[];
  kwh: Float64Array;
  conditions?: readonly number[];
}): Suggestion {
  const products = crossProducts(columns, kwh);
  const all = [...columns.keys()];
  const constant = all.filter((c) => isConstant(columns[c]!));
  const derived = all.filter((c) => !constant.includes(c) && errorOf(products, [c]) < DERIVED * products.yy);
  const honest = all.filter((c) => !constant.includes(c) && !derived.includes(c));
  const suspicious = honest.filter((c) => !conditions.includes(c) && suspicionOf(columns[c]!, kwh) !== null);
  const usable = honest.filter((c) => !suspicious.includes(c));
  const best = bestSubset(products, strongest(products, usable), columns, kwh);
  const left = (driver: number, reason: LeftOut['reason'], others: readonly number[] = []): LeftOut => ({
    driver,
    reason,
    with: others,
  });
  return {
    ...best,
    leftOut: [
      ...constant.map((c) => left(c, 'constant')),
      ...derived.map((c) => left(c, 'derived')),
      ...suspicious.map((c) => left(c, 'suspicious')),
      ...usable
        .filter((c) => !best.drivers.includes(c))
        .map((c) => {
          const others = substitutes(products, c, best.drivers);
          return left(c, others.length > 0 ? 'collinear' : 'idle', others);
        }),
    ].sort((a, b) => a.driver - b.driver),
  };
}

function bestSubset(
  products: CrossProducts,
  tried: readonly number[],
  columns: readonly Float64Array[],
  kwh: Float64Array,
): Omit<Suggestion, 'leftOut'> {
  const n = kwh.length;
  const count = 2 ** tried.length;
  const membersOf = (set: number) => tried.filter((_, bit) => (set >> bit) & 1);
  const errors = Float64Array.from({ length: count }, (_, set) => errorOf(products, membersOf(set)));
  const freedom = (set: number) => n - membersOf(set).length - 1;
  const variances = errors.map((error, set) => error / freedom(set));
  const sets = Array.from({ length: count }, (_, set) => set).filter((set) => {
    const everyTells = tried.every((_, bit) => {
      if (((set >> bit) & 1) === 0) return true;
      const tSquared = (errors[set ^ (1 << bit)]! - errors[set]!) / variances[set]!;
      return 2 * tCdf(-Math.sqrt(Math.max(tSquared, 0)), freedom(set)) < KEEP_P;
    });
    return set > 0 && Number.isFinite(errors[set]) && everyTells;
  });
  // The smallest residual variance is the highest adjusted R².
  for (const set of sets.sort((a, b) => variances[a]! - variances[b]!)) {
    const drivers = membersOf(set);
    const fit = leastSquares(
      drivers.map((c) => columns[c]!),
      kwh,
    );
    if ('kind' in fit || fit.coefficients.some(({ vif }) => vif > MAX_VIF)) continue;
    const pValues = fit.coefficients.map(({ pValue }) => pValue);
    return { drivers, adjustedRSquared: fit.adjustedRSquared, pValues };
  }
  return { drivers: [], adjustedRSquared: 0, pValues: [] };
}

/** Forward selection, for too many drivers to compare all subsets. */
function strongest(products: CrossProducts, drivers: readonly number[]): number[] {
  const chosen: number[] = [];
  while (chosen.length < Math.min(MAX_TRIED, drivers.length)) {
    const rest = drivers.filter((c) => !chosen.includes(c));
    const errors = rest.map((c) => errorOf(products, [...chosen, c]));
    const minError = Math.min(...errors);
    if (!Number.isFinite(minError)) {
      chosen.push(...rest.slice(0, MAX_TRIED - chosen.length));
      break;
    }
    chosen.push(rest[errors.indexOf(minError)]!);
  }
  return chosen.sort((a, b) => a - b);
}

/** The smallest set of selected drivers that explains at least nine tenths of this one. */
function substitutes({ p, xx }: CrossProducts, driver: number, kept: readonly number[]): number[] {
  const own = xx[driver * p + driver]!;
  const towards = { p, xx, xy: xx.slice(driver * p, driver * p + p), yy: own };
  const chosen: number[] = [];
  while (chosen.length < kept.length) {
    const rest = kept.filter((c) => !chosen.includes(c));
    const errors = rest.map((c) => errorOf(towards, [...chosen, c]));
    chosen.push(rest[errors.indexOf(Math.min(...errors))]!);
    if (Math.min(...errors) < own / MAX_VIF) return chosen.sort((a, b) => a - b);
  }
  return [];
}

/** Squared error; infinite if the drivers are collinear. */
function errorOf(products: CrossProducts, subset: readonly number[]): number {
  return fitSubset(products, subset)?.sse ?? Number.POSITIVE_INFINITY;
}

function isConstant(column: Float64Array): boolean {
  const first = column[0]!;
  return column.every((value) => Math.abs(value - first) <= 1e-12 * Math.abs(first));
}
