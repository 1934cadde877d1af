import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { afterEach, expect } from 'vitest';
import type { Buckets } from '../../src/domain/columns/aggregate.ts';
import { counterOf } from '../../src/domain/counters/counter.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { RolledReads } from '../../src/storage/layers/rolled-reads.ts';
import { WriteGate } from '../../src/storage/layers/write-gate.ts';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import { type RawDays, Retention, type RetentionState } from '../../src/storage/retention/retention.ts';

export const TODAY = Date.UTC(2026, 3, 10);
/** Days around the change to summer time in Warsaw on 29 March. */
export const FIRST = Date.UTC(2026, 2, 20);
export const ZONE = 'Europe/Warsaw';
export const GROUP = 'grid';
export const QUANTITIES = ['power_kw', 'import_kwh'];
export const RULES = { expectedIntervalMs: null, counters: new Map([['import_kwh', counterOf('kWh')]]) };

/** Functions called after each test, in reverse order. */
export const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export interface World {
  readonly store: TelemetryStore;
  readonly reads: RolledReads;
  readonly states: Map<string, RetentionState>;
  readonly policy: { how: RawDays['how'] };
  now: number;
  write(samples: readonly Sample[]): Promise<void>;
  /** Runs the retention, in the running service or, with `fresh`, in a newly started one. */
  run(fresh?: boolean): ReturnType<Retention['run']>;
}

export interface Sample {
  readonly at: number;
  readonly power: number;
  readonly counter: number;
}

export function worldOf(
  inner: TelemetryStore,
  {
    days = 7,
    rollupDays = null,
    how = 'deleted',
  }: { days?: number; rollupDays?: number | null; how?: RawDays['how'] } = {},
): World {
  const gate = new WriteGate();
  const store = gate.around(inner);
  closers.push(() => store.close());
  const states = new Map<string, RetentionState>();
  const make = () =>
    new Retention({
      source: {
        raw: store,
        rollups: store,
        rulesOf: () => RULES,
        timeZoneOf: () => ZONE,
        now: () => world.now,
      },
      primary: store,
      gate,
      stores: () => [store],
      policy: {
        rawDays: () => ({ days, how: world.policy.how }),
        rollupDays: (width) => (width === '1m' ? rollupDays : null),
      },
      states,
      save: async () => {},
      now: () => world.now,
    });
  let retention = make();
  const world: World = {
    store,
    states,
    policy: { how },
    now: TODAY,
    reads: new RolledReads({
      raw: store,
      rollups: store,
      extentOf: (group) => retention.extentOf(group),
      kindOf: (metric) => (metric.endsWith('kwh') ? 'counter' : 'gauge'),
    }),
    write: (samples) =>
      store.write([
        {
          sequence: 1,
          blocks: [
            {
              group: GROUP,
              quantities: QUANTITIES,
              devices: ['meter'],
              device: new Int32Array(samples.length),
              timestamps: Float64Array.from(samples, ({ at }) => at),
              columns: [
                Float64Array.from(samples, ({ power }) => power),
                Float64Array.from(samples, ({ counter }) => counter),
              ],
            },
          ],
        },
      ]),
    run: (fresh = false) => {
      if (fresh) retention = make();
      return retention.run({
        keep: (block) => store.write([{ sequence: 1, blocks: [block] }]),
        settled: async () => {},
        signal: new AbortController().signal,
        progress: () => {},
      });
    },
  };
  return world;
}

export const memory = () => new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 32 * 2 ** 20 }, () => TODAY);

export function aggregate(from: Pick<TelemetryStore, 'aggregate'>, edges: Float64Array): Promise<Buckets[]> {
  const request = {
    deviceIds: ['meter'],
    group: GROUP,
    quantities: QUANTITIES,
    edges,
    asOf: TODAY,
    rules: [RULES],
  };
  return from.aggregate(request).then(([answer]) => [...(answer?.buckets ?? [])]);
}

/**
 * Sums of thousands of terms in another order differ by some units in the last place: 1e-9 of the value allows for millions of them. The
 * increase of a power has no meaning and is not compared.
 */
export function expectSame(found: readonly Buckets[], expected: readonly Buckets[]): void {
  for (const [q, of] of expected.entries()) {
    for (const key of Object.keys(of) as (keyof Buckets)[]) {
      if (key === 'increase' && QUANTITIES[q] === 'power_kw') continue;
      for (const [i, value] of of[key].entries()) {
        const got = found[q]![key][i]!;
        if (!(Math.abs(got - value) <= 1e-9 * Math.max(1, Math.abs(value))) && !(got !== got && value !== value)) {
          expect.fail(`${QUANTITIES[q]} ${key} of bucket ${i}: ${got}, from raw samples ${value}`);
        }
      }
    }
  }
}

export const everyMinute = (from: number, minutes: number, power = 1): Sample[] =>
  Array.from({ length: minutes }, (_, i) => ({ at: from + i * MINUTE_MS, power, counter: i / 60 }));

export async function rawRows(world: World): Promise<number> {
  let rows = 0;
  const window = { start: 0, end: TODAY };
  for await (const { timestamps } of world.store.read({
    deviceIds: ['meter'],
    group: GROUP,
    quantities: QUANTITIES,
    window,
  }))
    rows += timestamps.length;
  return rows;
}

export const energyKwh = async (world: World, start: number, end: number) => {
  const [power] = await aggregate(world.reads, Float64Array.of(start, end));
  return power?.integral[0];
};
