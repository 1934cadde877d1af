import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { mean, type SimulatedSeries, simulate, sum } from '../../../../test/simulated-series.ts';
import { localTime } from '../../../domain/time/site-time.ts';
import { createSimulator } from '../simulator.ts';
import { MACHINES } from './factory-machines.ts';

const START = Date.UTC(2025, 4, 4, 22);
const DAYS = 56;
const STEP_MS = 5 * MINUTE_MS;

describe('a simulated plant', () => {
  let data: (device: string, metric: string) => SimulatedSeries;
  beforeAll(() => {
    const simulator = createSimulator({ profile: 'factory', seed: 2, start: START, stepMs: STEP_MS, faults: {} });
    data = simulate(simulator, START + DAYS * UTC_DAY_MS);
  });

  test('has a main meter equal to the sum of its parts', () => {
    const meter = data('main-meter', 'grid.power_kw').values;
    const parts = [...MACHINES.map(({ key }) => key), 'building'].map((key) => data(key, 'energy.power_kw').values);
    for (let i = 0; i < meter.length; i++) {
      const left = meter[i]! - sum(parts.map((part) => part[i]!));
      if (Math.abs(left) > 1e-6) expect.fail(`row ${i} is out of balance by ${left} kW`);
    }
    expect(Math.min(...meter)).toBeGreaterThan(10);
    expect(Math.max(...meter)).toBeLessThan(400);
  });

  test('has counters that integrate the power of its machines', () => {
    for (const { key } of MACHINES) {
      const counter = data(key, 'energy.energy_kwh').values;
      const power = data(key, 'energy.power_kw').values;
      const countedKwh = (counter.at(-1) as number) - counter[0]!;
      const integratedKwh = (sum(power.subarray(0, -1)) * STEP_MS) / HOUR_MS;
      expect(Math.abs(countedKwh - integratedKwh)).toBeLessThan(0.02);
      expect(integratedKwh).toBeGreaterThan(1000);
    }
  });

  test('produces during shifts on workdays, and not on Sundays', () => {
    const { timestamps, values } = data('moulder', 'production.count');
    const byWeekday = new Float64Array(8);
    let early = 0;
    timestamps.forEach((t, i) => {
      const { weekday, minuteOfDay } = localTime(t, 'Europe/Vienna');
      byWeekday[weekday] = byWeekday[weekday]! + values[i]!;
      if (weekday === 1 && minuteOfDay < 360) early += values[i]!;
    });
    expect(byWeekday[7]).toBe(0);
    expect(early).toBe(0);
    expect(byWeekday[2]).toBeGreaterThan(3000);
    expect(byWeekday[2]).toBeGreaterThan(2 * byWeekday[6]!);
    expect(values.every((count) => Number.isInteger(count))).toBe(true);
    const hours = sum(data('moulder', 'production.operating_hours').values) / DAYS;
    expect(hours).toBeGreaterThan(7);
    expect(hours).toBeLessThan(17);
  });

  test.each(MACHINES.map(({ key }) => key))(
    'gives the %s hourly energy that its drivers explain in large part',
    (key) => {
      const fit = regress(hourly(data, key));
      expect(fit).toBeGreaterThan(0.85);
      expect(fit).toBeLessThan(0.975);
    },
  );

  test('has realistic power factors and pressures', () => {
    for (const { key } of MACHINES) {
      const factors = data(key, 'energy.power_factor').values;
      expect(Math.min(...factors)).toBeGreaterThan(0.5);
      expect(Math.max(...factors)).toBeLessThanOrEqual(1);
    }
    const bars = data('compressor', 'environment.pressure_bar').values;
    expect(mean(bars)).toBeGreaterThan(6.8);
    expect(mean(bars)).toBeLessThan(7.3);
  });
});

/** Energy of each hour and its drivers: a constant, hours worked, units, temperature, moisture. */
function hourly(data: (device: string, metric: string) => SimulatedSeries, key: string): number[][] {
  const options = MACHINES.find((machine) => machine.key === key);
  const power = data(key, 'energy.power_kw').values;
  const worked = data(key, 'production.operating_hours').values;
  const units = options?.duty.type === 'production' ? data(key, 'production.count').values : null;
  const moisture = options?.moisture === undefined ? null : data(key, 'production.material_moisture_percent').values;
  const outdoorC = data('climate', 'environment.outdoor_temp_c').values;
  const perHour = HOUR_MS / STEP_MS;
  const rows: number[][] = [];
  for (let i = 0; i + perHour <= power.length; i += perHour) {
    const part = (values: Float64Array) => values.subarray(i, i + perHour);
    const row = [mean(part(power)), 1, sum(part(worked)), mean(part(outdoorC))];
    if (units !== null) row.push(sum(part(units)));
    if (moisture !== null) row.push(mean(part(moisture)));
    rows.push(row);
  }
  return rows;
}

/** R² of ordinary least squares; the first cell of a row is explained by the others. */
function regress(rows: readonly number[][]): number {
  const width = (rows[0]?.length ?? 1) - 1;
  const cell = (row: readonly number[], c: number) => row[c]!;
  const system = Array.from({ length: width }, (_, a) =>
    Array.from({ length: width + 1 }, (_, b) =>
      sum(rows.map((row) => cell(row, a + 1) * cell(row, b < width ? b + 1 : 0))),
    ),
  );
  for (let p = 0; p < width; p++) {
    for (let a = 0; a < width; a++) {
      if (a === p) continue;
      const ratio = system[a]![p]! / system[p]![p]!;
      system[a] = system[a]!.map((value, b) => value - ratio * system[p]![b]!);
    }
  }
  const weights = system.map((row, a) => row[width]! / row[a]!);
  const level = mean(rows.map((row) => cell(row, 0)));
  const unexplained = sum(rows.map((row) => (cell(row, 0) - sum(weights.map((w, a) => w * cell(row, a + 1)))) ** 2));
  return 1 - unexplained / sum(rows.map((row) => (cell(row, 0) - level) ** 2));
}
