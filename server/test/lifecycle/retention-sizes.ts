import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from '../../src/domain/batch.ts';
import { UNDECLARED_COUNTER } from '../../src/domain/counters/counter.ts';
import { splitMetric } from '../../src/domain/metric-catalogue.ts';
import { MINUTE_MS, UTC_DAY_MS } from '../../src/domain/window.ts';
import { createSimulator } from '../../src/sources/simulator/simulator.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { WriteGate } from '../../src/storage/layers/write-gate.ts';
import { Retention, type RetentionState } from '../../src/storage/lifecycle/retention.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { isRollupGroup } from '../../src/storage/rollups/rollup-names.ts';

/** Readings of a home and what takes raw ones away. */
export interface RetentionCase {
  readonly name: string;
  readonly stepMs: number;
  readonly days: number;
  readonly rawDays: number;
  readonly how: 'deleted' | 'archived';
}

export const SIZES_START = Date.UTC(2026, 0, 1);

/** The cases in which a store used to grow. */
export function retentionCases(days: number): RetentionCase[] {
  return [
    { name: 'one minute, raw for 7 days', stepMs: MINUTE_MS, days, rawDays: 7, how: 'deleted' },
    { name: 'ten seconds, raw for 7 days', stepMs: 10_000, days: Math.min(days, 20), rawDays: 7, how: 'deleted' },
    { name: 'five minutes, raw for 7 days', stepMs: 5 * MINUTE_MS, days: 2 * days, rawDays: 7, how: 'deleted' },
    { name: 'ten seconds, archived', stepMs: 10_000, days: 70, rawDays: 31, how: 'archived' },
    { name: 'one minute, archived', stepMs: MINUTE_MS, days: 2 * days, rawDays: 31, how: 'archived' },
    { name: 'half an hour, a year archived', stepMs: 30 * MINUTE_MS, days: 365, rawDays: 31, how: 'archived' },
  ];
}

/** Sizes of a DuckDB file in bytes, compacted, before and after the first run of the retention; what is archived is deleted from it as the archive does. */
export async function switchedOn({ stepMs, days, rawDays, how }: RetentionCase, folder: string) {
  const path = join(folder, 'telemetry.duckdb');
  const end = SIZES_START + days * UTC_DAY_MS;
  const gate = new WriteGate();
  const store = gate.around(await openTelemetryStore({ type: 'duckdb', path }));
  const compact = () => store.compact(end + UTC_DAY_MS, new AbortController().signal);
  try {
    const values = await fill((block) => store.write([{ sequence: 1, blocks: [block] }]), stepMs, end);
    await compact();
    const before = statSync(path).size;
    const states = new Map<string, RetentionState>();
    const retention = new Retention({
      source: {
        raw: store,
        rollups: store,
        rulesOf: (_, __, quantities) => ({
          expectedIntervalMs: stepMs,
          counters: new Map(
            quantities.filter((name) => name.endsWith('_kwh')).map((name) => [name, UNDECLARED_COUNTER]),
          ),
        }),
        timeZoneOf: () => 'Europe/Warsaw',
        now: () => end,
      },
      primary: store,
      gate,
      stores: () => [store],
      policy: { rawDays: () => ({ days: rawDays, how }), rollupDays: () => null },
      states,
      save: async () => {},
      now: () => end,
    });
    await retention.run({
      keep: (block) => store.write([{ sequence: 1, blocks: [block] }]),
      settled: async () => {},
      signal: new AbortController().signal,
      progress: () => {},
    });
    if (how === 'archived') await leave(store, end - rawDays * UTC_DAY_MS);
    await compact();
    return { before, after: statSync(path).size, values };
  } finally {
    await store.close();
  }
}

/** Takes raw samples out of the store, as the archive does once it has them. */
async function leave(store: TelemetryStore, before: number): Promise<void> {
  const groups = new Set((await store.series()).map(({ metric }) => splitMetric(metric).group));
  for (const group of groups) if (!isRollupGroup(group)) await store.deleteBefore(before, group);
}

/** Writes what a simulated home reports. Answers how many values. */
async function fill(write: (block: Block) => Promise<void>, stepMs: number, end: number): Promise<number> {
  const simulator = createSimulator({ profile: 'home', seed: 1, start: SIZES_START, stepMs });
  let values = 0;
  while (simulator.time < end) {
    for (const block of simulator.advance(Math.min(end, simulator.time + UTC_DAY_MS))) {
      values += block.timestamps.length * block.columns.length;
      await write(block);
    }
  }
  return values;
}
