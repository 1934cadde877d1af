import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BaselineTraining } from '@wattkeeper/contract/analytics/baseline.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { models } from '../../../test/baseline/press-world.ts';
import { SiteWorld } from '../../../test/energy/site-world.ts';
import { describeWith } from '../../../test/needs.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { BaselineService } from './service.ts';

describeWith('REAL_DATA', 'a year of hours in which the meter read 0 kWh for 30 days', (folder) => {
  const seriesOf = (file: string) => {
    const rows = gunzipSync(readFileSync(join(folder, 'faults/import', file)))
      .toString()
      .trim()
      .split('\n')
      .slice(1);
    const columns = rows.map((row) => row.split(','));
    return {
      timestamps: Float64Array.from(columns, ([at]) => Date.parse(at!)),
      values: Float64Array.from(columns, ([, value]) => Number(value)),
    };
  };
  const trained = async (zero_readings: 'missing' | 'valid') => {
    const power = seriesOf('zero-hours.csv.gz');
    const [start, end] = [power.timestamps[0]!, power.timestamps.at(-1)! + HOUR_MS];
    const site = await SiteWorld.open(end + UTC_DAY_MS, { timezone: 'Europe/Warsaw' });
    const building = await site.device('Building', 'machine', { expectedIntervalS: 3600 });
    const weather = await site.device('Weather', 'weather_station', { expectedIntervalS: 3600 });
    await site.report(building, 'energy.power_kw', power);
    await site.report(weather, 'weather.temperature_c', seriesOf('zero-hours-temperature.csv.gz'));
    const { records, queries, devices, energy } = site;
    const { baselines, baselineAdjustments: adjustments, calendars, sites } = records;
    const describe = new MetricCatalogue();
    const service = new BaselineService({
      queries,
      devices,
      energy,
      calendars,
      sites,
      baselines,
      adjustments,
      models,
      describe: (metric) => describe.describe(metric),
      now: () => site.now,
    });
    const window = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
    const model = await service.train(
      BaselineTraining.parse({
        machine_id: 'Building',
        start_date: window.start,
        end_date: window.end,
        model_type: 'time_of_week_temperature',
        zero_readings,
      }),
    );
    await service.activate(model.model_id);
    return { model, deviation: await service.deviation({ machine_id: 'Building', ...window }) };
  };
  const zerosOf = ({ criteria }: { criteria: readonly { rule: string; value: number | null }[] }) =>
    criteria.find(({ rule }) => rule === 'zero readings, left out');

  it('learns the other hours, and reports the number of excluded ones, in the training and after it', async () => {
    const { model, deviation } = await trained('missing');
    expect(model.r_squared).toBeCloseTo(0.997, 3);
    expect(zerosOf(model)).toMatchObject({ value: 720, passed: false });
    expect(model.warnings[0]).toMatch(/^720 of 8760 hours read 0 kWh and count as missing/);
    expect([deviation.hours + deviation.missing_hours, deviation.missing_hours, deviation.zero_hours]).toEqual([
      8760, 720, 720,
    ]);
  });

  it('learns the zeros if they are valid', async () => {
    const { model, deviation } = await trained('valid');
    expect(model.r_squared).toBeCloseTo(0.737, 2);
    expect(zerosOf(model)).toMatchObject({ value: null, passed: null });
    expect([deviation.hours, deviation.zero_hours]).toEqual([8760, 0]);
  });
});
