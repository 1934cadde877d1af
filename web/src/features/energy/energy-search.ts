import { PERIOD_UNITS, type PeriodUnit } from '../../data/period-unit.ts';
import { isDay } from '../../data/range-search.ts';

/** Search parameters of Energy & cost. */
export interface EnergySearch {
  readonly unit?: PeriodUnit;
  /** A day (YYYY-MM-DD) in the period; default: today. */
  readonly day?: string;
  readonly chart?: 'money';
}

/** The view in the address; invalid parameters are ignored. */
export function readEnergySearch(raw: Record<string, unknown>): EnergySearch {
  const { unit, day, chart } = raw;
  return {
    ...(PERIOD_UNITS.includes(unit as PeriodUnit) ? { unit: unit as PeriodUnit } : {}),
    ...(isDay(day) ? { day } : {}),
    ...(chart === 'money' ? { chart } : {}),
  };
}
