import { groupsOf, penaltiesOf, roughnessOf, type Smooth, type TimeOfWeekBasis, termsOf } from './basis.ts';
import type { Observations } from './conditions.ts';
import { knotsOf } from './knots.ts';
import { leastSquares, type Regression } from './least-squares.ts';
import { hoursInUse } from './occupied-hours.ts';
import { bestStrength } from './strength.ts';
import type { Unfit } from './unfit.ts';

export interface TimeOfWeekFit {
  readonly basis: TimeOfWeekBasis;
  readonly regression: Regression;
}

/** Optional terms besides the hours of the week and the temperature pieces. */
export type Beside = Pick<TimeOfWeekBasis, 'season' | 'smooth' | 'lagHours'>;

export const NOTHING_BESIDE: Beside = { season: false, smooth: null, lagHours: 0 };

/** Fits time of week and temperature to hourly energy. */
export function fitTimeOfWeek(observations: Observations, beside = NOTHING_BESIDE): TimeOfWeekFit | Unfit {
  const basis = basisOf(observations, beside);
  const penalties = penaltiesOf(basis, observations.columns.length);
  const groups = groupsOf(basis, observations, observations.kwh.length);
  const regression = leastSquares(termsOf(basis, observations), observations.kwh, groups, penalties);
  return 'kind' in regression ? { reason: regression, basis } : { basis, regression };
}

/** Courses by hour of day; their penalty is cross-validated. */
export function bestSmooth(observations: Observations, beside: Beside, parts: Uint8Array): Smooth {
  const sorted = (observations.temperature as Float64Array).toSorted();
  const middle = sorted[sorted.length >> 1]!;
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

function basisOf(observations: Observations, beside: Beside): TimeOfWeekBasis {
  const temperature = observations.temperature as Float64Array;
  const hours = observations.hourOfWeek as Float64Array;
  const occupied = hoursInUse(observations);
  const occupiedHours = new Set(occupied);
  return {
    type: 'time_of_week_temperature',
    occupied,
    occupiedKnots: knotsOf(temperature.filter((_, i) => occupiedHours.has(hours[i]!))),
    unoccupiedKnots: knotsOf(temperature.filter((_, i) => !occupiedHours.has(hours[i]!))),
    ...beside,
  };
}
