import { DAYS_OF_WEEK, type DayOfWeekBasis, groupsOf, isDayOff, termsOf } from './basis.ts';
import type { Observations } from './conditions.ts';
import { knotsOf } from './knots.ts';
import { leastSquares, type Regression } from './least-squares.ts';
import type { Unfit } from './unfit.ts';

/** Options of a model by day of week. */
export interface DayParts {
  /** Temperature and operating modes have other effects on days off. */
  readonly groups: boolean;
  readonly holidays: boolean;
  readonly season: boolean;
}

export interface DayOfWeekFit {
  readonly basis: DayOfWeekBasis;
  readonly regression: Regression;
}

/** Minimum number of public holidays for a separate level. */
const MIN_HOLIDAYS = 3;
/** An operating mode gets an additional effect on days off if it is active on this many days off and this many working days. */
const MIN_MODE_DAYS = 3;

const NONE = new Float64Array();
const PLAIN: DayOfWeekBasis = {
  type: 'day_of_week',
  daysOff: [],
  holidays: false,
  knots: [],
  offKnots: null,
  season: false,
  apart: [],
  lagHours: 0,
};

/** Fits day of week and temperature to daily energy. */
export function fitDayOfWeek(observations: Observations, parts: DayParts): DayOfWeekFit | Unfit {
  const basis = basisOf(observations, parts);
  const groups = groupsOf(basis, observations, observations.kwh.length);
  const regression = leastSquares(termsOf(basis, observations), observations.kwh, groups);
  return 'kind' in regression ? { reason: regression, basis } : { basis, regression };
}

/** Whether there are enough public holidays for a level. */
export function hasHolidays({ dayOfWeek }: Observations): boolean {
  return dayOfWeek !== null && dayOfWeek.filter((day) => day >= DAYS_OF_WEEK).length >= MIN_HOLIDAYS;
}

function basisOf(observations: Observations, { groups, holidays, season }: DayParts): DayOfWeekBasis {
  const { temperature, columns } = observations;
  const days = observations.dayOfWeek!;
  const daysOff = daysOffOf(observations, holidays);
  const isOff = Array.from(days, (day) => isDayOff({ daysOff, holidays }, day));
  const [off, working] = [true, false].map((wanted) => (temperature ?? NONE).filter((_, i) => isOff[i] === wanted));
  const ofGroups = [working!, off!].map(knotsOf);
  const areApart = groups && ofGroups.every((knots) => knots.length > 0);
  return {
    ...PLAIN,
    daysOff,
    holidays,
    knots: areApart ? ofGroups[0]! : knotsOf(temperature ?? NONE),
    offKnots: areApart ? ofGroups[1]! : null,
    season,
    apart: groups ? [...columns.keys()].filter((c) => isModeOfBoth(columns[c]!, isOff)) : [],
  };
}

/**
 * Splits the days of the week into two groups of similar levels (natural breaks: Fisher, On grouping for maximum homogeneity, JASA 53
 * (1958)), and returns the lower group; empty if the groups differ by less than the scatter of the residuals.
 */
function daysOffOf(observations: Observations, holidays: boolean): number[] {
  const basis: DayOfWeekBasis = { ...PLAIN, knots: knotsOf(observations.temperature ?? NONE), holidays };
  const groups = groupsOf(basis, observations, observations.kwh.length);
  const fit = leastSquares(termsOf(basis, observations), observations.kwh, groups);
  if ('kind' in fit) return [];
  const levels = fit.levels.subarray(0, DAYS_OF_WEEK);
  const order = [...levels.keys()].filter((day) => fit.counts[day]! > 0).sort((a, b) => levels[a]! - levels[b]!);
  const meanOf = (some: readonly number[]) => some.reduce((sum, day) => sum + levels[day]!, 0) / some.length;
  let best = { off: [] as number[], between: 0, apart: 0 };
  for (let split = 1; split < order.length; split++) {
    const [low, high] = [order.slice(0, split), order.slice(split)];
    const apart = meanOf(high) - meanOf(low);
    const between = (low.length * high.length * apart ** 2) / order.length;
    if (between > best.between) best = { off: low, between, apart };
  }
  return best.apart > fit.rmse ? best.off.sort((a, b) => a - b) : [];
}

/** Whether a column is a share or a flag that is active on some days off and some working days, and inactive on others of both. */
function isModeOfBoth(column: Float64Array, isOff: readonly boolean[]): boolean {
  if (column.some((value) => value < 0 || value > 1)) return false;
  const counts = [0, 0, 0, 0];
  for (const [i, value] of column.entries()) {
    const kind = (isOff[i] ? 2 : 0) + (value > 0 ? 1 : 0);
    counts[kind] = counts[kind]! + 1;
  }
  return counts.every((count) => count >= MIN_MODE_DAYS);
}
