import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, test } from 'vitest';
import { simulate } from '../../../test/simulated-series.ts';
import { FAULT_KINDS, type FaultTruth } from './faults.ts';
import { createSimulator, type ProfileName } from './simulator.ts';

const START = Date.UTC(2025, 5, 10);
const DAYS = 2;
const FROM = START + 20 * HOUR_MS;
const UNTIL = START + 37 * HOUR_MS;

function world(profile: ProfileName, planned: FaultTruth[]) {
  const simulator = createSimulator({ profile, seed: 5, start: START, stepMs: MINUTE_MS, faults: { planned } });
  return simulate(simulator, START + DAYS * UTC_DAY_MS);
}

const fault = (device: string, metric: string, kind: FaultTruth['kind'], magnitude: number): FaultTruth => ({
  device,
  metric,
  kind,
  start: FROM,
  end: UNTIL,
  magnitude,
});

/** Largest deviation of the series inside and outside the fault, and its mean inside. */
function deviation(profile: ProfileName, truth: FaultTruth) {
  const sound = world(profile, [])(truth.device, truth.metric);
  const faulty = world(profile, [truth])(truth.device, truth.metric);
  const inside: number[] = [];
  let outside = 0;
  sound.timestamps.forEach((t, i) => {
    const by = faulty.values[i]! - sound.values[i]!;
    if (t >= truth.start && t < truth.end) inside.push(by);
    else outside = Math.max(outside, Math.abs(by));
  });
  return { inside, outside, sound, faulty };
}

describe('a fault deviates as declared, and only during its window', () => {
  test.each([
    ['home', fault('house', 'load.power_kw', 'power_spike', 2.4), 0.0011],
    ['home', fault('battery', 'battery.temperature_c', 'temperature_spike', 15), 0.11],
    ['factory', fault('oven', 'energy.power_kw', 'unusual_pattern', 12), 0.011],
    ['factory', fault('compressor', 'environment.pressure_bar', 'pressure', -1.3), 0.15],
  ] as const)('%s %o', (profile, truth, tolerance) => {
    const { inside, outside } = deviation(profile, truth);
    expect(inside).toHaveLength((UNTIL - FROM) / MINUTE_MS);
    for (const by of inside) expect(Math.abs(by - truth.magnitude)).toBeLessThanOrEqual(tolerance);
    expect(outside).toBe(0);
  });

  test.each([
    ['home', fault('inverter', 'solar.string2_power_kw', 'drop', -0.7)],
    ['home', fault('inverter', 'solar.string1_power_kw', 'efficiency_drop', -0.3)],
    ['factory', fault('moulder', 'energy.power_kw', 'efficiency_drop', 0.25)],
    ['factory', fault('paint', 'energy.power_kw', 'drop', -0.6)],
  ] as const)('relative to its power: %s %o', (profile, truth) => {
    const isWholeArray = truth.metric === 'solar.string1_power_kw';
    // A soiling fault belongs to the inverter and affects each of its strings.
    const injected = isWholeArray ? { ...truth, metric: 'solar.power_kw' } : truth;
    const sound = world(profile, [])(truth.device, truth.metric);
    const faulty = world(profile, [injected])(truth.device, truth.metric);
    let seen = 0;
    sound.timestamps.forEach((t, i) => {
      const [was = 0, is = 0] = [sound.values[i], faulty.values[i]];
      const expected = t >= truth.start && t < truth.end ? was * (1 + truth.magnitude) : was;
      if (Math.abs(is - expected) > 0.012) expect.fail(`${is} where ${expected} was expected`);
      if (Math.abs(is - was) > 0.1) seen++;
    });
    expect(seen).toBeGreaterThan(60);
  });

  test('a stuck sensor repeats its last value', () => {
    const truth = fault('weather', 'weather.temperature_c', 'stuck_sensor', 0);
    const { sound, faulty, outside } = deviation('home', truth);
    const first = faulty.timestamps.indexOf(FROM);
    const repeated = faulty.values.slice(first, faulty.timestamps.indexOf(UNTIL));
    expect(new Set(repeated)).toEqual(new Set([sound.values[first - 1]]));
    expect(outside).toBe(0);
  });

  test('a silent device reports nothing, and its counters include the energy of the silence', () => {
    const truth = fault('house', '*', 'gap', 0);
    const sound = world('home', [])('house', 'load.energy_kwh');
    const faulty = world('home', [truth])('house', 'load.energy_kwh');
    expect(sound.timestamps.length - faulty.timestamps.length).toBe((UNTIL - FROM) / MINUTE_MS);
    expect(faulty.timestamps.some((t) => t >= FROM && t < UNTIL)).toBe(false);
    expect(faulty.values.at(-1)).toBe(sound.values.at(-1));
  });

  test('excess consumption of the house is supplied by the grid or the battery', () => {
    const data = world('home', [fault('house', 'load.power_kw', 'power_spike', 3)]);
    const at = (device: string, metric: string, i: number) => data(device, metric).values[i]!;
    for (let i = 0; i < DAYS * 1440; i += 7) {
      const left =
        at('inverter', 'solar.power_kw', i) +
        at('grid', 'grid.power_kw', i) -
        at('house', 'load.power_kw', i) -
        at('battery', 'battery.power_kw', i);
      expect(Math.abs(left)).toBeLessThan(1e-9);
    }
  });

  test('a fault of a metric that no device reports is rejected', () => {
    expect(() => world('home', [fault('house', 'load.colour', 'drop', -1)])).toThrow(/house.*load\.colour/);
  });
});

describe('the schedule', () => {
  const year = { start: START, end: START + 365 * UTC_DAY_MS };
  const faultsOf = (profile: ProfileName, perDay: number, seed = 5) =>
    createSimulator({ profile, seed, start: START, stepMs: MINUTE_MS, faults: { perDay } }).faults(year);

  test.each(['home', 'rv', 'factory'] as const)(
    'of a %s has the configured rate, and no overlapping faults of a device',
    (profile) => {
      const faults = faultsOf(profile, 0.5);
      expect(faults.length).toBeGreaterThan(0.5 * 365 * 0.8);
      expect(faults.length).toBeLessThan(0.5 * 365 * 1.25);
      const lastEnd = new Map<string, number>();
      for (const { device, start, end } of faults) {
        expect(end).toBeGreaterThan(start);
        expect(start).toBeGreaterThanOrEqual(lastEnd.get(device) ?? 0);
        lastEnd.set(device, end);
      }
    },
  );

  test('contains every kind of fault', () => {
    const kinds = new Set([...faultsOf('home', 1), ...faultsOf('factory', 2)].map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...FAULT_KINDS].sort());
  });

  test('does not depend on how a window is divided, and is empty at a rate of 0', () => {
    const whole = faultsOf('home', 1);
    const simulator = createSimulator({
      profile: 'home',
      seed: 5,
      start: START,
      stepMs: MINUTE_MS,
      faults: { perDay: 1 },
    });
    const pieces: FaultTruth[] = [];
    for (let t = year.start; t < year.end; t += 36 * HOUR_MS) {
      pieces.push(...simulator.faults({ start: t, end: Math.min(t + 36 * HOUR_MS, year.end) }));
    }
    const unique = new Map(pieces.map((one) => [`${one.device} ${one.start}`, one]));
    expect(unique.size).toBe(whole.length);
    expect(faultsOf('home', 0)).toEqual([]);
  });
});
