import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { afterAll, expect, it } from 'vitest';
import { SiteWorld } from '../../../test/energy/site-world.ts';
import { describeWith } from '../../../test/needs.ts';
import { ModelPool } from '../../jobs/model-pool.ts';
import { ForecastService } from './service.ts';

describeWith('REAL_DATA', 'a machine that reports from 6 to 20 h only', (folder) => {
  const models = new ModelPool({ threads: 1 });
  afterAll(() => models.close());

  it('has a forecast for its days, and none for its nights, with a warning', async () => {
    const path = join(folder, 'faults/import/silent-at-night.csv.gz');
    const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n').slice(1);
    const columns = rows.map((row) => row.split(','));
    const timestamps = Float64Array.from(columns, ([at]) => Date.parse(at!));
    const site = await SiteWorld.open(timestamps.at(-1)! + 15 * MINUTE_MS, { timezone: 'UTC' });
    const saw = await site.device('Saw', 'machine', { expectedIntervalS: 900 });
    await site.report(saw, 'energy.power_kw', {
      timestamps,
      values: Float64Array.from(columns, ([, kw]) => Number(kw)),
    });
    const { queries, devices, energy, records } = site;
    const { sites, forecasts } = records;
    const now = () => site.now;
    const service = new ForecastService({ queries, devices, energy, models, now, sites, forecasts });
    const {
      predictions,
      warnings,
      peak_demand_predicted: peak,
    } = await service.demand({ machine_id: 'Saw', horizon: '24h' });
    expect(predictions).toHaveLength(24);
    for (const { timestamp, ...values } of predictions) {
      const hour = new Date(timestamp).getUTCHours();
      const isNone = Object.values(values).every((value) => value === null);
      expect([hour, isNone]).toEqual([hour, hour < 6 || hour >= 20]);
    }
    expect(warnings).toContain('10 of 24 slots have no forecast: there are no readings at their times of day');
    expect(new Date(peak!.timestamp).getUTCHours()).toBeGreaterThanOrEqual(6);
    await expect(service.peak({ machine_id: 'Saw', horizon: '1h' })).rejects.toThrow(/Saw never reports at the times/);
  });
});
