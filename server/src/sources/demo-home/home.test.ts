import { expect, test } from 'vitest';
import type { Block } from '../../domain/batch.ts';
import { UTC_DAY_MS } from '../../domain/window.ts';
import { firstHome, HOME_SITE, Home } from './home.ts';
import { sunAt } from './sky.ts';

const START = Date.UTC(2026, 2, 1);
const STEP_MS = 60_000;
const column = (blocks: readonly Block[], metric: string): Float64Array => {
  const [group, quantity] = metric.split('.') as [string, string];
  const block = blocks.find((candidate) => candidate.group === group) as Block;
  return block.columns[block.quantities.indexOf(quantity)] as Float64Array;
};
const simulate = (days: number, seed = 1, start = START) =>
  new Home(firstHome(start, seed)).advance(start + days * UTC_DAY_MS, STEP_MS);

test('what comes in equals what goes out on every reported sample, to the watt', () => {
  const blocks = simulate(60);
  const [solar, battery, grid, load] = ['solar', 'battery', 'grid', 'load'].map((group) =>
    column(blocks, `${group}.power_kw`),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const off = grid.filter(
    (kw, i) => Math.abs(kw + (solar[i] as number) - (battery[i] as number) - (load[i] as number)) > 1e-9,
  );
  expect(off).toHaveLength(0);
});

test('counters only grow, and by the integral of their power', () => {
  const blocks = simulate(10);
  for (const [counter, power] of [
    ['solar.energy_kwh', 'solar.power_kw'],
    ['load.energy_kwh', 'load.power_kw'],
    ['vehicle.energy_kwh', 'vehicle.power_kw'],
  ] as const) {
    const height = column(blocks, counter);
    expect(height.every((kwh, i) => i === 0 || kwh >= (height[i - 1] as number))).toBe(true);
    // The counter stands behind the step of its row, so the first step is in both ends; it reports 0.01 kWh.
    const integral = column(blocks, power)
      .slice(1)
      .reduce((sum, kw) => sum + kw / 60, 0);
    expect((height.at(-1) as number) - (height[0] as number)).toBeCloseTo(integral, 1);
  }
});

test('the battery keeps its limits, and loses what its efficiency says', () => {
  const blocks = simulate(90);
  const soc = column(blocks, 'battery.soc_percent');
  expect(soc.every((percent) => percent >= 9.9 && percent <= 100)).toBe(true);
  const power = column(blocks, 'battery.power_kw');
  expect(power.every((kw) => Math.abs(kw) <= 5)).toBe(true);
  const charged = power.reduce((sum, kw) => sum + Math.max(kw, 0) / 60, 0);
  const discharged = power.reduce((sum, kw) => sum + Math.max(-kw, 0) / 60, 0);
  const stored = (((soc.at(-1) as number) - (soc[0] as number)) / 100) * 10;
  // 0.96 each way; SoC is reported to 0.1 % of 10 kWh at both ends.
  expect(Math.abs(charged * 0.96 - discharged / 0.96 - stored)).toBeLessThan(0.05);
});

test('no sun shines at night, and summer brings several times the yield of winter', () => {
  const yieldOf = (start: number) =>
    column(simulate(30, 1, start), 'solar.power_kw').reduce((sum, kw) => sum + kw / 60, 0) / 30;
  const [june, december] = [yieldOf(Date.UTC(2026, 5, 1)), yieldOf(Date.UTC(2026, 11, 1))];
  // 7 kWp in Potsdam: PVGIS gives about 4–5 kWh per kWp and day in June and 0.5–0.9 in December.
  expect(june / 7).toBeGreaterThan(3);
  expect(june / 7).toBeLessThan(5.5);
  expect(december / 7).toBeGreaterThan(0.3);
  expect(december / 7).toBeLessThan(1.2);
  const solar = column(simulate(5), 'solar.power_kw');
  const night = solar.filter(
    (_, i) => sunAt(START + i * STEP_MS, HOME_SITE.latitude, HOME_SITE.longitude).sineAltitude < -0.05,
  );
  expect(night.length).toBeGreaterThan(1000);
  expect(night.every((kw) => kw === 0)).toBe(true);
});

test('the same seed makes the same bytes, also when it is interrupted; another seed does not', () => {
  const whole = simulate(4);
  const first = new Home(firstHome(START, 1));
  first.advance(START + 1.5 * UTC_DAY_MS, STEP_MS);
  const resumed = new Home(JSON.parse(JSON.stringify(first.state())));
  const rest = resumed.advance(START + 4 * UTC_DAY_MS, STEP_MS);
  const behind = 1.5 * 24 * 60;
  for (const metric of ['grid.power_kw', 'battery.soc_percent', 'load.energy_kwh']) {
    expect(column(rest, metric)).toEqual(column(whole, metric).slice(behind));
  }
  expect(column(simulate(4, 2), 'load.power_kw')).not.toEqual(column(whole, 'load.power_kw'));
});

test('the sun stands where NREL’s published example has it', () => {
  // SPA (Reda and Andreas 2004), table A5.1: zenith 50.11162° with refraction (0.016° at this height), azimuth 194.34024°.
  const { sineAltitude, azimuth } = sunAt(Date.UTC(2003, 9, 17, 19, 30, 30), 39.742476, -105.1786);
  expect(Math.abs(90 - (Math.asin(sineAltitude) * 180) / Math.PI - 50.11162)).toBeLessThan(0.05);
  expect(Math.abs((azimuth * 180) / Math.PI - 194.34024)).toBeLessThan(0.05);
});
