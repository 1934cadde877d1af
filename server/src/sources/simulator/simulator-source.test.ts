import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { expect, test } from 'vitest';
import type { Block } from '../../domain/columns/batch.ts';
import { Unavailable } from '../../domain/errors.ts';
import { createSimulator, type SimulatorState } from './simulator.ts';
import { simulatorSource } from './simulator-source.ts';

const NOW = Date.UTC(2026, 0, 20, 12);
const START = NOW - 30 * HOUR_MS;

/** A source whose clock advances only while it sleeps; it is stopped after `runMs`. */
function world(runMs: number, refusals = 0) {
  const simulator = createSimulator({ profile: 'home', seed: 1, start: START, stepMs: MINUTE_MS, faults: {} });
  const stop = new AbortController();
  const times: number[] = [];
  const states: SimulatorState[] = [];
  const pauses: number[] = [];
  let clock = NOW;
  let refused = 0;
  const source = simulatorSource({
    name: 'demo',
    simulator,
    now: () => clock,
    onState: (state) => {
      states.push(state);
    },
    sleep: async (ms) => {
      pauses.push(ms);
      clock += ms;
      if (clock >= NOW + runMs) {
        stop.abort();
        throw new Error('stopped');
      }
    },
  });
  const sink = async (blocks: readonly Block[]) => {
    if (refused < refusals) {
      refused++;
      throw new Unavailable('the journal is behind');
    }
    const grid = blocks.find(({ group }) => group === 'grid');
    times.push(...(grid?.timestamps ?? []));
    return { accepted: grid?.timestamps.length ?? 0, rejected: 0 };
  };
  return { source, run: () => source.start(sink, stop.signal), times, states, pauses };
}

test('a source catches up in steps of a minute, then reports every five seconds, without gaps or repetition', async () => {
  const { source, run, times, states } = world(60_000);
  await run();
  const steps = times.slice(1).map((t, i) => t - times[i]!);
  expect(times[0]).toBe(START);
  expect(new Set(steps)).toEqual(new Set([MINUTE_MS, 5_000]));
  expect(steps.indexOf(5_000)).toBe(30 * 60);
  expect(times.at(-1)).toBeGreaterThanOrEqual(NOW + 50_000);
  expect(times.at(-1)).toBeLessThanOrEqual(NOW + 60_000);
  expect(states.at(-1)?.time).toBe((times.at(-1) as number) + 5_000);
  expect(source.health()).toMatchObject({ status: 'idle', values: times.length, lastError: null });
});

test('readings that the sink rejects are sent again with increasing pauses, and none is lost', async () => {
  const { run, times, pauses } = world(60_000, 3);
  await run();
  expect(pauses.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
  expect(times[0]).toBe(START);
  const steps = times.slice(1).map((t, i) => t - times[i]!);
  expect(Math.max(...steps)).toBe(MINUTE_MS);
  expect(Math.min(...steps)).toBe(5_000);
});
