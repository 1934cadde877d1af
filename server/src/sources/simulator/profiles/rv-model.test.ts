import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, test } from 'vitest';
import { mean, simulate, sum } from '../../../../test/simulated-series.ts';
import { createSimulator, resumeSimulator } from '../simulator.ts';

const START = Date.UTC(2025, 0, 3);
const DAYS = 45;
const STEP_MS = 5 * MINUTE_MS;
const simulator = createSimulator({ profile: 'rv', seed: 1, start: START, stepMs: STEP_MS, faults: {} });
const data = simulate(simulator, START + DAYS * UTC_DAY_MS);

test('the power of a camper balances, also with a full or empty battery', () => {
  const solar = data('solar', 'solar.power_kw').values;
  const shore = data('shore', 'grid.power_kw').values;
  const load = data('loads', 'load.power_kw').values;
  const battery = data('battery', 'battery.power_kw').values;
  for (let i = 0; i < solar.length; i++) {
    const left = solar[i]! + shore[i]! - load[i]! - battery[i]!;
    if (Math.abs(left) > 1e-9) expect.fail(`row ${i} is out of balance by ${left} kW`);
  }
  for (const values of [solar, shore, load]) expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
  const dailyKwh = (sum(load) * STEP_MS) / HOUR_MS / DAYS;
  expect(dailyKwh).toBeGreaterThan(0.5);
  expect(dailyKwh).toBeLessThan(2.5);
});

test('shore power flows only while the cable is plugged in', () => {
  const volts = data('shore', 'grid.voltage_v').values;
  const shore = data('shore', 'grid.power_kw').values;
  const plugged = volts.filter((v) => v > 0).length / volts.length;
  expect(plugged).toBeGreaterThan(0.05);
  expect(plugged).toBeLessThan(0.8);
  const without = shore.filter((_, i) => volts[i] === 0);
  expect(Math.max(...without)).toBe(0);
  expect(Math.max(...shore)).toBeGreaterThan(0.3);
});

test('the battery is a 12 V battery', () => {
  const volts = data('battery', 'battery.voltage_v').values;
  expect(Math.min(...volts)).toBeGreaterThan(11);
  expect(Math.max(...volts)).toBeLessThan(14.6);
  expect(mean(volts)).toBeGreaterThan(12.8);
});

test('the tank level falls by use and rises when filled', () => {
  const tank = data('tank', 'rv.water_tank_percent').values;
  expect(Math.min(...tank)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...tank)).toBe(100);
  let filled = 0;
  tank.forEach((level, i) => {
    if (i > 0 && level > tank[i - 1]!) filled++;
  });
  expect(filled).toBeGreaterThan(8);
});

test('a camper stopped and resumed every five hours gives the same readings', () => {
  const options = { profile: 'rv', seed: 1, start: START, stepMs: 30 * MINUTE_MS, faults: {} } as const;
  const end = START + 300 * 5 * HOUR_MS;
  const whole = simulate(createSimulator(options), end)('tank', 'rv.water_tank_percent').values;
  let resumed = createSimulator(options);
  const levels: number[] = [];
  for (let until = START + 5 * HOUR_MS; until <= end; until += 5 * HOUR_MS) {
    levels.push(...simulate(resumed, until)('tank', 'rv.water_tank_percent').values);
    resumed = resumeSimulator(options, JSON.parse(JSON.stringify(resumed.state())));
  }
  expect(levels).toEqual([...whole]);
});
