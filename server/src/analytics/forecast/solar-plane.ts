import type { Plane } from '../../domain/time/sun.ts';
import type { HourlySky, SolarSite } from './solar-sky.ts';

/** Orientation of the panels, and their power per W/m² of irradiance under a clear sky. */
export interface PlaneFit {
  readonly plane: Plane;
  readonly kwPerWM2: number;
  /** Known clear days, by position. */
  readonly clearDays: readonly number[];
}

/** Days with almost all daylight hours known, as ranges `[from, to)` of hours. */
export interface KnownDays {
  readonly from: Int32Array;
  readonly to: Int32Array;
}

const TILTS = [0, 10, 20, 30, 40, 50, 60, 75, 90];
const AZIMUTHS = Array.from({ length: 24 }, (_, i) => i * 15);
/** Residual variance of a clear day's course under the correct plane: haze, reflection, temperature of the panels. */
const SHAPE_VARIANCE = 0.004;
/** Standard deviation of the logarithm of the size of clear days: turbidity, temperature of the panels over the year. */
const SIZE_DEVIATION = 0.1;
/** Prior: panels usually face the equator at a moderate tilt; these are the standard deviations of real installations. */
const AZIMUTH_SPREAD_DEG = 60;
const TILT_SPREAD_DEG = 20;
const MIN_TROPICS_DEG = 20;
/** Half-life of the information on a plane's size, since panels are added and become dirty. */
const SIZE_HALF_LIFE_DAYS = 120;
/** Squared distance, in standard deviations, at which a day has half the loss of one that fits no plane. */
const HALF_LOSS = 4;
const SIZE_QUANTILES = Array.from({ length: 16 }, (_, i) => 0.2 + i * 0.05);
/** Penalty factor for days above the usual size: clouds reduce energy and rarely increase it. */
const TOO_MUCH = 4;
/** Range of a clear day's size relative to the usual one. */
const CLEAR_SIZE = [0.82, 1.25] as const;

/** The known days compared with each plane, computed once for any number of fits. */
export class PlaneSearch {
  readonly #planes: readonly Plane[];
  readonly #prior: Float64Array;
  readonly #days: number;
  /** By plane and day: kW per W/m², and the residual share of the day's course, relative to the usual one. */
  readonly #sizes: readonly Float64Array[];
  readonly #logSizes: readonly Float64Array[];
  readonly #shapes: readonly Float64Array[];
  readonly #weights: Float64Array;
  /** Last result: a good initial guess ends most comparisons early. */
  #last = 0;

  /**
   * @param kw mean power by hour; NaN is missing, hours at `ceilingKw` count as missing
   * @param sky at least one instant per hour
   */
  constructor(site: SolarSite, sky: HourlySky, kw: Float64Array, days: KnownDays, ceilingKw: number) {
    this.#days = days.from.length;
    this.#planes = TILTS.flatMap((tiltDeg) =>
      (tiltDeg === 0 ? [equatorwards(site)] : AZIMUTHS).map((azimuthDeg) => ({ tiltDeg, azimuthDeg })),
    );
    this.#prior = Float64Array.from(this.#planes, (plane) => priorOf(plane, site));
    const found = this.#planes.map((plane) => compare(sky.on(plane), kw, days, ceilingKw));
    this.#sizes = found.map(({ sizes }) => sizes);
    this.#logSizes = this.#sizes.map((sizes) => sizes.map(Math.log));
    this.#shapes = found.map(({ shapes }) => shapes);
    this.#weights = weightsOf(sky, kw, days);
  }

  /**
   * Fits the plane with the highest energy on days that look clear. The distance of each day in shape and size is weighted by the bounded
   * loss of Geman and McClure (Bull. ISI 52 (1987) 5), so that cloudy days, which fit no plane, have no influence.
   * @param count uses the first days only
   * @returns null without production
   */
  fit(count = this.#days): PlaneFit | null {
    let best: { p: number; size: number; cost: number } | null = null;
    const weights = Float64Array.from(
      { length: count },
      (_, d) => this.#weights[d]! * 0.5 ** ((count - 1 - d) / SIZE_HALF_LIFE_DAYS),
    );
    for (const p of new Set([this.#last, ...this.#planes.keys()])) {
      for (const size of candidateSizes(this.#sizes[p]!, weights)) {
        const cost: number =
          this.#prior[p]! + this.#cost(p, Math.log(size), weights, best?.cost ?? Number.POSITIVE_INFINITY);
        if (best === null || cost < best.cost) best = { p, size, cost };
      }
    }
    if (best === null) return null;
    const { p, size } = best;
    this.#last = p;
    return { plane: this.#planes[p]!, kwPerWM2: size, clearDays: this.#clearDays(p, size, count) };
  }

  #cost(p: number, logSize: number, weights: Float64Array, limit: number): number {
    const [sizes, shapes] = [this.#logSizes[p]!, this.#shapes[p]!];
    let sum = 0;
    for (let d = 0; d < weights.length && sum < limit; d++) {
      const off = (sizes[d]! - logSize) / SIZE_DEVIATION;
      const far = shapes[d]! + off * off;
      sum += ((off > 0 ? TOO_MUCH : 1) * weights[d]! * far) / (HALF_LOSS + far);
    }
    return sum;
  }

  /** Days of about the usual size with a course as close to the plane's as that of the better days. */
  #clearDays(p: number, size: number, count: number): number[] {
    const [sizes, shapes] = [this.#sizes[p]!, this.#shapes[p]!];
    const inSize = Array.from({ length: count }, (_, d) => d).filter((d) => {
      const ratio = sizes[d]! / size;
      return ratio >= CLEAR_SIZE[0] && ratio <= CLEAR_SIZE[1];
    });
    const usual = inSize.map((d) => shapes[d]!).sort((a, b) => a - b)[inSize.length >> 2] ?? 0;
    return inSize.filter((d) => shapes[d]! <= 2 * usual + 1);
  }
}

/** Azimuth towards the equator: south in the northern hemisphere, north in the southern. */
export function equatorwards({ latitudeDeg }: SolarSite): number {
  return latitudeDeg < 0 ? 0 : 180;
}

/** Half the squared distance from a typical installation; near the equator all directions are equal. */
function priorOf({ tiltDeg, azimuthDeg }: Plane, site: SolarSite): number {
  const latitude = Math.abs(site.latitudeDeg);
  const usualTilt = Math.min(35, Math.max(10, 0.8 * latitude));
  const off = Math.abs(((azimuthDeg - equatorwards(site) + 540) % 360) - 180);
  const azimuth = (off / AZIMUTH_SPREAD_DEG) * Math.min(1, latitude / MIN_TROPICS_DEG);
  return (azimuth ** 2 + ((tiltDeg - usualTilt) / TILT_SPREAD_DEG) ** 2) / 2;
}

/** By day: least-squares size of the plane's course, and 1 − r² without an intercept. */
function compare(wM2: Float64Array, kw: Float64Array, { from, to }: KnownDays, ceilingKw: number) {
  const [sizes, shapes] = [new Float64Array(from.length), new Float64Array(from.length)];
  for (let d = 0; d < from.length; d++) {
    let [both, own, others] = [0, 0, 0];
    for (let s = from[d]!; s < to[d]!; s++) {
      const value = kw[s]!;
      if (!(value < ceilingKw)) continue;
      both += value * wM2[s]!;
      own += value * value;
      others += wM2[s]! * wM2[s]!;
    }
    sizes[d] = others > 0 ? both / others : 0;
    shapes[d] = (own > 0 && others > 0 ? 1 - (both * both) / own / others : 1) / SHAPE_VARIANCE;
  }
  return { sizes, shapes };
}

/**
 * Days are weighted by their share of the clear-sky energy on a horizontal plane: overcast days contain little information on the plane.
 */
function weightsOf(sky: HourlySky, kw: Float64Array, { from, to }: KnownDays): Float64Array {
  const flat = sky.on({ tiltDeg: 0, azimuthDeg: 180 });
  const shares = Float64Array.from(from, (_, d) => {
    let [made, clear] = [0, 0];
    for (let s = from[d]!; s < to[d]!; s++) {
      if (kw[s] !== kw[s]) continue;
      made += kw[s]!;
      clear += flat[s]!;
    }
    return clear > 0 ? made / clear : 0;
  });
  const max = shares.reduce((max, share) => Math.max(max, share), 0);
  return max > 0 ? shares.map((share) => share / max) : shares;
}

/** Weighted quantiles of the days' sizes: candidates for the usual size of clear days. */
function candidateSizes(sizes: Float64Array, weights: Float64Array): number[] {
  const order = Array.from(weights.keys()).filter((d) => sizes[d]! > 0 && weights[d]! > 0);
  order.sort((a, b) => sizes[a]! - sizes[b]!);
  const total = order.reduce((sum, d) => sum + weights[d]!, 0);
  const found = new Set<number>();
  let [i, below] = [0, 0];
  for (const quantile of SIZE_QUANTILES) {
    while (i < order.length - 1 && below + weights[order[i]!]! < quantile * total) below += weights[order[i++]!]!;
    if (order.length > 0) found.add(sizes[order[i]!]!);
  }
  return [...found];
}
