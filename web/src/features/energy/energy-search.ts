import { PERIOD_UNITS, type PeriodUnit } from '../../data/period-unit.ts';

/** What the address says about Energy & cost. */
export interface EnergySearch {
  readonly unit?: PeriodUnit;
  /** A day (YYYY-MM-DD) in the period; today's when left out. */
  readonly day?: string;
  readonly chart?: 'money';
}

/** The view in the address; what does not fit is left out rather than refused. */
export function readEnergySearch(raw: Record<string, unknown>): EnergySearch {
  const { unit, day, chart } = raw;
  return {
    ...(PERIOD_UNITS.includes(unit as PeriodUnit) ? { unit: unit as PeriodUnit } : {}),
    ...(typeof day === 'string' && isDay(day) ? { day } : {}),
    ...(chart === 'money' ? { chart } : {}),
  };
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
