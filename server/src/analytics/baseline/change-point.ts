import { type Basis, degreesAbove, degreesBelow, termsOf } from './basis.ts';
import type { Observations } from './conditions.ts';
import { crossProducts, fitSubset } from './cross-products.ts';
import { type Degenerate, leastSquares, type Regression } from './least-squares.ts';
import type { Unfit } from './unfit.ts';

/** Three parameters: a level and a slope beyond one balance point. Four: a slope on each side of it. Five: two balance points. */
export const SHAPES = ['3p_heating', '3p_cooling', '4p', '5p'] as const;
export type Shape = (typeof SHAPES)[number];

export type ChangePointBasis = Extract<Basis, { type: 'change_point' }>;

/** The temperature at which heating or cooling begins, °C. */
export interface BalancePoint {
  readonly kind: 'heating' | 'cooling';
  readonly value: number;
  readonly standardError: number;
}

export interface ChangePointFit {
  readonly basis: ChangePointBasis;
  /** Ordinary least squares with fixed balance points. */
  readonly regression: Regression;
  readonly balancePoints: readonly BalancePoint[];
}

const CANDIDATES = 24;
const GRIDS = 3;
/** Minimum share of the observations on each side of a balance point. */
const EDGE = 0.05;
const MAX_STEPS = 40;
const MAX_HALVINGS = 8;

/** Initial balance points and their squared error. */
export interface Start {
  readonly basis: ChangePointBasis;
  readonly sse: number;
}

/**
 * The best balance points of a grid; null if the energy has no change point of this shape. In models of 3 and 5 parameters the energy must
 * increase away from the balance points, since heating and cooling consume energy.
 */
export function searchGrid(observations: Observations, shape: Shape, lagHours = 0): Start | null {
  const { low, high } = bounds(observations.temperature as Float64Array);
  if (!(high > low)) return null;
  const points = evenly(low, high);
  const heating = shape === '3p_cooling' ? [] : points;
  const cooling = shape === '3p_heating' ? [] : points;
  return searchAmong(observations, shape, { heating, cooling }, lagHours);
}

/** Searches successively finer grids around a start: the squared error has many local minima near the global one. */
function searchAround(observations: Observations, shape: Shape, start: Start): Start {
  const { low, high } = bounds(observations.temperature as Float64Array);
  let best = start;
  for (let spacing = (high - low) / (CANDIDATES - 1), level = 1; level < GRIDS; level++) {
    const near = (point: number | null) =>
      point === null ? [] : evenly(Math.max(point - spacing, low), Math.min(point + spacing, high));
    const points = { heating: near(best.basis.heating), cooling: near(best.basis.cooling) };
    const found = searchAmong(observations, shape, points, best.basis.lagHours);
    if (found !== null && found.sse < best.sse) best = found;
    spacing = (2 * spacing) / (CANDIDATES - 1);
  }
  return best;
}

interface Points {
  readonly heating: readonly number[];
  readonly cooling: readonly number[];
}

function searchAmong(observations: Observations, shape: Shape, points: Points, lagHours: number): Start | null {
  const temperature = observations.temperature as Float64Array;
  const columns = [
    ...points.heating.map((point) => degreesBelow(temperature, point)),
    ...points.cooling.map((point) => degreesAbove(temperature, point)),
    ...observations.columns,
  ];
  const products = crossProducts(columns, observations.kwh);
  const bends = points.heating.length + points.cooling.length;
  const drivers = observations.columns.map((_, d) => bends + d);
  let best: Start | null = null;
  for (const [i, j] of pairsOf(shape, points)) {
    const subset = [...(i === null ? [] : [i]), ...(j === null ? [] : [points.heating.length + j])];
    const fit = fitSubset(products, [...subset, ...drivers]);
    const isPlausible = shape === '4p' || subset.every((_, b) => (fit?.slopes[b] ?? 0) > 0);
    if (fit === null || !isPlausible || fit.sse >= (best?.sse ?? Number.POSITIVE_INFINITY)) continue;
    const heating = i === null ? null : points.heating[i]!;
    const cooling = j === null ? null : points.cooling[j]!;
    best = { sse: fit.sse, basis: { type: 'change_point', heating, cooling, lagHours } };
  }
  return best;
}

function pairsOf(shape: Shape, { heating, cooling }: Points): [number | null, number | null][] {
  if (shape === '3p_heating') return heating.map((_, i) => [i, null]);
  if (shape === '3p_cooling') return cooling.map((_, j) => [null, j]);
  if (shape === '4p') return heating.map((_, i) => [i, i]);
  return heating.flatMap((low, i) => cooling.flatMap((high, j): [number, number][] => (low < high ? [[i, j]] : [])));
}

function evenly(low: number, high: number): number[] {
  return Array.from({ length: CANDIDATES }, (_, i) => low + ((high - low) * i) / (CANDIDATES - 1));
}

/**
 * Fits the balance points by successively finer grids and Gauss–Newton steps on the linearised model (Muggeo, Estimating regression models
 * with unknown break-points, Statistics in Medicine 22 (2003)), which also gives their standard errors; these are multiplied by √(n/n′) for
 * autocorrelated residuals.
 */
export function fitChangePoint(observations: Observations, shape: Shape, lagHours = 0): ChangePointFit | Unfit {
  const start = searchGrid(observations, shape, lagHours);
  if (start === null) return { reason: { kind: 'no_change_point' }, basis: { type: 'linear' } };
  let { basis } = searchAround(observations, shape, start);
  let regression = fitAt(observations, basis);
  for (let step = 0; step < MAX_STEPS && !('kind' in regression); step++) {
    const better = improve(observations, basis, regression);
    if (better === null) break;
    ({ basis, regression } = better);
  }
  if ('kind' in regression) return { reason: regression, basis };
  return { basis, regression, balancePoints: balancePointsOf(observations, basis, regression) };
}

/** One Gauss–Newton step, halved until it reduces the error; null if none does. */
function improve(observations: Observations, basis: ChangePointBasis, regression: Regression) {
  const shifts = shiftsOf(observations, basis, regression);
  if (shifts === null) return null;
  const { low, high } = bounds(observations.temperature as Float64Array);
  const isShared = basis.heating !== null && basis.heating === basis.cooling;
  for (let halving = 0; halving < MAX_HALVINGS; halving++) {
    const move = (kind: 'heating' | 'cooling') => {
      const from = basis[kind];
      if (from === null) return null;
      const by = shifts.find((shift) => shift.kind === kind || isShared)?.by ?? 0;
      return Math.min(Math.max(from + by / 2 ** halving, low), high);
    };
    const moved = { ...basis, heating: move('heating'), cooling: move('cooling') };
    if (moved.heating === basis.heating && moved.cooling === basis.cooling) return null;
    if (moved.heating !== null && moved.cooling !== null && !isShared && moved.heating >= moved.cooling) continue;
    const found = fitAt(observations, moved);
    if ('kind' in found) continue;
    // A smaller improvement is within rounding.
    if (found.rmse < regression.rmse * (1 - 1e-12)) return { basis: moved, regression: found };
  }
  return null;
}

function balancePointsOf(observations: Observations, basis: ChangePointBasis, regression: Regression): BalancePoint[] {
  const widening = Math.sqrt(regression.n / regression.effectiveN);
  return (shiftsOf(observations, basis, regression) ?? []).map(({ kind, standardError }) => ({
    kind,
    value: basis[kind]!,
    standardError: standardError * widening,
  }));
}

/** The shift of each balance point by the linearised model, with standard errors; null if it cannot be determined. */
function shiftsOf(observations: Observations, basis: ChangePointBasis, { coefficients }: Regression) {
  const temperature = observations.temperature as Float64Array;
  const { heating, cooling } = basis;
  const below = heating === null ? 0 : (coefficients[0]?.value as number);
  const above = cooling === null ? 0 : (coefficients[heating === null ? 0 : 1]?.value as number);
  const rises = temperature.map((degrees) => (heating !== null && degrees < heating ? below : 0));
  const falls = temperature.map((degrees) => (cooling !== null && degrees > cooling ? -above : 0));
  const moved =
    heating !== null && heating === cooling
      ? [{ kind: 'cooling' as const, column: rises.map((rise, i) => rise + falls[i]!) }]
      : [
          ...(heating === null ? [] : [{ kind: 'heating' as const, column: rises }]),
          ...(cooling === null ? [] : [{ kind: 'cooling' as const, column: falls }]),
        ];
  const terms = termsOf(basis, observations);
  const linearised = leastSquares([...terms, ...moved.map(({ column }) => column)], observations.kwh);
  if ('kind' in linearised) return null;
  return moved.map(({ kind }, m) => {
    const { value, standardError } = linearised.coefficients[terms.length + m]!;
    return { kind, by: value, standardError };
  });
}

function fitAt(observations: Observations, basis: Basis): Regression | Degenerate {
  return leastSquares(termsOf(basis, observations), observations.kwh);
}

function bounds(temperature: Float64Array): { low: number; high: number } {
  const sorted = temperature.toSorted();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { low: at(EDGE), high: at(1 - EDGE) };
}
