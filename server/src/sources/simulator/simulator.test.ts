import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, test } from 'vitest';
import type { Block } from '../../domain/columns/batch.ts';
import { FIRST_CATALOGUE } from '../../domain/metric-catalogue.ts';
import { createSimulator, PROFILES, type ProfileName, resumeSimulator, type Simulator } from './simulator.ts';

const START = Date.UTC(2026, 2, 27, 9, 30);
const NAMES = Object.keys(PROFILES) as ProfileName[];
const options = (profile: ProfileName, seed = 7) => ({ profile, seed, start: START, stepMs: MINUTE_MS });

function run(simulator: Simulator, until: number, stepMs?: number): Block[] {
  const blocks: Block[] = [];
  while (simulator.time < until) blocks.push(...simulator.advance(until, stepMs));
  return blocks;
}

/** Rows by group, however they were divided into blocks. */
function rowsOf(blocks: readonly Block[]): Map<string, string[]> {
  const rows = new Map<string, string[]>();
  for (const { group, devices, device, timestamps, columns } of blocks) {
    const list = rows.get(group) ?? [];
    rows.set(group, list);
    timestamps.forEach((timestamp, row) => {
      list.push([devices[device[row]!], timestamp, ...columns.map((column) => column[row])].join());
    });
  }
  return rows;
}

describe.each(NAMES)('a simulated %s', (profile) => {
  test('the same seed gives the same readings, another seed gives others', () => {
    const day = (seed: number) => run(createSimulator(options(profile, seed)), START + UTC_DAY_MS);
    const first = day(7);
    expect(day(7)).toEqual(first);
    expect(rowsOf(day(8))).not.toEqual(rowsOf(first));
  });

  test('resumes from its state, through JSON, as if it had never stopped', () => {
    const end = START + 3 * UTC_DAY_MS;
    const whole = rowsOf(run(createSimulator(options(profile)), end));
    const before = createSimulator(options(profile));
    const blocks = run(before, START + 31 * HOUR_MS + 7 * MINUTE_MS);
    const state = JSON.parse(JSON.stringify(before.state()));
    blocks.push(...run(resumeSimulator(options(profile), state), end));
    expect(rowsOf(blocks)).toEqual(whole);
  });

  test('reports only the metrics of its devices, in plausible ranges, in ascending time', () => {
    const simulator = createSimulator({ ...options(profile), faults: { perDay: 0.5 } });
    const keys = new Set(simulator.devices.map(({ key }) => key));
    const limits = new Map(FIRST_CATALOGUE.map((metric) => [metric.name, metric]));
    for (const { group, quantities, devices, device, timestamps, columns } of run(simulator, START + 4 * UTC_DAY_MS)) {
      expect(devices.filter((key) => !keys.has(key))).toEqual([]);
      expect(timestamps.every((timestamp, row) => row === 0 || timestamp >= timestamps[row - 1]!)).toBe(true);
      expect(device).toHaveLength(timestamps.length);
      quantities.forEach((quantity, c) => {
        const known = limits.get(`${group}.${quantity}`);
        if (known === undefined) expect(`${group}.${quantity}`).toBe('rv.water_tank_percent');
        const outside = columns[c]?.filter((v) => v < (known?.minimum ?? 0) || v > (known?.maximum ?? 100));
        expect(outside).toEqual(new Float64Array(0));
      });
    }
  });

  test('returns at most the requested number of instants', () => {
    const simulator = createSimulator({ ...options(profile), maxRows: 10 });
    simulator.advance(START + UTC_DAY_MS);
    expect(simulator.time).toBe(START + 10 * MINUTE_MS);
    simulator.advance(START + 12 * MINUTE_MS);
    expect(simulator.time).toBe(START + 12 * MINUTE_MS);
    expect(simulator.advance(START)).toEqual([]);
  });

  test('supports any step, and a change of the step', () => {
    const simulator = createSimulator(options(profile));
    const rows = run(simulator, START + HOUR_MS, 15 * MINUTE_MS);
    rows.push(...run(simulator, START + HOUR_MS + MINUTE_MS, 5_000));
    const times = rowsOf(rows)
      .get('grid')
      ?.map((row) => (Number(row.split(',')[1]) - START) / 1000);
    expect(times?.slice(0, 6)).toEqual([0, 900, 1800, 2700, 3600, 3605]);
    expect(times).toHaveLength(16);
  });
});

test('invalid options are rejected with their value', () => {
  expect(() => createSimulator({ ...options('home'), stepMs: 0 })).toThrow(/stepMs.*got 0/);
  expect(() => createSimulator({ ...options('home'), seed: 0.5 })).toThrow(/seed.*0\.5/);
  expect(() => createSimulator({ ...options('home'), faults: { perDay: 99 } })).toThrow(/perDay.*99/);
  const state = createSimulator(options('home')).state();
  expect(() => resumeSimulator(options('rv'), state)).toThrow(/profile home/);
  expect(() => resumeSimulator(options('home'), { ...state, values: state.values.slice(1) })).toThrow(/numbers/);
});

test('a site elsewhere has the sun of its location', () => {
  const site = { latitude: -33.87, longitude: 151.2, timezone: 'Australia/Sydney' };
  const simulator = createSimulator({ ...options('home'), site });
  const solar = run(simulator, START + UTC_DAY_MS).filter(({ group }) => group === 'solar');
  const noon = START - (START % UTC_DAY_MS) + 26 * HOUR_MS;
  const powerAt = (instant: number) =>
    solar.flatMap(({ timestamps, columns }) =>
      [...(columns[0] ?? [])].filter((_, row) => timestamps[row] === instant),
    )[0];
  expect(powerAt(noon)).toBeGreaterThan(0.3);
  expect(powerAt(noon - 12 * HOUR_MS)).toBe(0);
});
