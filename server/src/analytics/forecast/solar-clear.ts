import { HOURS_PER_DAY } from '@wattkeeper/contract/durations.ts';
import type { KnownDays, PlaneFit } from './solar-plane.ts';

const WEEK_DAYS = 7;
const YEAR_DAYS = 365.25;
/**
 * Clear days are weighted by a Gaussian of this standard deviation around the date, whatever the year: shadows depend on the height of the
 * sun.
 */
const SEASON_DAYS = 25;
const HALF_LIFE_DAYS = 180;
/** Weight of the plane's course in days. */
const PRIOR_DAYS = 2;

/**
 * Clear-sky power of the panels by hour, kW: the course of the plane, corrected for each time of day by clear days of the same season
 * (shadows, several planes, haze, warm panels), limited by the inverter.
 * @param wM2 irradiance on the plane for all hours; the time of day of an hour is its position modulo 24
 */
export function clearCourse(
  fit: PlaneFit,
  wM2: Float64Array,
  kw: Float64Array,
  { from, to }: KnownDays,
  ceilingKw: number,
): Float64Array {
  const clearKw = wM2.map((value) => value * fit.kwPerWM2);
  const out = new Float64Array(clearKw.length);
  const week = WEEK_DAYS * HOURS_PER_DAY;
  for (let begin = 0; begin < out.length; begin += week) {
    const [made, due] = [new Float64Array(HOURS_PER_DAY), new Float64Array(HOURS_PER_DAY)];
    let seen = 0;
    for (const d of fit.clearDays) {
      const weight = weightOf(Math.abs(begin + week / 2 - from[d]!) / HOURS_PER_DAY);
      seen += weight;
      for (let s = from[d]!; s < to[d]!; s++) {
        if (kw[s] !== kw[s]) continue;
        made[s % HOURS_PER_DAY]! += weight * kw[s]!;
        due[s % HOURS_PER_DAY]! += weight * clearKw[s]!;
      }
    }
    for (let s = begin; s < Math.min(out.length, begin + week); s++) {
      const h = s % HOURS_PER_DAY;
      const ratio = due[h]! > 0 ? made[h]! / due[h]! : 1;
      out[s] = Math.min(ceilingKw, (clearKw[s]! * (ratio * seen + PRIOR_DAYS)) / (seen + PRIOR_DAYS));
    }
  }
  return out;
}

function weightOf(distanceDays: number): number {
  const season = Math.abs(distanceDays - YEAR_DAYS * Math.round(distanceDays / YEAR_DAYS));
  return Math.exp(-((season / SEASON_DAYS) ** 2) / 2) * 0.5 ** (distanceDays / HALF_LIFE_DAYS);
}
