import { BaselineTraining } from '@wattkeeper/contract/analytics/baseline.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { afterAll } from 'vitest';
import { MetricCatalogue } from '../../src/domain/metric-catalogue.ts';
import { AdjustmentService } from '../../src/features/baseline/adjustments/service.ts';
import { BaselineService } from '../../src/features/baseline/service.ts';
import { ModelPool } from '../../src/jobs/model-pool.ts';
import { every, SiteWorld } from '../energy/site-world.ts';

/** Sixty days over the change to summer time. */
export const START = Date.UTC(2026, 2, 1);
export const END = START + 60 * UTC_DAY_MS;
export const NOW = END + 10 * UTC_DAY_MS;
export const iso = (instant: number) => new Date(instant).toISOString();

/** Shifts from six to ten in the evening, varying from hour to hour without repeating. */
export const count = (at: number) => {
  const hour = (at / HOUR_MS) % 24;
  return hour < 6 || hour >= 22 ? 0 : Math.round(60 + 30 * Math.sin(at / 7e6) + 20 * Math.sin(at / 1.3e6));
};
export const outside = (at: number) =>
  9 + 6 * Math.sin(at / (UTC_DAY_MS * 9)) + 4 * Math.sin((2 * Math.PI * at) / UTC_DAY_MS);
export const noise = (at: number) => 0.9 * Math.sin((at / HOUR_MS) * 12.9898) + 0.5 * Math.sin((at / HOUR_MS) * 78.233);
/** kWh of the hour that begins at `at`; 10 % more from day 60. */
export const energy = (at: number) => (5 + 0.4 * count(at) - 0.3 * outside(at) + noise(at)) * (at >= END ? 1.1 : 1);

export const models = new ModelPool({ threads: 1 });
afterAll(() => models.close());

/** A press and its hall, with a service that trains baselines. */
export async function world(days = 70) {
  const site = await SiteWorld.open(NOW, { timezone: 'Europe/Warsaw' });
  const machine = await site.device('Press', 'machine', { expectedIntervalS: 3600 });
  const climate = await site.device('Hall', 'other', { expectedIntervalS: 3600 });
  const to = START + days * UTC_DAY_MS;
  await site.report(machine, 'energy.power_kw', every(HOUR_MS, START, to, energy));
  await site.report(machine, 'production.count', every(HOUR_MS, START, to, count));
  await site.report(
    machine,
    'environment.pressure_bar',
    every(HOUR_MS, START, to, () => 7),
  );
  await site.report(climate, 'environment.outdoor_temp_c', every(HOUR_MS, START, to, outside));
  const idle = (at: number) => 40 + 20 * ((((at / HOUR_MS) * 7919) % 1009) / 1009);
  await site.report(climate, 'environment.humidity_percent', every(HOUR_MS, START, to, idle));
  await site.report(
    climate,
    'environment.indoor_temp_c',
    every(HOUR_MS, START, to, (at) => 2 * outside(at) + 1),
  );
  const catalogue = new MetricCatalogue();
  const service = new BaselineService({
    queries: site.queries,
    devices: site.devices,
    energy: site.energy,
    calendars: site.records.calendars,
    sites: site.records.sites,
    baselines: site.records.baselines,
    adjustments: site.records.baselineAdjustments,
    models,
    describe: (metric) => catalogue.describe(metric),
    now: () => site.now,
  });
  const train = (drivers: string[], start = START) =>
    service.train(BaselineTraining.parse({ machine_id: 'Press', start_date: iso(start), end_date: iso(END), drivers }));
  const adjustments = new AdjustmentService(site, site.records.baselineAdjustments);
  return { service, train, adjustments, records: site.records, site };
}
