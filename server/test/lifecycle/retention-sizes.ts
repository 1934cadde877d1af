import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Block } from '../../src/domain/columns/batch.ts';
import { counterOf } from '../../src/domain/counters/counter.ts';
import { splitMetric } from '../../src/domain/metric-catalogue.ts';
import { createSimulator } from '../../src/sources/simulator/simulator.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { WriteGate } from '../../src/storage/layers/write-gate.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { type RawDays, Retention, type RetentionState } from '../../src/storage/retention/retention.ts';
import { isRollupGroup } from '../../src/storage/rollups/rollup-names.ts';

/** The readings of a home, and how raw ones are removed. */
export interface RetentionCase {
  readonly name: string;
  readonly stepMs: number;
  readonly days: number;
  readonly rawDays: number;
  readonly how: RawDays['how'];
  /** Default: DuckDB. */
  readonly type?: 'duckdb' | 'sqlite';
  /** The data in the store; default: a simulated home. */
  readonly meter?: boolean;
}

export const SIZES_START = Date.UTC(2026, 0, 1);

/** Cases in which rollups or an archive can make a store larger. */
export function retentionCases(days: number): RetentionCase[] {
  return [
    { name: 'one minute, raw for 7 days', stepMs: MINUTE_MS, days, rawDays: 7, how: 'deleted_when_smaller' },
    {
      name: 'ten seconds, raw for 7 days',
      stepMs: 10_000,
      days: Math.min(days, 20),
      rawDays: 7,
      how: 'deleted_when_smaller',
    },
    {
      name: 'five minutes, raw for 7 days',
      stepMs: 5 * MINUTE_MS,
      days: 2 * days,
      rawDays: 7,
      how: 'deleted_when_smaller',
    },
    { name: 'ten seconds, archived', stepMs: 10_000, days: 70, rawDays: 31, how: 'archived' },
    { name: 'one minute, archived', stepMs: MINUTE_MS, days: 2 * days, rawDays: 31, how: 'archived' },
    { name: 'half an hour, a year archived', stepMs: 30 * MINUTE_MS, days: 365, rawDays: 31, how: 'archived' },
  ];
}

/** Sizes of a closed, compacted store in bytes, before and after the first run of the retention; archived samples are deleted from it as the archive does. */
export async function switchedOn(one: RetentionCase, folder: string) {
  const { stepMs, days, type = 'duckdb', meter = false } = one;
  const end = SIZES_START + days * UTC_DAY_MS;
  const opened = async <T>(use: (store: TelemetryStore, gate: WriteGate) => Promise<T>): Promise<T> => {
    const gate = new WriteGate();
    const store = gate.around(await openTelemetryStore({ type, path: join(folder, `telemetry.${type}`) }));
    try {
      const result = await use(store, gate);
      await store.compact(end + UTC_DAY_MS, new AbortController().signal);
      return result;
    } finally {
      await store.close();
    }
  };
  const values = await opened((store) =>
    (meter ? fillMeter : fill)((block) => store.write([{ sequence: 1, blocks: [block] }]), stepMs, end),
  );
  const before = sizeOf(folder);
  const report = await opened((store, gate) => runRetention(one, store, gate, end));
  return { before, after: sizeOf(folder), values, report };
}

function sizeOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

async function runRetention(
  { stepMs, rawDays, how }: RetentionCase,
  store: TelemetryStore,
  gate: WriteGate,
  end: number,
) {
  const retention = new Retention({
    source: {
      raw: store,
      rollups: store,
      rulesOf: (_, __, quantities) => ({
        expectedIntervalMs: stepMs,
        counters: new Map(quantities.filter((name) => name.endsWith('_kwh')).map((name) => [name, counterOf('kWh')])),
      }),
      timeZoneOf: () => 'Europe/Warsaw',
      now: () => end,
    },
    primary: store,
    gate,
    stores: () => [store],
    policy: { rawDays: () => ({ days: rawDays, how }), rollupDays: () => null },
    states: new Map<string, RetentionState>(),
    save: async () => {},
    now: () => end,
  });
  const report = await retention.run({
    keep: (block) => store.write([{ sequence: 1, blocks: [block] }]),
    settled: async () => {},
    signal: new AbortController().signal,
    progress: () => {},
  });
  if (how === 'archived') await leave(store, end - rawDays * UTC_DAY_MS);
  return report;
}

/** Deletes raw samples from the store, as the archive does after copying them. */
async function leave(store: TelemetryStore, before: number): Promise<void> {
  const groups = new Set((await store.series()).map(({ metric }) => splitMetric(metric).group));
  for (const group of groups) if (!isRollupGroup(group)) await store.deleteBefore(before, group);
}

/** Writes the readings of a simulated home. Returns the number of values. */
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

/** Writes the readings of a meter: a power, a counter, and the energy of each interval. Returns the number of values. */
async function fillMeter(write: (block: Block) => Promise<void>, stepMs: number, end: number): Promise<number> {
  let values = 0;
  let counter = 0;
  for (let day = SIZES_START; day < end; day += UTC_DAY_MS) {
    const rows = UTC_DAY_MS / stepMs;
    const timestamps = Float64Array.from({ length: rows }, (_, i) => day + i * stepMs);
    const power = timestamps.map((at) => (((at / stepMs) * 7919) % 10_007) / 1000);
    const energy = power.map((kw) => Math.round(kw * (stepMs / 3600)) / 1000);
    const total = energy.map((kwh) => {
      counter += kwh;
      return Math.round(counter * 1000) / 1000;
    });
    await write({
      group: 'grid',
      quantities: ['power_kw', 'import_kwh', 'energy_interval'],
      devices: ['meter'],
      device: new Int32Array(rows),
      timestamps,
      columns: [power, total, energy],
    });
    values += 3 * rows;
  }
  return values;
}
