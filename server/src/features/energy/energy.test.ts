import { describe, expect, test } from 'vitest';
import { every, SiteWorld, samples } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/site-time.ts';
import { HOUR_MS, MINUTE_MS } from '../../domain/window.ts';

const WARSAW = 'Europe/Warsaw';
const { start: DAY, end: DAY_END } = dayWindow('2026-06-15', WARSAW);
const LATER = DAY_END + 3 * 24 * HOUR_MS;
/** Sums of a few thousand doubles of at most 10: rounding stays below 1e-11, so 9 decimals hold with a margin. */
const DIGITS = 9;

const hourOf = (instant: number) => (instant - DAY) / HOUR_MS;

describe('a daily report', () => {
  test('of a home with solar, battery and meter has every figure as worked by hand', async () => {
    const world = await SiteWorld.open(LATER);
    const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 300 });
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 300 });
    const every5 = (valueAt: (hour: number) => number) =>
      every(5 * MINUTE_MS, DAY, DAY_END, (instant) => valueAt(hourOf(instant)));
    // 10:00–14:00 4 kW of sun; load 1 kW; the battery takes 2 kW 10–12 and gives 1 kW 18–22; the meter has the rest.
    const solar = (hour: number) => (hour >= 10 && hour < 14 ? 4 : 0);
    const battery = (hour: number) => (hour >= 10 && hour < 12 ? 2 : hour >= 18 && hour < 22 ? -1 : 0);
    await world.report(inverter, 'solar.power_kw', every5(solar));
    await world.report(inverter, 'battery.power_kw', every5(battery));
    await world.report(
      inverter,
      'battery.soc_percent',
      every5((hour) => (hour < 12 ? 20 : 60)),
    );
    await world.report(
      meter,
      'grid.power_kw',
      every5((hour) => 1 + battery(hour) - solar(hour)),
    );
    await world.report(
      meter,
      'load.power_kw',
      every5((hour) => (hour === 7 ? 3 : 1)),
    );
    await world.tariff({
      import_price: { type: 'flat', price_per_kwh: 0.5 },
      export_price: { type: 'flat', price_per_kwh: 0.2 },
    });

    const report = await world.energy.dailyReport('2026-06-15');

    // Export: 10–12 4−1−2 = 1 kW, 12–14 3 kW → 8 kWh. Import: 24 − 4 (sun) − 4 (battery) = 16 h · 1 kW.
    expect(report.total_pv_production_kwh).toBeCloseTo(16, DIGITS);
    expect(report.total_consumption_kwh).toBeCloseTo(24 + 2 / 12, DIGITS);
    expect(report.grid_import_kwh).toBeCloseTo(16, DIGITS);
    expect(report.grid_export_kwh).toBeCloseTo(8, DIGITS);
    expect(report.battery_charged_kwh).toBeCloseTo(4, DIGITS);
    expect(report.battery_discharged_kwh).toBeCloseTo(4, DIGITS);
    expect(report.average_battery_soc).toBeCloseTo(40, DIGITS);
    expect([report.min_battery_soc, report.max_battery_soc]).toEqual([20, 60]);
    expect(report.peak_pv_power_kw).toBe(4);
    expect(report.peak_pv_at).toBe(new Date(DAY + 10 * HOUR_MS).toISOString());
    expect(report.peak_consumption_kw).toBe(3);
    expect(report.peak_consumption_at).toBe(new Date(DAY + 7 * HOUR_MS).toISOString());
    expect(report.self_consumption).toBeCloseTo(1 - 8 / 16, DIGITS);
    expect(report.self_sufficiency).toBeCloseTo(1 - 16 / (24 + 2 / 12), DIGITS);
    expect(report.cost).toBeCloseTo(8, DIGITS);
    expect(report.revenue).toBeCloseTo(1.6, DIGITS);
    expect(report.carbon_kg).toBeCloseTo(16 * 0.45, DIGITS);
    expect(report.data_points).toBe(5 * 288);
    expect(report.coverage).toBe(1);
    expect(report.warnings).toEqual([]);
  });

  test('of days with 23 and 25 hours counts every hour once', async () => {
    for (const [day, hours] of [
      ['2026-03-29', 23],
      ['2026-10-25', 25],
    ] as const) {
      const { start, end } = dayWindow(day, WARSAW);
      const world = await SiteWorld.open(end + HOUR_MS);
      const meter = await world.device('Meter', 'meter');
      await world.report(
        meter,
        'grid.power_kw',
        every(HOUR_MS / 2, start, end, () => 2),
      );
      await world.tariff({ import_price: { type: 'flat', price_per_kwh: 1 }, fixed_per_day: 3 });
      const report = await world.energy.dailyReport(day);
      expect(report.grid_import_kwh).toBeCloseTo(2 * hours, DIGITS);
      expect(report.cost).toBeCloseTo(2 * hours, DIGITS);
      expect(report.coverage).toBe(1);
      const balance = await world.energy.balance({
        start: report.time_period.start,
        end: report.time_period.end,
        resolution: '1d',
      });
      expect(balance.totals.fixed_cost).toBeCloseTo(3, DIGITS);
    }
  });

  test('keeps import and export apart where the sign changes within a slot', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 60 });
    // Alternate minutes of +6 and −6 kW: 0.1 kWh a minute each way, net zero in every slot.
    const flipping = every(MINUTE_MS, DAY, DAY_END, (instant) => (((instant - DAY) / MINUTE_MS) % 2 === 0 ? 6 : -6));
    await world.report(meter, 'grid.power_kw', flipping);
    const report = await world.energy.dailyReport('2026-06-15');
    expect(report.grid_import_kwh).toBeCloseTo(72, DIGITS);
    expect(report.grid_export_kwh).toBeCloseTo(72, DIGITS);
  });

  test('leaves gaps open and says so', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
    await world.report(
      meter,
      'grid.power_kw',
      every(10 * MINUTE_MS, DAY, DAY + 6 * HOUR_MS, () => 1),
    );
    const report = await world.energy.dailyReport('2026-06-15');
    expect(report.grid_import_kwh).toBeCloseTo(6, DIGITS);
    expect(report.coverage).toBeCloseTo(0.25, DIGITS);
    expect(report.coverage_by_quantity).toEqual({ grid: 0.25 });
    expect(report.warnings.join()).toMatch(/only 25 % of the time is covered/);
  });

  test('of a day without readings is not found', async () => {
    const world = await SiteWorld.open(LATER);
    await world.device('Meter', 'meter');
    await expect(world.energy.dailyReport('2026-06-15')).rejects.toMatchObject({ code: 'no_data' });
  });

  test('of today covers what has passed', async () => {
    const world = await SiteWorld.open(DAY + 12 * HOUR_MS);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
    await world.report(
      meter,
      'grid.power_kw',
      every(10 * MINUTE_MS, DAY, DAY + 12 * HOUR_MS, () => 2),
    );
    const report = await world.energy.dailyReport();
    expect(report.date).toBe('2026-06-15');
    expect(report.grid_import_kwh).toBeCloseTo(24, DIGITS);
    expect(report.coverage).toBe(1);
  });
});

describe('missing corners', () => {
  test('grid follows from load and solar, sample by sample, where there is no battery', async () => {
    const world = await SiteWorld.open(LATER);
    const home = await world.device('Home', 'other', { expectedIntervalS: 600 });
    // Ten minutes of 1 kW over the load, ten of 1 kW under it: netting over 15 minutes would hide both.
    const swing = (instant: number) => (((instant - DAY) / (10 * MINUTE_MS)) % 2 === 0 ? 3 : 1);
    await world.report(home, 'solar.power_kw', every(10 * MINUTE_MS, DAY, DAY_END, swing));
    await world.report(
      home,
      'load.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 2),
    );
    const report = await world.energy.dailyReport('2026-06-15');
    expect(report.grid_import_kwh).toBeCloseTo(12, DIGITS);
    expect(report.grid_export_kwh).toBeCloseTo(12, DIGITS);
    expect(report.warnings.join()).toMatch(/grid import and export is worked out from load, solar for 24 h/);
    expect(report.coverage_by_quantity).toEqual({ solar: 1, load: 1 });
  });

  test('consumption follows from solar, grid and battery', async () => {
    const world = await SiteWorld.open(LATER);
    const home = await world.device('Home', 'inverter', { expectedIntervalS: 600 });
    await world.report(
      home,
      'solar.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 3),
    );
    await world.report(
      home,
      'grid.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => -0.5),
    );
    await world.report(
      home,
      'battery.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 1),
    );
    const report = await world.energy.dailyReport('2026-06-15');
    expect(report.total_consumption_kwh).toBeCloseTo(36, DIGITS);
    expect(report.peak_consumption_kw).toBeCloseTo(1.5, DIGITS);
  });

  test('stay unknown where the balance leaves two of them open', async () => {
    const world = await SiteWorld.open(LATER);
    const home = await world.device('Home', 'inverter', { expectedIntervalS: 600 });
    await world.report(
      home,
      'solar.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 3),
    );
    const report = await world.energy.dailyReport('2026-06-15');
    expect(report.total_pv_production_kwh).toBeCloseTo(72, DIGITS);
    expect([report.grid_import_kwh, report.total_consumption_kwh, report.cost]).toEqual([null, null, null]);
    expect(report.warnings.join()).toMatch(/no device reports the grid/);
    expect(report.coverage).toBe(1);
  });

  test('a battery of which only the state of charge is known leaves the grid unknown', async () => {
    const world = await SiteWorld.open(LATER);
    const home = await world.device('Home', 'inverter', { expectedIntervalS: 600 });
    await world.report(
      home,
      'load.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 1),
    );
    await world.report(
      home,
      'battery.soc_percent',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 50),
    );
    expect((await world.energy.dailyReport('2026-06-15')).grid_import_kwh).toBeNull();
  });

  test('panels whose inverter sleeps make nothing at night, by the sun or by habit', async () => {
    for (const place of [{ latitude: 52.2, longitude: 21 }, {}]) {
      const world = await SiteWorld.open(LATER, place);
      const home = await world.device('Home', 'inverter', { expectedIntervalS: 600 });
      // Sunrise is at about 4:15 and sunset at 21:00 in Warsaw in June; the inverter reports from 4:00 to 21:10.
      const awake = every(10 * MINUTE_MS, DAY - 24 * HOUR_MS, DAY_END + 24 * HOUR_MS, (instant) => {
        const hour = hourOf(instant) - 24 * Math.floor(hourOf(instant) / 24);
        return hour >= 5 && hour < 20 ? 2 : 0.001;
      });
      const keep = [...awake.timestamps.keys()].filter((i) => {
        const hour = hourOf(awake.timestamps[i] as number);
        const ofDay = hour - 24 * Math.floor(hour / 24);
        return ofDay >= 4 && ofDay < 21.17;
      });
      await world.report(home, 'solar.power_kw', {
        timestamps: Float64Array.from(keep, (i) => awake.timestamps[i] as number),
        values: Float64Array.from(keep, (i) => awake.values[i] as number),
      });
      await world.report(
        home,
        'load.power_kw',
        every(10 * MINUTE_MS, DAY, DAY_END, () => 1),
      );
      const report = await world.energy.dailyReport('2026-06-15');
      // 15 h of 2 kW meet half of themselves; 9 h are bought, less the faint 0.001 kW of 131 samples of ten minutes.
      expect(report.grid_export_kwh).toBeCloseTo(15, DIGITS);
      expect(report.grid_import_kwh).toBeCloseTo(9, 2);
      expect(report.coverage).toBe(1);
      expect(report.coverage_by_quantity.solar).toBeLessThan(0.75);
      expect(report.warnings.join()).toMatch(/counts as zero for \d/);
    }
  });

  test('by day a silent inverter is a gap, not zero', async () => {
    const world = await SiteWorld.open(LATER, { latitude: 52.2, longitude: 21 });
    const home = await world.device('Home', 'inverter', { expectedIntervalS: 600 });
    const solar = every(10 * MINUTE_MS, DAY, DAY + 10 * HOUR_MS, (instant) => (hourOf(instant) > 5 ? 2 : 0));
    await world.report(home, 'solar.power_kw', solar);
    await world.report(
      home,
      'load.power_kw',
      every(10 * MINUTE_MS, DAY, DAY_END, () => 1),
    );
    const report = await world.energy.dailyReport('2026-06-15');
    // Known: 0:00–10:00 and from sunset (about 21:00) on.
    expect(report.coverage).toBeGreaterThan(12.5 / 24);
    expect(report.coverage).toBeLessThan(13.5 / 24);
  });
});

describe('who is believed', () => {
  test('a meter before an inverter that reports the same load; two meters add up', async () => {
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

  test('a counter before power, power before nothing; a counter knows the total of a gap', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 600 });
    // The power reads 10 % low and has no samples 12–18; the counter ends at 20:00.
    const power = every(10 * MINUTE_MS, DAY, DAY_END, () => 0.9);
    const heard = [...power.timestamps.keys()].filter((i) => {
      const hour = hourOf(power.timestamps[i] as number);
      return hour < 12 || hour >= 18;
    });
    await world.report(meter, 'load.power_kw', {
      timestamps: Float64Array.from(heard, (i) => power.timestamps[i] as number),
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

  test('a coarse counter takes the course of the power', async () => {
    const world = await SiteWorld.open(LATER);
    const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 600 });
    const kw = (instant: number) => (hourOf(instant) >= 6 && hourOf(instant) < 18 ? 2 : 0);
    await world.report(inverter, 'solar.power_kw', every(10 * MINUTE_MS, DAY, DAY_END, kw));
    // Read once a day: 26.4 kWh, a tenth more than the power tells.
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
  test('by month and by quarter hour adds up to the same', async () => {
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
        // Up to 8,400 periods of up to 1e3 in all: rounding stays below 1e-9.
        expect(sum).toBeCloseTo(totals[key] as number, 7);
      }
    }
  });

  test('prices the tiers of a window by what the month had used before it', async () => {
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

  test('without a tariff costs what a feed publishes, and nothing is known without a feed', async () => {
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

  test('takes the carbon intensity of a feed hour by hour', async () => {
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
    // The last value stands 2.5 h beyond 11:00, so until 13:30; the site's own factor holds from there.
    expect((await world.energy.dailyReport('2026-06-15')).carbon_kg).toBeCloseTo(13.5 * 0.2 + 10.5 * 0.7, DIGITS);
  });

  test('refuses an empty window and too many periods', async () => {
    const world = await SiteWorld.open(LATER);
    const ask = (start: string, end: string, resolution: '15m' | '1d') =>
      world.energy.balance({ start, end, resolution });
    await expect(ask('2026-06-02T00:00:00Z', '2026-06-01T00:00:00Z', '1d')).rejects.toThrow(/start must be before end/);
    await expect(ask('2020-06-02T00:00:00Z', '2026-06-01T00:00:00Z', '15m')).rejects.toThrow(/at most 10000/);
  });
});
