import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, test } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/time/site-time.ts';

const WARSAW = 'Europe/Warsaw';
const { start: DAY, end: DAY_END } = dayWindow('2026-06-15', WARSAW);
const LATER = DAY_END + 3 * 24 * HOUR_MS;
/** Sums of a few thousand doubles of at most 10: rounding stays below 1e-11, so 9 decimals hold with a margin. */
const DIGITS = 9;

const hourOf = (instant: number) => (instant - DAY) / HOUR_MS;

describe('a daily report', () => {
  test('of a home with solar, battery and meter agrees with a calculation by hand', async () => {
    const world = await SiteWorld.open(LATER);
    const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 300 });
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 300 });
    const every5 = (valueAt: (hour: number) => number) =>
      every(5 * MINUTE_MS, DAY, DAY_END, (instant) => valueAt(hourOf(instant)));
    // 10:00–14:00 4 kW of solar; load 1 kW; the battery charges at 2 kW 10–12 and discharges at 1 kW 18–22; the meter covers the difference.
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

    // Export: 10–12 4−1−2 = 1 kW, 12–14 3 kW → 8 kWh. Import: 24 − 4 (solar) − 4 (battery) = 16 h · 1 kW.
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

  test('separates import and export if the sign changes within a slot', async () => {
    const world = await SiteWorld.open(LATER);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 60 });
    // Alternate minutes of +6 and −6 kW: 0.1 kWh a minute each way, net zero in every slot.
    const flipping = every(MINUTE_MS, DAY, DAY_END, (instant) => (((instant - DAY) / MINUTE_MS) % 2 === 0 ? 6 : -6));
    await world.report(meter, 'grid.power_kw', flipping);
    const report = await world.energy.dailyReport('2026-06-15');
    expect(report.grid_import_kwh).toBeCloseTo(72, DIGITS);
    expect(report.grid_export_kwh).toBeCloseTo(72, DIGITS);
  });

  test('does not fill gaps, and reports them', async () => {
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

  test('of today covers the elapsed part of the day', async () => {
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

describe('balance terms that are not measured', () => {
  test('grid is derived from load and solar, sample by sample, on a site without a battery', async () => {
    const world = await SiteWorld.open(LATER);
    const home = await world.device('Home', 'other', { expectedIntervalS: 600 });
    // Ten minutes of 1 kW above the load, ten of 1 kW below it: netting over 15 minutes would hide both.
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
    expect(report.warnings.join()).toMatch(/grid import and export is derived from load, solar for 24 h/);
    expect(report.coverage_by_quantity).toEqual({ solar: 1, load: 1 });
  });

  test('consumption is derived from solar, grid and battery', async () => {
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

  test('stay unknown if two of them are missing', async () => {
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

  test('the grid is unknown if only the state of charge of a battery is known', async () => {
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

  test('solar production is zero at night while the inverter is off, by the sun’s position or by the usual reporting hours', async () => {
    for (const place of [{ latitude: 52.2, longitude: 21 }, {}]) {
      const world = await SiteWorld.open(LATER, place);
      const home = await world.device('Home', 'inverter', { expectedIntervalS: 600 });
      // Sunrise is at about 4:15 and sunset at 21:00 in Warsaw in June; the inverter reports from 4:00 to 21:10.
      const awake = every(10 * MINUTE_MS, DAY - 24 * HOUR_MS, DAY_END + 24 * HOUR_MS, (instant) => {
        const hour = hourOf(instant) - 24 * Math.floor(hourOf(instant) / 24);
        return hour >= 5 && hour < 20 ? 2 : 0.001;
      });
      const keep = [...awake.timestamps.keys()].filter((i) => {
        const hour = hourOf(awake.timestamps[i]!);
        const ofDay = hour - 24 * Math.floor(hour / 24);
        return ofDay >= 4 && ofDay < 21.17;
      });
      await world.report(home, 'solar.power_kw', {
        timestamps: Float64Array.from(keep, (i) => awake.timestamps[i]!),
        values: Float64Array.from(keep, (i) => awake.values[i]!),
      });
      await world.report(
        home,
        'load.power_kw',
        every(10 * MINUTE_MS, DAY, DAY_END, () => 1),
      );
      const report = await world.energy.dailyReport('2026-06-15');
      // 15 h of 2 kW supply half of the load; 9 h are imported, minus the 0.001 kW of 131 samples of ten minutes at dawn and dusk.
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
