import { degreesAbove, degreesBelow, HOURS_OF_WEEK } from './basis.ts';
import type { Observations } from './conditions.ts';
import { leastSquares } from './least-squares.ts';

/** Assumed balance points of heating and cooling for the detection of occupied hours, °C (50 and 65 °F; CalTRACK 3.3). */
const HEATING_BELOW_C = 10;
const COOLING_ABOVE_C = (65 - 32) / 1.8;
/** An hour of the week is occupied if its energy exceeds the prediction from temperature in more than this share of weeks (CalTRACK 3.3). */
const IN_USE_SHARE = 0.65;

/** The occupied hours of the week. */
export function hoursInUse({ kwh, temperature, hourOfWeek }: Observations): number[] {
  const bends = [degreesBelow(temperature!, HEATING_BELOW_C), degreesAbove(temperature!, COOLING_ABOVE_C)];
  const varying = bends.filter((column) => column.some((value) => value !== column[0]));
  const fit = leastSquares(varying, kwh);
  if ('kind' in fit) return [];
  const [above, all] = [new Float64Array(HOURS_OF_WEEK), new Float64Array(HOURS_OF_WEEK)];
  for (const [i, hour] of hourOfWeek!.entries()) {
    all[hour] = all[hour]! + 1;
    if (fit.residuals[i]! > 0) above[hour] = above[hour]! + 1;
  }
  return [...above.keys()].filter((hour) => above[hour]! > IN_USE_SHARE * all[hour]!);
}
