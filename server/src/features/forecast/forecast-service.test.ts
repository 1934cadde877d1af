import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { HORIZONS } from '../../analytics/forecast/horizons.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { ModelPool } from '../../jobs/model-pool.ts';
import { ScheduleService } from './schedule/service.ts';
import { ForecastService } from './service.ts';
import { SolarForecastService } from './solar/service.ts';

/** A Wednesday at noon in Warsaw; the last ten weeks include the change to summer time. */
const NOW = Date.parse('2026-04-15T10:00:00Z');
const START = NOW - 70 * UTC_DAY_MS;
const LAT = 52.2;

const models = new ModelPool({ threads: 1 });
afterAll(() => models.close());

/** Local hour, in summer time or not. */
const hourOf = (at: number) => new Date(at + (at >= Date.UTC(2026, 2, 29, 1) ? 2 : 1) * HOUR_MS).getUTCHours();
const chance = (at: number) => {
  const x = Math.sin((at / HOUR_MS) * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};
/** kW: 20 from 06:00 to 22:00 with a peak of 30 at noon, else 5. */
const shifts = (at: number) => {
  const hour = hourOf(at);
  return (hour === 12 ? 30 : hour >= 6 && hour < 22 ? 20 : 5) + chance(at);
};

async function world(days = 70) {
  const site = await SiteWorld.open(NOW, { timezone: 'Europe/Warsaw', country: 'PL', latitude: LAT, longitude: 21 });
  const press = await site.device('Press', 'machine', { expectedIntervalS: 900 });
  await site.report(press, 'energy.power_kw', every(15 * MINUTE_MS, NOW - days * UTC_DAY_MS, NOW, shifts));
  const { queries, devices, energy, records } = site;
  const options = {
    queries,
    devices,
    energy,
    models,
    now: () => site.now,
    sites: records.sites,
    forecasts: records.forecasts,
  };
  const demand = new ForecastService(options);
  const solar = new SolarForecastService(options);
  return { site, press, demand, solar, schedules: new ScheduleService({ ...options, demand, solar }) };
}

describe('a forecast of demand', () => {
  it('follows the daily profile of the machine, with prediction intervals and back-test errors', async () => {
    const { demand, press } = await world();
    const found = await demand.demand({ machine_id: 'Press', horizon: '24h' });
    expect(found).toMatchObject({ machine_id: press.id, machine_name: 'Press', horizon: '24h', warnings: [] });
    expect(found.predictions.map(({ timestamp }) => timestamp)).toEqual(
      Array.from({ length: 24 }, (_, k) => new Date(NOW + k * HOUR_MS).toISOString()),
    );
    for (const [k, slot] of found.predictions.entries()) {
      expect(Math.abs(slot.predicted_power_kw! - 0.5 - Math.floor(shifts(NOW + k * HOUR_MS)))).toBeLessThan(1.5);
      expect(slot.confidence_interval_lower).toBeLessThanOrEqual(slot.lower_80!);
      expect(slot.confidence_interval_upper).toBeGreaterThanOrEqual(slot.upper_80!);
    }
    expect(found.peak_demand_predicted?.timestamp).toBe(new Date(NOW).toISOString());
    expect(found.backtest.skill).toBeGreaterThan(0);
    expect(Math.abs(found.backtest.coverage - 0.95)).toBeLessThan(0.05);
  });

  it('is reused until the slot ends', async () => {
    const { demand, site } = await world();
    const first = await demand.demand({ device_id: 'Press', horizon: '1h' });
    expect(first.predictions).toHaveLength(HORIZONS['1h'].steps);
    site.now = NOW + 10 * MINUTE_MS;
    expect(await demand.demand({ device_id: 'Press', horizon: '1h' })).toEqual(first);
    site.now = NOW + 16 * MINUTE_MS;
    const next = await demand.demand({ device_id: 'Press', horizon: '1h' });
    expect(next.predictions[0]?.timestamp).toBe(new Date(NOW + 15 * MINUTE_MS).toISOString());
    expect(next.model.chosen_at).toBe(first.model.chosen_at);
  });

  it('of a week uses local days of the site, also for the whole site', async () => {
    const { demand, site } = await world();
    const found = await demand.demand({ site: site.site.name, horizon: '7d' });
    expect(found).toMatchObject({ machine_id: null, machine_name: 'Test site' });
    expect(found.predictions.map(({ timestamp }) => timestamp.slice(0, 13))).toEqual(
      [14, 15, 16, 17, 18, 19, 20].map((day) => `2026-04-${day}T22`),
    );
  });

  it('predicts the time of the peak, and reports how often this was right', async () => {
    const { demand } = await world();
    const peak = await demand.peak({ machine_id: 'Press', horizon: '24h' });
    expect(peak.timestamp).toBe(new Date(NOW).toISOString());
    expect(peak.lower_kw).toBeLessThan(peak.power_kw);
    expect(peak.confidence).toBeGreaterThan(0.8);
    expect(peak.mean_error_kw).toBeLessThan(2);
  });

  it('uses the best of all models after the nightly back-test, and the accuracy lists each', async () => {
    const { demand } = await world(20);
    const before = await demand.accuracy({ machine_id: 'Press', horizon: '24h' });
    expect(before.thorough).toBe(false);
    const messages: string[] = [];
    const result = await demand.backtestAll(new AbortController().signal, (_, message = '') => messages.push(message));
    expect(result.left_out).toEqual([
      { name: 'Test site', horizon: '7d', reason: expect.stringContaining('20.0 days, and this forecast needs 42') },
      { name: 'Press', horizon: '7d', reason: expect.stringContaining('collect data for about 22 more days') },
    ]);
    expect(messages).toContain('Press, 24h: Prophet');
    const after = await demand.accuracy({ machine_id: 'Press', horizon: '24h' });
    expect(after).toMatchObject({
      thorough: true,
      naive_model: expect.stringMatching(/^Same as the (day|week) before$/),
    });
    expect(after.models.map(({ name }) => name).sort()).toEqual([
      'arima',
      'ets',
      'mixture',
      'mstl',
      'naive_day',
      'naive_week',
      'prophet',
      'regression_quick',
      'regression_steady',
    ]);
    expect(after.models.find(({ name }) => name === 'mixture')?.reason).toMatch(/requires 28 days/);
    expect(after.mae_kw).toBeLessThan(1);
  });

  it('uses another model if the chosen one fails, and reports which failed', async () => {
    const { demand, site } = await world();
    await demand.demand({ machine_id: 'Press', horizon: '24h' });
    site.now = NOW + HOUR_MS;
    const run = models.run.bind(models);
    let broken = '';
    const breaking = vi.spyOn(models, 'run').mockImplementation(async (name, input, options) => {
      if (name !== 'forecast.forecast' || broken !== '') return run(name, input, options);
      broken = (input as { candidate: string }).candidate;
      throw new Error('unreachable');
    });
    onTestFinished(() => breaking.mockRestore());
    const found = await demand.accuracy({ machine_id: 'Press', horizon: '24h' });
    expect(found.model.name).not.toBe(broken);
    expect(found.models.find(({ name }) => name === broken)).toMatchObject({ mae_kw: null, reason: 'unreachable' });
  });

  it('is rejected with the missing data', async () => {
    const { demand, site } = await world(3);
    await expect(demand.demand({ machine_id: 'Press', horizon: '24h' })).rejects.toThrow(
      /^the load of Press is known for 3\.0 days, and this forecast needs 14: collect data for about 11 more days$/,
    );
    await site.device('Lamp', 'other');
    await expect(demand.demand({ device_id: 'Lamp', horizon: '24h' })).rejects.toThrow(/Lamp does not report its load/);
    await expect(demand.demand({ machine_id: 'Press', site: 'Test site', horizon: '1h' })).rejects.toThrow(
      InvalidInput,
    );
    site.now = NOW + 800 * UTC_DAY_MS;
    await expect(demand.demand({ machine_id: 'Press', horizon: '24h' })).rejects.toThrow(NotFound);
  });
});

describe('a forecast of solar power', () => {
  const clearDay = (at: number) => 5 * Math.max(0, Math.cos(((hourOf(at) - 12.5) / 12) * Math.PI)) ** 1.5;

  it('follows the sun, learnt from the production of the panels', async () => {
    const { site, solar } = await world();
    const roof = await site.device('Roof', 'inverter', { expectedIntervalS: 900 });
    const cloud = (at: number) => (Math.floor(at / UTC_DAY_MS) % 3 === 0 ? 0.3 : 0.9);
    await site.report(
      roof,
      'solar.power_kw',
      every(15 * MINUTE_MS, START, NOW, (at) => clearDay(at) * cloud(at)),
    );
    const found = await solar.solar({ horizon: '24h' });
    expect(found.predictions).toHaveLength(24);
    const night = found.predictions.filter(({ timestamp }) => hourOf(Date.parse(timestamp)) < 4);
    expect(night.every(({ predicted_power_kw: kw }) => kw === 0)).toBe(true);
    expect(found.energy_kwh).toBeGreaterThan(5);
    for (const {
      predicted_power_kw: kw,
      confidence_interval_lower: low,
      confidence_interval_upper: high,
    } of found.predictions) {
      expect(low).toBeLessThanOrEqual(kw);
      expect(high).toBeGreaterThanOrEqual(kw);
    }
    expect(found.plane.azimuth_deg).toBeGreaterThan(90);
    expect(found.plane.azimuth_deg).toBeLessThan(270);
  });

  it('requires panels and a location', async () => {
    const { site, solar } = await world();
    await expect(solar.solar({ horizon: '24h' })).rejects.toThrow(/no device of Test site reports solar power/);
    await site.records.sites.update(site.site.id, { latitude: null, longitude: null });
    await expect(solar.solar({ horizon: '24h' })).rejects.toThrow(/has no location/);
  });
});

describe('a movable load', () => {
  const dishwasher = { name: 'dishwasher', energy_kwh: 2, duration_minutes: 120 };

  it('runs at the cheapest time, and shows the savings', async () => {
    const { site, schedules } = await world();
    await site.tariff({
      import_price: {
        type: 'time_of_use',
        bands: [{ name: 'night', price_per_kwh: 0.1, from: '22:00', to: '06:00', holidays: 'include' }],
        otherwise: { name: 'day', price_per_kwh: 0.3 },
        holidays: [],
      },
    });
    const found = await schedules.schedule({ loads: [dishwasher] });
    expect(found.chosen_by).toBe('price');
    expect(found.loads[0]).toMatchObject({
      start: '2026-04-15T20:00:00.000Z',
      end: '2026-04-15T22:00:00.000Z',
      power_kw: 1,
    });
    // 2 kWh at 0.30 now, at 0.10 at night.
    expect(found.total_savings).toBeCloseTo(0.4, 9);
    expect(found.loads[0]?.explanation).toBe(
      'Run dishwasher 22:00–00:00 for 0.20 PLN, because at 12:00 it costs 0.60 PLN',
    );
    const soon = await schedules.schedule({ loads: [{ ...dishwasher, latest: '2026-04-15T14:00:00Z' }] });
    expect(soon.loads[0]).toMatchObject({ start: '2026-04-15T10:00:00.000Z', savings: 0 });
  });

  it('minimises peaks if no price is known', async () => {
    const { schedules } = await world();
    const found = await schedules.schedule({ loads: [dishwasher] });
    expect(found).toMatchObject({ chosen_by: 'demand', total_savings: null });
    expect([22, 23, 0, 1, 2, 3, 4]).toContain(hourOf(Date.parse(found.loads[0]?.start ?? '')));
    expect(found.warnings[0]).toMatch(/no tariff and no price/);
  });

  it('is rejected if it does not fit', async () => {
    const { schedules } = await world();
    await expect(schedules.schedule({ loads: [{ ...dishwasher, latest: '2026-04-15T11:00:00Z' }] })).rejects.toThrow(
      /loads\.0\.latest must be at least 120 minutes after/,
    );
  });
});
