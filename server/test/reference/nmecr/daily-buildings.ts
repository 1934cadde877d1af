import { readFileSync } from 'node:fs';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Observations } from '../../../src/analytics/baseline/conditions.ts';
import { publicHolidays } from '../../../src/features/sites/holidays.ts';

/** Days of a building, with the mean outdoor temperature of each day, °C. */
export interface DailyBuilding {
  readonly observations: Observations;
  readonly temperatures: readonly [Float64Array];
}

export interface DayRow {
  readonly start: number;
  readonly kwh: number;
  readonly degrees: number;
  readonly flags: readonly number[];
}

/** Rows of a file in this folder. */
export function rowsOfBuilding(name: 'office' | 'school'): DayRow[] {
  const text = readFileSync(new URL(`./${name}-daily.csv`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [day, ...values] = line.split(',');
      const [kwh, degrees, ...flags] = values.map(Number);
      return { start: Date.parse(day!), kwh: kwh!, degrees: degrees!, flags };
    });
}

/**
 * @param country whose holidays count
 * @param lateDays by how many days the dates of the file are late
 */
export async function building(
  rows: readonly DayRow[],
  { country = null, lateDays = 0 }: { country?: string | null; lateDays?: number } = {},
): Promise<DailyBuilding> {
  const holidays = await publicHolidays(country, { from: 2012, to: 2018 });
  const columnOf = (value: (row: DayRow) => number) => Float64Array.from(rows, value);
  const observations = {
    starts: columnOf(({ start }) => start),
    kwh: columnOf(({ kwh }) => kwh),
    columns: (rows[0]?.flags ?? []).map((_, f) => columnOf(({ flags }) => flags[f]!)),
    temperature: null,
    hourOfWeek: null,
    dayOfWeek: columnOf(({ start }) => {
      const day = new Date(start - lateDays * UTC_DAY_MS);
      return ((day.getUTCDay() + 6) % 7) + (holidays.has(day.toISOString().slice(0, 10)) ? 7 : 0);
    }),
  };
  return { observations, temperatures: [columnOf(({ degrees }) => degrees)] };
}
