import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { Series } from '../../src/domain/columns/frame.ts';
import { instantOfLocal } from '../../src/domain/time/site-time.ts';
import { describeWith } from '../needs.ts';
import { SiteWorld } from './site-world.ts';

/** One column of a file of measurements; empty cells are missing samples. */
function column(path: string, name: string, instantOf: (text: string) => number, factor: number): Series {
  const [header, ...lines] = gunzipSync(readFileSync(path)).toString().trim().split(/\r?\n/);
  const at = (header as string).split(',').indexOf(name);
  const rows = lines.map((line) => line.split(',')).filter((cells) => cells[at] !== '');
  return {
    timestamps: Float64Array.from(rows, (cells) => instantOf(cells[0]!)),
    values: Float64Array.from(rows, (cells) => Number(cells[at]) * factor),
  };
}

/**
 * Worked in Python, without this code: each sample of load_w and pv_w was laid on a grid of minutes until the next one (for 30 minutes
 * where the next is more than 75 away), summed over the local day of zoneinfo's Europe/Paris, and divided by 60,000. Import and
 * export are the sums of load − PV above and below zero, with PV zero while the sun is down by NOAA's solar calculator (48.83° N,
 * 6.86° E, below −0.833° through a quarter hour) and in the silences that hold some night, do not touch a sample above 5 % of the
 * three days' peak, and lie between two such samples at most 20 hours apart.
 * Columns: day, load, PV, import, export (kWh), coverage of both, coverage of PV, samples.
 */
const HOME_DAYS = [
  ['2024-03-31', 6.6407, 8.40645, 4.13495, 5.9007, 1, 0.565217, 72],
  ['2024-06-15', 15.23305, 20.7786, 6.05155, 11.5971, 1, 0.625, 78],
  ['2024-08-22', 4.46755, 3.31375, 3.0636, 2.0066, 0.635417, 0.229167, 42],
  ['2024-10-27', 10.53115, 12.76285, 6.43785, 8.66955, 1, 0.44, 72],
  ['2025-01-15', 48.46375, 2.61055, 45.8532, 0, 1, 0.375, 64],
] as const;

describeWith('REAL_DATA', 'a real house in France', (folder) => {
  test('has the daily energy that another program computes, also on days of 23 and 25 hours and with gaps', async () => {
    const path = join(folder, 'home/home-year-30min.csv.gz');
    const world = await SiteWorld.open(Date.UTC(2025, 2, 1), {
      timezone: 'Europe/Paris',
      latitude: 48.83,
      longitude: 6.86,
    });
    const home = await world.device('House', 'inverter');
    await world.report(home, 'load.power_kw', column(path, 'load_w', Date.parse, 1e-3));
    await world.report(home, 'solar.power_kw', column(path, 'pv_w', Date.parse, 1e-3));
    for (const [date, load, solar, imported, exported, coverage, solarCoverage, points] of HOME_DAYS) {
      const report = await world.energy.dailyReport(date);
      // The sums have six decimal places, so both results agree within 1e-6.
      expect([date, report.total_consumption_kwh]).toEqual([date, expect.closeTo(load, 5)]);
      expect([date, report.total_pv_production_kwh]).toEqual([date, expect.closeTo(solar, 5)]);
      expect([date, report.grid_import_kwh]).toEqual([date, expect.closeTo(imported, 5)]);
      expect([date, report.grid_export_kwh]).toEqual([date, expect.closeTo(exported, 5)]);
      expect([date, report.coverage]).toEqual([date, expect.closeTo(coverage, 5)]);
      expect(report.coverage_by_quantity.solar).toBeCloseTo(solarCoverage, 5);
      expect(report.data_points).toBe(points);
    }
  });
});

/** Worked in Python as sums of the day's 48 rows, halved: GC, GG, GC − GG above zero, GG − GC above zero. */
const AUSGRID_DAYS = [
  ['2011-07-01', 18.948, 1.972, 17.051, 0.075],
  ['2012-01-15', 16.873, 2.658, 14.215, 0],
  ['2012-06-20', 15.143, 3.301, 11.844, 0.002],
] as const;

describeWith('REAL_DATA', 'a real house in Australia', (folder) => {
  test('has the daily energy that another program computes', async () => {
    const path = join(folder, 'home/ausgrid-home-30min-2011-2012.csv.gz');
    const zone = 'Australia/Sydney';
    const world = await SiteWorld.open(Date.UTC(2012, 7, 1), { timezone: zone });
    const home = await world.device('House', 'inverter', { expectedIntervalS: 1800 });
    const instantOf = (local: string) => instantOfLocal(local.replace(' ', 'T'), zone);
    await world.report(home, 'load.power_kw', column(path, 'GC', instantOf, 1));
    await world.report(home, 'solar.power_kw', column(path, 'GG', instantOf, 1));
    for (const [date, load, solar, imported, exported] of AUSGRID_DAYS) {
      const report = await world.energy.dailyReport(date);
      const found = [
        report.total_consumption_kwh,
        report.total_pv_production_kwh,
        report.grid_import_kwh,
        report.grid_export_kwh,
        report.coverage,
      ];
      // The sums have six decimal places, so both results agree within 1e-6.
      expect(found, date).toEqual([...[load, solar, imported, exported].map((kwh) => expect.closeTo(kwh, 5)), 1]);
    }
  });
});
