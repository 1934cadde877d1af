import {
  degreesAbove,
  degreesBelow,
  groupsOf,
  HOURS_OF_WEEK,
  penaltiesOf,
  roughnessOf,
  type Smooth,
  type TimeOfWeekBasis,
  temperatureCount,
  termsOf,
} from './basis.ts';
import type { Observations } from './conditions.ts';
import { type Degenerate, leastSquares, type Regression, upperTail } from './least-squares.ts';
import { bestStrength } from './strength.ts';
import type { Unfit } from './unfit.ts';

export interface TimeOfWeekFit {
  readonly basis: TimeOfWeekBasis;
  readonly regression: Regression;
}

/** What may stand beside the hours of the week and the pieces of the temperature. */
export type Beside = Pick<TimeOfWeekBasis, 'season' | 'smooth' | 'lagHours'>;

export const NOTHING_BESIDE: Beside = { season: false, smooth: null, lagHours: 0 };

/** Degrees at which heating and cooling are taken to begin while hours in use are told from others (50 and 65 °F; CalTRACK 3.3). */
const HEATING_BELOW_C = 10;
const COOLING_ABOVE_C = (65 - 32) / 1.8;
/** An hour of the week whose energy is above what the temperature tells for more than this share of weeks is one in use (CalTRACK 3.3). */
const IN_USE_SHARE = 0.65;
const MAX_PIECES = 6;
/** A piece with fewer observations joins its neighbour (CalTRACK 3.4). */
const LEAST_IN_PIECE = 20;

/** Time-of-week-and-temperature on hours. */
export function fitTimeOfWeek(observations: Observations, beside = NOTHING_BESIDE): TimeOfWeekFit | Unfit {
  const basis = basisOf(observations, beside);
  const penalties = penaltiesOf(basis, observations.columns.length);
  const groups = groupsOf(basis, observations, observations.kwh.length);
  const regression = leastSquares(termsOf(basis, observations), observations.kwh, groups, penalties);
  return 'kind' in regression ? { reason: regression, basis } : { basis, regression };
}

/** Courses by the hour of the day, held back as strongly as best tells parts that are left out. */
export function bestSmooth(observations: Observations, beside: Beside, parts: Uint8Array): Smooth {
  const sorted = (observations.temperature as Float64Array).toSorted();
  const middle = sorted[sorted.length >> 1] as number;
  const basis = basisOf(observations, { ...beside, smooth: { restraint: 1, middle } });
  const restraint = bestStrength(
    {
      columns: termsOf(basis, observations),
      y: observations.kwh,
      groups: groupsOf(basis, observations, observations.kwh.length),
      roughness: roughnessOf(basis, observations.columns.length),
    },
    parts,
  );
  return { restraint, middle };
}

/** p of the F-test that all hours of the week have one level, and of the one that the temperature tells nothing. */
export function jointPOf({ basis, regression }: TimeOfWeekFit, observations: Observations) {
  const terms = termsOf(basis, observations);
  const penalties = penaltiesOf(basis, observations.columns.length);
  const groups = groupsOf(basis, observations, observations.kwh.length);
  const cold = temperatureCount(basis);
  const withoutHours = leastSquares(terms, observations.kwh, undefined, penalties);
  const withoutTemperature = leastSquares(terms.slice(cold), observations.kwh, groups, penalties.slice(cold));
  return { timeOfWeek: jointP(regression, withoutHours), temperature: jointP(regression, withoutTemperature) };
}

function basisOf(observations: Observations, beside: Beside): TimeOfWeekBasis {
  const temperature = observations.temperature as Float64Array;
  const hours = observations.hourOfWeek as Float64Array;
  const occupied = hoursInUse(observations);
  const inUse = new Set(occupied);
  return {
    type: 'time_of_week_temperature',
    occupied,
    occupiedKnots: knotsOf(temperature.filter((_, i) => inUse.has(hours[i] as number))),
    unoccupiedKnots: knotsOf(temperature.filter((_, i) => !inUse.has(hours[i] as number))),
    ...beside,
  };
}

/**
 * p of the F-test of a model against one that lacks some of its parts; 0 where the smaller one cannot even be fitted. Where parts are held back, the
 * smaller model may fit better or be as free: then they tell nothing.
 */
function jointP(full: Regression, reduced: Regression | Degenerate): number {
  if ('kind' in reduced) return 0;
  const left = full.rmse ** 2;
  const parts = reduced.freedom - full.freedom;
  if (!(parts > 0)) return 1;
  return upperTail((reduced.rmse ** 2 * reduced.freedom - left * full.freedom) / parts / left, parts, full.freedom);
}

function hoursInUse({ kwh, temperature, hourOfWeek }: Observations): number[] {
  const degrees = temperature as Float64Array;
  const bends = [degreesBelow(degrees, HEATING_BELOW_C), degreesAbove(degrees, COOLING_ABOVE_C)];
  const varying = bends.filter((column) => column.some((value) => value !== column[0]));
  const fit = leastSquares(varying, kwh);
  if ('kind' in fit) return [];
  const [above, all] = [new Float64Array(HOURS_OF_WEEK), new Float64Array(HOURS_OF_WEEK)];
  for (const [i, hour] of (hourOfWeek as Float64Array).entries()) {
    all[hour] = (all[hour] as number) + 1;
    if ((fit.residuals[i] as number) > 0) above[hour] = (above[hour] as number) + 1;
  }
  return [...above.keys()].filter((hour) => (above[hour] as number) > IN_USE_SHARE * (all[hour] as number));
}

/** Six pieces of one length, those with few observations joined; none where there is nothing to see. */
function knotsOf(temperature: Float64Array): number[] {
  const sorted = temperature.toSorted();
  const [low, high] = [sorted[0] as number, sorted.at(-1) as number];
  if (sorted.length < LEAST_IN_PIECE || !(high > low)) return [];
  const knots = [low];
  let seen = 0;
  for (let piece = 1; piece <= MAX_PIECES; piece++) {
    const end = piece === MAX_PIECES ? high : low + ((high - low) * piece) / MAX_PIECES;
    const upTo = piece === MAX_PIECES ? sorted.length : sorted.findIndex((degrees) => degrees > end);
    if (upTo - seen < LEAST_IN_PIECE) {
      if (piece === MAX_PIECES && knots.length > 1) knots[knots.length - 1] = high;
      continue;
    }
    knots.push(end);
    seen = upTo;
  }
  return knots.length === 1 ? [low, high] : knots;
}
