import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, test } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { simulate } from '../../../test/simulated-series.ts';
import { addDays, dayWindow } from '../../domain/time/site-time.ts';
import { createSimulator } from '../../sources/simulator/simulator.ts';
import { consistencyOf } from '../quality/consistency.ts';

const START = Date.UTC(2026, 10, 10);
const DAYS = 5;
const METRICS = {
  solar: ['power_kw', 'energy_kwh'],
  battery: ['power_kw', 'energy_charged_kwh', 'energy_discharged_kwh'],
  grid: ['power_kw', 'energy_imported_kwh', 'energy_exported_kwh'],
  load: ['power_kw', 'energy_kwh'],
} as const;
const REPORTERS = {
  rv: { solar: 'solar', battery: 'battery', grid: 'shore', load: 'loads' },
  home: { solar: 'inverter', battery: 'battery', grid: 'grid', load: 'house' },
} as const;

async function demo(profile: keyof typeof REPORTERS) {
  const end = START + DAYS * UTC_DAY_MS;
  const simulator = createSimulator({ profile, seed: 2, start: START, stepMs: MINUTE_MS, faults: {} });
  const data = simulate(simulator, end);
  const { timezone, latitude, longitude } = simulator.site;
  const world = await SiteWorld.open(end, { timezone, latitude, longitude });
  for (const { key, name, kind } of simulator.devices) {
    const device = await world.device(name, kind);
    for (const [group, reporter] of Object.entries(REPORTERS[profile])) {
      if (reporter !== key) continue;
      for (const quantity of METRICS[group as keyof typeof METRICS]) {
        const metric = `${group}.${quantity}`;
        await world.report(device, metric, data(key, metric));
      }
    }
  }
  return { world, timezone };
}

test.each(['rv', 'home'] as const)('the meters of the demo %s agree over any part of a day', async (profile) => {
  const { world, timezone } = await demo(profile);
  for (let day = 1; day < DAYS - 1; day++) {
    const { start, end } = dayWindow(addDays('2026-11-10', day), timezone);
    for (const until of [start + HOUR_MS / 3, start + HOUR_MS, start + 3 * HOUR_MS, start + 9 * HOUR_MS, end]) {
      const { totals, flows, warnings } = await world.energy.balance({
        start: new Date(start).toISOString(),
        end: new Date(until).toISOString(),
        resolution: '1d',
      });
      expect(warnings.filter((warning) => warning.includes('disagree'))).toEqual([]);
      // Counters of 0.01 and 0.1 kWh, six of them, each half a step off at either end.
      const step = profile === 'rv' ? 0.01 : 0.1;
      const gaps = Object.entries(flows ?? {}).filter(([way]) => way.includes('other'));
      expect(gaps).toHaveLength(6);
      expect(gaps.reduce((sum, [, kwh]) => sum + (kwh ?? 0), 0)).toBeLessThanOrEqual(6 * step);
      expect(totals.coverage).toBe(1);
    }
    const options = { queries: world.queries, devices: world.devices, energy: world.energy, now: () => world.now };
    const found = await consistencyOf(options, world.site, { start, end });
    expect(found.filter(({ consistent }) => !consistent)).toEqual([]);
  }
});

test('meters that disagree are reported both by the balance and by data quality', async () => {
  const { start, end } = dayWindow('2026-11-10', 'Europe/Warsaw');
  const world = await SiteWorld.open(end);
  const meter = await world.device('Meter', 'meter', { expectedIntervalS: 900 });
  for (const [inKw, outKw, agree] of [
    [1, 0.9, true],
    [1, 0.8, false],
    [1, 1.04, true],
    [1, 1.1, false],
  ] as const) {
    const steady = (kw: number) => every(15 * MINUTE_MS, start, end, () => kw);
    await world.report(meter, 'grid.power_kw', steady(inKw));
    await world.report(meter, 'load.power_kw', steady(outKw));
    const { warnings } = await world.energy.dailyReport('2026-11-10');
    expect(warnings.some((warning) => warning.includes('disagree'))).toBe(!agree);
    const options = { queries: world.queries, devices: world.devices, energy: world.energy, now: () => world.now };
    const [balance] = await consistencyOf(options, world.site, { start, end });
    expect(balance?.consistent).toBe(agree);
  }
});

test('a warning of gaps has the same coverage as the totals', async () => {
  const { start, end } = dayWindow('2026-11-10', 'Europe/Warsaw');
  const world = await SiteWorld.open(end);
  const meter = await world.device('Meter', 'meter', { expectedIntervalS: 60 });
  await world.report(
    meter,
    'grid.power_kw',
    every(MINUTE_MS, start, start + 1245 * MINUTE_MS, () => 1),
  );
  const { coverage, warnings } = await world.energy.dailyReport('2026-11-10');
  expect(coverage).toBeCloseTo(1245 / 1440, 9);
  expect(warnings.join()).toContain('only 86.5 % of the time is covered (measured: grid 86.5 %)');
});
