import { BaselineTraining } from '@wattkeeper/contract/analytics/baseline.ts';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { iso, models, noise } from '../../../test/baseline/press-world.ts';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { localTime } from '../../domain/time/site-time.ts';
import { BaselineService } from './service.ts';

const ZONE = 'Europe/Warsaw';
/** Midnight in Warsaw. */
const START = Date.UTC(2023, 11, 31, 23);
const YEAR_END = Date.UTC(2024, 11, 31, 23);
const NOW = Date.UTC(2025, 4, 31, 22);
/** Public holidays of Poland on weekdays in that period. */
const HOLIDAYS = new Set(
  '2024-01-01 2024-04-01 2024-05-01 2024-05-03 2024-05-30 2024-08-15 2024-11-01 2024-11-11 2024-12-25 2024-12-26 2025-01-01 2025-01-06 2025-04-21 2025-05-01'.split(
    ' ',
  ),
);

const outdoors = (at: number) =>
  9 - 11 * Math.cos((2 * Math.PI * (at - START)) / (365.25 * UTC_DAY_MS)) + 3 * Math.sin(at / 3e8);
/** kW: an office with lower consumption at weekends, a tenth less from the second year on. */
function power(at: number): number {
  const { day, weekday } = localTime(at, ZONE);
  const isOff = weekday > 5 || HOLIDAYS.has(day);
  const normal = isOff ? 30 + 0.5 * Math.max(15 - outdoors(at), 0) : 80 + 2 * Math.max(15 - outdoors(at), 0);
  return (normal + noise(Math.floor((at - START) / UTC_DAY_MS) * HOUR_MS)) * (at >= YEAR_END ? 0.9 : 1);
}

function training(site: SiteWorld) {
  const catalogue = new MetricCatalogue();
  const { queries, devices, energy, records } = site;
  const service = new BaselineService({
    queries,
    devices,
    energy,
    baselines: records.baselines,
    calendars: records.calendars,
    sites: records.sites,
    adjustments: records.baselineAdjustments,
    models,
    describe: (metric) => catalogue.describe(metric),
    now: () => NOW,
  });
  const train = (model_type: string, resolution = 'day') => {
    const window = { start_date: iso(START), end_date: iso(YEAR_END) };
    return service.train(BaselineTraining.parse({ machine_id: 'Office', ...window, model_type, resolution }));
  };
  return { service, train };
}

it('a daily baseline distinguishes weekdays, days off and public holidays, and proves a saving of a tenth', async () => {
  const site = await SiteWorld.open(NOW, { timezone: ZONE, country: 'PL' });
  const meter = await site.device('Office', 'meter', { expectedIntervalS: 3600 });
  const roof = await site.device('Roof', 'other', { expectedIntervalS: 3600 });
  await site.report(meter, 'load.power_kw', every(HOUR_MS, START, NOW, power));
  await site.report(roof, 'environment.outdoor_temp_c', every(HOUR_MS, START, NOW, outdoors));
  const { service, train } = training(site);
  const model = await train('auto');
  expect(model).toMatchObject({ model_type: 'day_of_week', valid: true, is_active: true });
  expect(model.model_name).toMatch(/^day_of_week_groups/);
  expect(model.r_squared).toBeGreaterThan(0.99);
  expect(model.day_of_week).toMatchObject({ in_use: [true, true, true, true, true, false, false] });
  expect(model.day_of_week!.holiday_level_kwh).toBeLessThan(0.6 * model.day_of_week!.levels_kwh[0]!);
  const { intercept, series } = model;
  const parts = Object.values(series.contributions_kwh);
  const made = series.predicted_kwh.map((_, i) => intercept + parts.reduce((sum, part) => sum + part[i]!, 0));
  for (const [i, kwh] of series.predicted_kwh.entries()) expect(made[i]).toBeCloseTo(kwh, 6);

  const later = await service.deviation({ machine_id: 'Office', start: iso(YEAR_END), end: iso(NOW) });
  expect(later.savings.kwh! / later.total_predicted_kwh!).toBeCloseTo(0.1, 2);
  expect(later.savings.verdict).toBe('significant');
  expect(later.savings.uncertainty_kwh).toBeLessThan(0.1 * later.savings.kwh!);

  const on = (at: string) => service.predict('Office', { at, outdoor_temp_c: 15 });
  const [holiday, weekday] = [await on('2025-05-01T10:00:00Z'), await on('2025-05-08T10:00:00Z')];
  expect(holiday.predicted_kwh).toBeLessThan(0.5 * weekday.predicted_kwh);

  const { baselines } = await service.retrainAll(new AbortController().signal, () => {});
  expect(baselines).toEqual([{ machine: 'Office', version: 2, in_use: true, reason: null }]);
  expect((await train('day_of_week')).model_type).toBe('day_of_week');
  await expect(train('day_of_week', 'hour')).rejects.toThrow(/a model by day of week must be daily; got "hour"/);
});

it('a daily baseline needs no driver, an hourly one does', async () => {
  const site = await SiteWorld.open(NOW, { timezone: ZONE });
  const meter = await site.device('Office', 'meter', { expectedIntervalS: 6 * 3600 });
  await site.report(meter, 'grid.power_kw', every(6 * HOUR_MS, START, YEAR_END, power));
  const { train } = training(site);
  const model = await train('auto');
  expect(model).toMatchObject({ model_type: 'day_of_week', day_of_week: { temperature_p_value: null } });
  expect(model.r_squared).toBeGreaterThan(0.5);
  await expect(train('auto', 'hour')).rejects.toThrow(
    /no outdoor temperature at this site, so an hourly model requires a driver/,
  );
});
