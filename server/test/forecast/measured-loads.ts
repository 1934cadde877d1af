import { join } from 'node:path';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { type Slots, slotsOf } from '../../src/analytics/forecast/slots.ts';
import { publicHolidays } from '../../src/features/sites/holidays.ts';
import { exampleMapping, runImport } from '../import/run-import.ts';

/** A measured load by hours: kW, a day longer on the calendar than it is known. */
export interface MeasuredLoad {
  readonly name: string;
  readonly values: Float64Array;
  readonly slots: Slots;
}

interface LoadFile {
  readonly name: string;
  readonly path: string;
  readonly mapping: string;
  /** Device and metric. */
  readonly load: readonly [device: string, metric: string];
  readonly temperature?: readonly [device: string, metric: string];
  readonly timeZone: string;
  readonly country: string;
}

const DAY = 24;
const FILES: readonly LoadFile[] = [
  {
    name: 'house, France',
    path: 'home/home-year-30min.csv.gz',
    mapping: 'home-year-30min',
    load: ['House', 'load.power_kw'],
    timeZone: 'Europe/Paris',
    country: 'FR',
  },
  {
    name: 'house, Australia',
    path: 'home/ausgrid-home-30min-2011-2012.csv.gz',
    mapping: 'ausgrid-home-30min',
    load: ['House', 'load.power_kw'],
    timeZone: 'Australia/Sydney',
    country: 'AU',
  },
  {
    name: 'city zone, Morocco',
    path: 'industry/tetouan-10min-2017.csv.gz',
    mapping: 'tetouan-10min',
    load: ['Zone 1', 'load.power_kw'],
    temperature: ['Tetouan', 'weather.temperature_c'],
    timeZone: 'Africa/Casablanca',
    country: 'MA',
  },
  {
    name: 'steel works, Korea',
    path: 'industry/steel-15min-2018-jan-sep.csv.gz',
    mapping: 'steel-15min',
    load: ['Steel works', 'energy.power_kw'],
    timeZone: 'Asia/Seoul',
    country: 'KR',
  },
];

/** The loads in the folder of measured data. Temperatures are those of the day before, because no weather forecasts exist for them. */
export function measuredLoads(folder: string): Promise<MeasuredLoad[]> {
  return Promise.all(
    FILES.map(async ({ name, path, mapping, load, temperature, timeZone, country }) => {
      const { values: read } = await runImport(join(folder, path), exampleMapping(mapping));
      const { first, kw } = hourly(read(...load));
      const known = temperature === undefined ? null : hourly(read(...temperature));
      const starts = Float64Array.from({ length: kw.length + DAY }, (_, h) => (first + h) * HOUR_MS);
      const late = known && starts.map((_, h) => known.kw[first + h - DAY - known.first] ?? Number.NaN);
      const years = {
        from: new Date(first * HOUR_MS).getUTCFullYear(),
        to: new Date(starts.at(-1) as number).getUTCFullYear(),
      };
      const holidays = await publicHolidays(country, years);
      return { name, values: kw, slots: slotsOf(starts, '1h', timeZone, holidays, late) };
    }),
  );
}

/** Means of hours since 1970; NaN for hours without a value. */
export function hourly(rows: readonly { at: string; value: number }[]): { first: number; kw: Float64Array } {
  const hours = rows.map(({ at }) => Math.floor(Date.parse(at) / HOUR_MS));
  const first = hours.reduce((least, hour) => Math.min(least, hour), Number.POSITIVE_INFINITY);
  const last = hours.reduce((most, hour) => Math.max(most, hour), Number.NEGATIVE_INFINITY);
  const [sums, counts] = [new Float64Array(last - first + 1), new Float64Array(last - first + 1)];
  for (const [i, { value }] of rows.entries()) {
    const h = hours[i]! - first;
    sums[h] = sums[h]! + value;
    counts[h] = counts[h]! + 1;
  }
  return { first, kw: sums.map((sum, h) => sum / counts[h]!) };
}
