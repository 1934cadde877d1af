import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, test } from 'vitest';
import { every, SiteWorld, samples } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/time/site-time.ts';

const WARSAW = 'Europe/Warsaw';
const { start: DAY, end: DAY_END } = dayWindow('2026-06-15', WARSAW);
const LATER = DAY_END + 3 * 24 * HOUR_MS;
/** Sums of a few thousand doubles of at most 10: rounding stays below 1e-11, so 9 decimals hold with a margin. */
const DIGITS = 9;

const hourOf = (instant: number) => (instant - DAY) / HOUR_MS;

describe('precedence of devices', () => {
  test('a meter takes precedence over an inverter that reports the same load; two meters add up', async () => {
    const world = await SiteWorld.open(LATER);
    const report = async (name: string, kind: 'meter' | 'inverter', kw: number) => {
      const device = await world.device(name, kind, { expectedIntervalS: 600 });
      await world.report(
        device,
        'load.power_kw',
        every(10 * MINUTE_MS, DAY, DAY_END, () => kw),
      );
    };
    await report('Inverter', 'inverter', 5);
    await report('Meter A', 'meter', 1);
    await report('Meter B', 'meter', 2);
    expect((await world.energy.dailyReport('2026-06-15')).total_consumption_kwh).toBeCloseTo(72, DIGITS);
  });

  test('the inverter fills in while the meter is silent', async () => {
    const world = await SiteWorld.open(LATER);
    const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 600 });
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
    await world.report(
      inverter,
      'load.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 5),
    );
    await world.report(
      meter,
      'load.power_kw',
      every(10 * MINUTE_MS, DAY, DAY + 12 * HOUR_MS, () => 1),
    );
    expect((await world.energy.dailyReport('2026-06-15')).total_consumption_kwh).toBeCloseTo(12 + 60, DIGITS);
  });

  test('a counter takes precedence over power; a counter gives the total of a gap', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
    // The power is 10 % low and has no samples 12–18; the counter ends at 20:00.
    const power = every(10 * MINUTE_MS, DAY, DAY_END, () => 0.9);
    const heard = [...power.timestamps.keys()].filter((i) => {
      const hour = hourOf(power.timestamps[i]!);
      return hour < 12 || hour >= 18;
    });
    await world.report(meter, 'load.power_kw', {
      timestamps: Float64Array.from(heard, (i) => power.timestamps[i]!),
      values: Float64Array.from(heard, () => 0.9),
    });
    await world.report(
      meter,
      'load.energy_kwh',
      samples([DAY, 100], [DAY + 12 * HOUR_MS, 112], [DAY + 18 * HOUR_MS, 120], [DAY + 20 * HOUR_MS, 122]),
    );
    const report = await world.energy.dailyReport('2026-06-15');
    expect(report.total_consumption_kwh).toBeCloseTo(22 + 4 * 0.9, DIGITS);
    expect(report.coverage).toBe(1);
  });

  test('a counter that was silent from two days before until noon contributes an even share to the day', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
    const noon = DAY + 12 * HOUR_MS;
    await world.report(meter, 'load.energy_kwh', samples([DAY - 48 * HOUR_MS, 0], [noon, 60], [DAY_END, 72]));
    expect((await world.energy.dailyReport('2026-06-15')).total_consumption_kwh).toBeCloseTo(12 + 12, DIGITS);
  });

  test('the growth of a coarse counter is distributed by the power', async () => {
    const world = await SiteWorld.open(LATER);
    const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 600 });
    const kw = (instant: number) => (hourOf(instant) >= 6 && hourOf(instant) < 18 ? 2 : 0);
    await world.report(inverter, 'solar.power_kw', every(10 * MINUTE_MS, DAY, DAY_END, kw));
    // Read once a day: 26.4 kWh, a tenth more than the power gives.
    await world.report(
      inverter,
      'solar.energy_kwh',
      samples([DAY, 1000], [DAY_END, 1026.4], [DAY_END + 24 * HOUR_MS, 1026.4]),
    );
    const balance = await world.energy.balance({
      start: new Date(DAY).toISOString(),
      end: new Date(DAY_END).toISOString(),
      resolution: '1h',
    });
    expect(balance.totals.solar_kwh).toBeCloseTo(26.4, DIGITS);
    expect(balance.periods[3]?.solar_kwh).toBeCloseTo(0, DIGITS);
    expect(balance.periods[12]?.solar_kwh).toBeCloseTo(2.2, DIGITS);
  });
});

describe('an energy balance', () => {
  test('has the same sum by month and by quarter hour', async () => {
    const world = await SiteWorld.open(LATER);
    const home = await world.device('Home', 'inverter', { expectedIntervalS: 900 });
    const start = dayWindow('2026-03-20', WARSAW).start;
    const wave = (period: number, shift: number) => (instant: number) =>
      3 * Math.sin(((instant - start) / HOUR_MS) * ((2 * Math.PI) / period)) + shift;
    await world.report(
      home,
      'solar.power_kw',
      every(7 * MINUTE_MS, start, DAY_END, (t) => Math.max(wave(24, 0)(t), 0)),
    );
    await world.report(home, 'battery.power_kw', every(7 * MINUTE_MS, start, DAY_END, wave(7, 0)));
    await world.report(home, 'grid.power_kw', every(7 * MINUTE_MS, start, DAY_END, wave(5, 1)));
    await world.tariff({
      import_price: {
        type: 'tiered',
        period: 'month',
        tiers: [
          { up_to_kwh: 300, price_per_kwh: 1 },
          { up_to_kwh: null, price_per_kwh: 2 },
        ],
      },
      export_price: { type: 'flat', price_per_kwh: 0.3 },
    });
    const ask = (resolution: '15m' | '1h' | '1d' | '1mo') =>
      world.energy.balance({
        start: new Date(start).toISOString(),
        end: new Date(DAY_END).toISOString(),
        resolution,
      });
    const months = await ask('1mo');
    expect(months.periods).toHaveLength(4);
    for (const resolution of ['15m', '1h', '1d', '1mo'] as const) {
      const { totals, periods } = await ask(resolution);
      expect(totals).toEqual(months.totals);
      for (const key of [
        'solar_kwh',
        'consumption_kwh',
        'import_kwh',
        'export_kwh',
        'battery_charged_kwh',
        'cost',
        'revenue',
        'carbon_kg',
      ] as const) {
        const sum = periods.reduce((total, period) => total + (period[key] ?? 0), 0);
        // Up to 8,400 periods of up to 1e3 in total: rounding stays below 1e-9.
        expect(sum).toBeCloseTo(totals[key]!, 7);
      }
    }
  });

  test('prices the tiers of a window after the consumption of the month before it', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 900 });
    const start = dayWindow('2026-06-01', WARSAW).start;
    await world.report(
      meter,
      'grid.power_kw',
      every(15 * MINUTE_MS, start, DAY_END, () => 1),
    );
    await world.tariff({
      import_price: {
        type: 'tiered',
        period: 'month',
        tiers: [
          { up_to_kwh: 340, price_per_kwh: 1 },
          { up_to_kwh: null, price_per_kwh: 2 },
        ],
      },
    });
    // 14 days of 24 kWh before: 336 of 340 kWh are used, so 4 kWh at 1 and 20 at 2.
    expect((await world.energy.dailyReport('2026-06-15')).cost).toBeCloseTo(44, DIGITS);
  });

  test('is priced by a feed if there is no tariff, and has no cost without a feed', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 900 });
    await world.report(
      meter,
      'grid.power_kw',
      every(15 * MINUTE_MS, DAY, DAY_END, () => 1),
    );
    const before = await world.energy.dailyReport('2026-06-15');
    expect(before.cost).toBeNull();
    expect(before.warnings.join()).toMatch(/no tariff/);
    const feed = await world.device('Prices', 'tariff_feed');
    await world.report(
      feed,
      'price.import_per_kwh',
      every(HOUR_MS, DAY, DAY_END, (t) => (hourOf(t) < 6 ? 0.1 : 0.4)),
    );
    expect((await world.energy.dailyReport('2026-06-15')).cost).toBeCloseTo(6 * 0.1 + 18 * 0.4, DIGITS);
  });

  test('credits exports at the market price that is published for imports, and warns about energy priced at the fallback', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 900 });
    const feed = await world.device('Day-ahead', 'tariff_feed');
    await world.report(
      meter,
      'grid.power_kw',
      every(15 * MINUTE_MS, DAY, DAY_END, () => -1),
    );
    await world.tariff({
      import_price: { type: 'flat', price_per_kwh: 0.3 },
      export_price: { type: 'dynamic', factor: 1, markup_per_kwh: -0.01, fallback_per_kwh: 0.04 },
    });
    const revenues = async () => {
      const report = await world.energy.dailyReport('2026-06-15');
      const { totals } = await world.energy.balance({
        start: new Date(DAY).toISOString(),
        end: new Date(DAY_END).toISOString(),
        resolution: '1h',
      });
      expect(totals.revenue).toBeCloseTo(report.revenue as number, DIGITS);
      return { revenue: report.revenue, warnings: report.warnings.filter((one) => one.includes('price')) };
    };
    expect(await revenues()).toEqual({
      revenue: expect.closeTo(24 * 0.04, DIGITS),
      warnings: ['no price is known for 24.00 kWh of export: priced at the fallback of 0.04'],
    });
    await world.report(
      feed,
      'price.import_per_kwh',
      every(HOUR_MS, DAY, DAY_END, (t) => (hourOf(t) < 6 ? 0.1 : 0.4)),
    );
    expect(await revenues()).toEqual({ revenue: expect.closeTo(6 * 0.09 + 18 * 0.39, DIGITS), warnings: [] });
  });

  test('uses the carbon intensity of a feed by hour', async () => {
    const world = await SiteWorld.open(LATER, { emissionFactorKgPerKwh: 0.7 });
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 900 });
    await world.report(
      meter,
      'grid.power_kw',
      every(15 * MINUTE_MS, DAY, DAY_END, () => 1),
    );
    const feed = await world.device('Carbon', 'tariff_feed');
    await world.report(
      feed,
      'carbon.intensity_kg_per_kwh',
      every(HOUR_MS, DAY, DAY + 12 * HOUR_MS, () => 0.2),
    );
    // The last value holds for 2.5 h after 11:00, so until 13:30; then the site's own factor applies.
    expect((await world.energy.dailyReport('2026-06-15')).carbon_kg).toBeCloseTo(13.5 * 0.2 + 10.5 * 0.7, DIGITS);
  });

  test('rejects an empty window and too many periods', async () => {
    const world = await SiteWorld.open(LATER);
    const ask = (start: string, end: string, resolution: '15m' | '1d') =>
      world.energy.balance({ start, end, resolution });
    await expect(ask('2026-06-02T00:00:00Z', '2026-06-01T00:00:00Z', '1d')).rejects.toThrow(/start must be before end/);
    await expect(ask('2020-06-02T00:00:00Z', '2026-06-01T00:00:00Z', '15m')).rejects.toThrow(/at most 10000/);
  });
});

describe('a summary', () => {
  test('shows the current power, measured or derived from the balance', async () => {
    const now = DAY + 12 * HOUR_MS;
    const world = await SiteWorld.open(now);
    const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 60 });
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 60 });
    const car = await world.device('Car', 'vehicle', { expectedIntervalS: 60 });
    const at = (value: number, agoMs = 30_000) => samples([now - agoMs, value]);
    await world.report(inverter, 'solar.power_kw', at(5));
    await world.report(inverter, 'battery.power_kw', at(2));
    await world.report(inverter, 'battery.soc_percent', at(64));
    await world.report(inverter, 'grid.power_kw', at(9));
    await world.report(meter, 'grid.power_kw', at(-1));
    await world.report(car, 'vehicle.power_kw', at(7, 10 * MINUTE_MS));
    await world.tariff({ import_price: { type: 'flat', price_per_kwh: 0.5 } });
    const summary = await world.energy.summary();
    // Load: 5 − 1 exported − 2 into the battery. The meter takes precedence over the inverter; the car's value is stale.
    expect(summary.now).toEqual({
      solar_kw: 5,
      battery_kw: 2,
      battery_soc_percent: 64,
      grid_kw: -1,
      load_kw: 2,
      vehicle_kw: null,
      machines_kw: null,
      import_price_per_kwh: 0.5,
      timestamp: new Date(now - 30_000).toISOString(),
    });
    expect(summary.device_count).toBe(3);
  });

  test('has today so far and the whole of yesterday', async () => {
    const world = await SiteWorld.open(DAY + 6 * HOUR_MS);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
    const since = DAY - 24 * HOUR_MS;
    await world.report(
      meter,
      'grid.power_kw',
      every(10 * MINUTE_MS, since, world.now, (t) => (t < DAY ? 1 : 2)),
    );
    const { today, yesterday, yesterday_so_far: soFar } = await world.energy.summary();
    expect(today.import_kwh).toBeCloseTo(12, DIGITS);
    expect(today.coverage).toBe(1);
    expect(yesterday?.import_kwh).toBeCloseTo(24, DIGITS);
    // The fair comparison: yesterday up to the same time of day.
    expect(soFar?.import_kwh).toBeCloseTo(6, DIGITS);
    world.now = DAY + 72 * HOUR_MS;
    expect((await world.energy.summary()).yesterday).toBeNull();
  });
});
