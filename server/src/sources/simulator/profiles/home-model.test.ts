import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { mean, type SimulatedSeries, simulate, sum } from '../../../../test/simulated-series.ts';
import { localTime } from '../../../domain/time/site-time.ts';
import { sunPosition } from '../../../domain/time/sun.ts';
import { HOME_BATTERY, HOME_STRINGS } from '../equipment/home-equipment.ts';
import { createSimulator } from '../simulator.ts';

type Lookup = (device: string, metric: string) => SimulatedSeries;

const ZONE = 'Europe/Amsterdam';
const STEP_H = MINUTE_MS / HOUR_MS;
const PEAK_KW = sum(HOME_STRINGS.map(({ peakKw }) => peakKw));

function home(start: number, days: number, stepMs = MINUTE_MS, seed = 11): Lookup {
  const simulator = createSimulator({ profile: 'home', seed, start, stepMs, faults: {} });
  return simulate(simulator, start + days * UTC_DAY_MS);
}

/** Daily energy of a power, kWh. */
function dailyKwh({ values, timestamps }: SimulatedSeries): number[] {
  const days: number[] = [];
  timestamps.forEach((t, i) => {
    const day = Math.floor((t - timestamps[0]!) / UTC_DAY_MS);
    days[day] = (days[day] ?? 0) + values[i]! * STEP_H;
  });
  return days;
}

describe('every sample of a simulated home', () => {
  let summer: Lookup;
  let winter: Lookup;
  beforeAll(() => {
    summer = home(Date.UTC(2025, 5, 1, 22), 21);
    winter = home(Date.UTC(2025, 11, 31, 23), 21);
  });
  const power = (data: Lookup) => ({
    solar: data('inverter', 'solar.power_kw').values,
    grid: data('grid', 'grid.power_kw').values,
    load: data('house', 'load.power_kw').values,
    battery: data('battery', 'battery.power_kw').values,
    vehicle: data('charger', 'vehicle.power_kw').values,
  });

  test('balances: solar + grid = load + battery', () => {
    for (const data of [summer, winter]) {
      const { solar, grid, load, battery, vehicle } = power(data);
      for (let i = 0; i < solar.length; i++) {
        const left = solar[i]! + grid[i]! - load[i]! - battery[i]!;
        if (Math.abs(left) > 1e-9) expect.fail(`row ${i} is out of balance by ${left} kW`);
        if (vehicle[i]! > load[i]! + 1e-9) expect.fail(`row ${i}: the car draws more than the house`);
      }
      expect(solar.length).toBe(21 * 1440);
    }
  });

  test('has counters that match its power to the last digit and never decrease', () => {
    const meters = [
      ['inverter', 'solar.power_kw', 'solar.energy_kwh', 1, 0.1],
      ['house', 'load.power_kw', 'load.energy_kwh', 1, 0.01],
      ['charger', 'vehicle.power_kw', 'vehicle.energy_kwh', 1, 0.01],
      ['grid', 'grid.power_kw', 'grid.energy_imported_kwh', 1, 0.01],
      ['grid', 'grid.power_kw', 'grid.energy_exported_kwh', -1, 0.01],
      ['battery', 'battery.power_kw', 'battery.energy_charged_kwh', 1, 0.1],
      ['battery', 'battery.power_kw', 'battery.energy_discharged_kwh', -1, 0.1],
    ] as const;
    for (const data of [summer, winter]) {
      for (const [device, powerMetric, counterMetric, sign, digit] of meters) {
        const { values: kw } = data(device, powerMetric);
        const { values: counter } = data(device, counterMetric);
        let energyKwh = 0;
        for (let i = 0; i < counter.length; i++) {
          const counted = counter[i]! - counter[0]!;
          if (Math.abs(counted - energyKwh) > digit + 1e-6)
            expect.fail(`${counterMetric} ${counted}, power ${energyKwh}`);
          if (i > 0 && counter[i]! < counter[i - 1]!) expect.fail(`${counterMetric} fell at ${i}`);
          energyKwh += Math.max(0, sign * kw[i]!) * STEP_H;
        }
        expect(energyKwh, counterMetric).toBeGreaterThan(1);
      }
    }
  });

  test('keeps the battery within its limits, and its state of charge matches energy and losses', () => {
    const efficiency = HOME_BATTERY.converterEfficiency * HOME_BATTERY.cellEfficiency;
    for (const data of [summer, winter]) {
      const { values: kw } = data('battery', 'battery.power_kw');
      const { values: soc } = data('battery', 'battery.soc_percent');
      const { values: soh } = data('battery', 'battery.soh_percent');
      expect(Math.min(...soc)).toBeGreaterThanOrEqual(8.9);
      expect(Math.max(...soc)).toBeLessThanOrEqual(100);
      expect(Math.max(...kw.map(Math.abs))).toBeLessThanOrEqual(5);
      expect(soh[0]).toBeGreaterThan(soh.at(-1) as number);
      // Per hour: ΔE = P·η or P/η minus standby; SoC is reported in steps of 0.1 %, which is 0.01 kWh.
      for (let i = 0; i + 60 < soc.length; i += 60) {
        let cellsKwh = 0;
        for (let j = i; j < i + 60; j++) {
          const p = kw[j]!;
          cellsKwh += ((p > 0 ? p * efficiency : p / efficiency) - HOME_BATTERY.standbyW / 1000) * STEP_H;
        }
        const usable = (HOME_BATTERY.capacityKwh * soh[i]!) / 100;
        const heldKwh = ((soc[i + 60]! - soc[i]!) / 100) * usable;
        if (Math.abs(heldKwh - cellsKwh) > 0.02)
          expect.fail(`hour at row ${i}: holds ${heldKwh}, took ${cellsKwh} kWh`);
      }
    }
  });

  test('has no solar power at night and no more than its panels can produce', () => {
    for (const data of [summer, winter]) {
      const { timestamps, values } = data('inverter', 'solar.power_kw');
      let nights = 0;
      timestamps.forEach((t, i) => {
        if (sunPosition(t, 52.09, 5.12).zenithDeg < 91) return;
        nights++;
        if (values[i] !== 0) expect.fail(`${values[i]} kW at night`);
      });
      expect(nights).toBeGreaterThan(4000);
      expect(Math.max(...values)).toBeLessThan(PEAK_KW);
      const strings =
        sum(data('inverter', 'solar.string1_power_kw').values) + sum(data('inverter', 'solar.string2_power_kw').values);
      // In dim winter light the inverter's self-consumption weighs more.
      expect(sum(values) / strings).toBeGreaterThan(0.88);
      expect(sum(values) / strings).toBeLessThan(0.98);
    }
  });

  test('has the solar yield and the consumption of its season', () => {
    const yieldOf = (data: Lookup) => mean(dailyKwh(data('inverter', 'solar.power_kw'))) / PEAK_KW;
    // PVGIS, Utrecht, this roof: about 0.7 kWh/kWp a day in January and 4.3 in June; three weeks stray around it.
    expect(yieldOf(winter)).toBeGreaterThan(0.3);
    expect(yieldOf(winter)).toBeLessThan(1.4);
    expect(yieldOf(summer)).toBeGreaterThan(2.7);
    expect(yieldOf(summer)).toBeLessThan(5.8);
    const useOf = (data: Lookup) => mean(dailyKwh(data('house', 'load.power_kw'))) - carOf(data);
    const carOf = (data: Lookup) => mean(dailyKwh(data('charger', 'vehicle.power_kw')));
    // Summer: appliances (8–12 kWh) and hot water (about 1.5 kWh); winter: heating on top.
    expect(useOf(summer)).toBeGreaterThan(8);
    expect(useOf(summer)).toBeLessThan(14);
    expect(useOf(winter)).toBeGreaterThan(16);
    expect(useOf(winter)).toBeLessThan(40);
    for (const data of [summer, winter]) {
      expect(carOf(data)).toBeGreaterThan(3);
      expect(carOf(data)).toBeLessThan(13);
    }
    expect(mean(winter('weather', 'weather.temperature_c').values)).toBeLessThan(8);
    expect(mean(summer('weather', 'weather.temperature_c').values)).toBeGreaterThan(12);
  });

  test('has the resolution of real devices', () => {
    const whole = (device: string, metric: string, perUnit: number) =>
      summer(device, metric).values.every((v) => Math.abs(v * perUnit - Math.round(v * perUnit)) < 1e-6);
    expect(whole('house', 'load.power_kw', 1000)).toBe(true);
    expect(whole('grid', 'grid.voltage_v', 10)).toBe(true);
    expect(whole('battery', 'battery.temperature_c', 10)).toBe(true);
    expect(whole('inverter', 'solar.energy_kwh', 10)).toBe(true);
  });
});

test('occupants follow the wall clock when it changes', () => {
  // 30 March 2025: 2:00 → 3:00. Breakfast moves by an hour of UTC.
  const before = home(Date.UTC(2025, 2, 16, 23), 13);
  const after = home(Date.UTC(2025, 2, 30, 22), 14);
  const breakfastUtc = (data: Lookup) => {
    const { timestamps, values } = data('house', 'load.power_kw');
    const weekdays = [...timestamps]
      .map((t, i) => ({ t, kw: values[i]! }))
      .filter(({ t }) => {
        const { weekday, minuteOfDay } = localTime(t, ZONE);
        return weekday <= 5 && minuteOfDay > 330 && minuteOfDay < 530;
      });
    // The kettle and the coffee machine are visible above the heat pump.
    const peaks = weekdays.filter(({ kw }) => kw > 2.2).map(({ t }) => (t % UTC_DAY_MS) / HOUR_MS);
    expect(peaks.length).toBeGreaterThan(15);
    return mean(peaks);
  };
  const shift = breakfastUtc(before) - breakfastUtc(after);
  expect(shift).toBeGreaterThan(0.7);
  expect(shift).toBeLessThan(1.3);
});

describe('day-ahead prices', () => {
  test('are published a day ahead, one per slot, 23 on a day of 23 hours', () => {
    const start = Date.UTC(2026, 2, 28, 10);
    const simulator = createSimulator({ profile: 'home', seed: 3, start, stepMs: MINUTE_MS, faults: {} });
    const known = () => simulate(simulator, simulator.time + MINUTE_MS);
    expect(known()('tariff', 'price.import_per_kwh').timestamps.at(-1)).toBe(Date.UTC(2026, 2, 28, 22));
    const prices = simulate(simulator, Date.UTC(2026, 2, 28, 13))('tariff', 'price.import_per_kwh');
    expect(prices.timestamps).toHaveLength(23);
    expect(prices.timestamps[0]).toBe(Date.UTC(2026, 2, 28, 23));
    expect(prices.timestamps.at(-1)).toBe(Date.UTC(2026, 2, 29, 21));
  });

  test('peak in the evening, dip at noon in summer and are sometimes negative', () => {
    const { timestamps, values } = home(
      Date.UTC(2025, 4, 31, 22),
      60,
      15 * MINUTE_MS,
    )('tariff', 'price.export_per_kwh');
    const at = (hour: number) =>
      mean([...values].filter((_, i) => localTime(timestamps[i]!, ZONE).minuteOfDay === hour * 60));
    expect(at(20)).toBeGreaterThan(1.3 * at(4));
    expect(at(13)).toBeLessThan(0.6 * at(4));
    const negative = values.filter((price) => price < 0).length / values.length;
    expect(negative).toBeGreaterThan(0.005);
    expect(negative).toBeLessThan(0.15);
  });
});

test('a coarse step has the same energy as a fine one', () => {
  const start = Date.UTC(2025, 3, 6, 22);
  const load = (stepMs: number) => {
    const { values } = home(start, 10, stepMs)('house', 'load.energy_kwh');
    return (values.at(-1) as number) - values[0]!;
  };
  expect(load(HOUR_MS) / load(MINUTE_MS)).toBeGreaterThan(0.97);
  expect(load(HOUR_MS) / load(MINUTE_MS)).toBeLessThan(1.03);
});
