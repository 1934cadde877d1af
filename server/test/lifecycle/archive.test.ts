import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aggregateSeries } from '../../src/domain/columns/aggregate.ts';
import { mergeRows, withoutMissing } from '../../src/domain/columns/frame.ts';
import { counterOf } from '../../src/domain/counters/counter.ts';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { NO_RULES } from '../../src/domain/series-rules.ts';
import { ArchiveFileWriter, contentsOf, readArchiveFile } from '../../src/storage/archive/parquet-file.ts';
import { localObjects } from '../../src/storage/objects/local.ts';
import type { ObjectEngine } from '../../src/storage/objects/object-store.ts';
import { sampleWindow } from '../../src/storage/sample-window.ts';
import { batch, type Row } from '../conformance/telemetry-blocks.ts';
import { type ArchiveWorld, allRows, openArchiveWorld } from './archive-world.ts';

const JANUARY = Date.UTC(2026, 0, 1);
const MARCH = Date.UTC(2026, 2, 1);
const APRIL = Date.UTC(2026, 3, 1);
const CHILD = fileURLToPath(new URL('./archive-child.ts', import.meta.url));
const KILLS = 12;

let folder: string;
let world: ArchiveWorld;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wattkeeper-archive-'));
  world = await openArchiveWorld(folder);
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

/** Rows every two hours from January, for two devices, with gaps. */
function history(days: number): Row[] {
  return Array.from({ length: days * 24 }, (_, i): Row => {
    const values = i % 5 === 0 ? { power_kw: -0.5 * i } : { power_kw: i / 8, energy_kwh: i };
    return [i % 2 === 0 ? 'a' : 'b', JANUARY + i * HOUR_MS, values];
  });
}

const rowsOf = (of: Parameters<typeof allRows>[0]) => allRows(of, ['a', 'b'], 'load', ['power_kw', 'energy_kwh']);

describe('a file of the archive', () => {
  it('returns the written rows for any values and names', async () => {
    const value = fc.oneof(fc.double(), fc.constant(Number.NaN), fc.constant(-0));
    const rows = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 4e12 }), value, value), {
      minLength: 1,
      maxLength: 50,
      selector: ([at]) => at,
    });
    const path = join(folder, 'file.parquet');
    const quantities = ['ts', 'device_', 'power_kw'];
    const property = fc.asyncProperty(
      fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 4 }),
      rows,
      async (ids, of) => {
        of.sort(([a], [b]) => a - b);
        const timestamps = Float64Array.from(of, ([at]) => at);
        const columns = [Float64Array.from(of, ([, x]) => x), Float64Array.from(of, ([, , y]) => y), timestamps];
        const writer = new ArchiveFileWriter(path, quantities);
        for (const deviceId of ids) await writer.add({ deviceId, timestamps, columns });
        const written = await writer.finish();
        expect(await contentsOf(path)).toEqual(written);
        const window = { start: 0, end: 1e14 };
        const read = await readArchiveFile(path, ids, [...quantities, 'absent'], window);
        const absent = new Float64Array(of.length).fill(Number.NaN);
        expect(read).toEqual(ids.map((deviceId) => ({ deviceId, timestamps, columns: [...columns, absent] })));
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it('distinguishes −0 and 0', async () => {
    const path = join(folder, 'zeros.parquet');
    const timestamps = Float64Array.from({ length: 20_000 }, (_, i) => i * 1000);
    const columns = [timestamps.map((_, i) => [0.5, -0, 0, Number.NaN][i % 4]!)];
    const writer = new ArchiveFileWriter(path, ['power_kw']);
    await writer.add({ deviceId: 'a', timestamps, columns });
    const written = await writer.finish();
    expect(await contentsOf(path)).toEqual(written);
    const read = await readArchiveFile(path, ['a'], ['power_kw'], { start: 0, end: 1e14 });
    expect(read).toEqual([{ deviceId: 'a', timestamps, columns }]);
  });

  it('is readable by DuckDB, including its partitions', async () => {
    await world.store.write([batch('load', history(40))]);
    await world.archiveBefore(MARCH);
    const connection = await (await DuckDBInstance.create()).connect();
    const query = `SELECT "group", month, device, epoch_ms(min(ts))::DOUBLE AS first, count(power_kw)::INT AS n
                   FROM read_parquet('${join(folder, 'objects')}/**/*.parquet', hive_partitioning = true) GROUP BY ALL ORDER BY ALL`;
    const found = (await connection.runAndReadAll(query)).getRowsJson();
    connection.closeSync();
    expect(found).toEqual([
      ['load', '2026-01', 'a', JANUARY, 372],
      ['load', '2026-01', 'b', JANUARY + HOUR_MS, 372],
      ['load', '2026-02', 'a', Date.UTC(2026, 1, 1), 108],
      ['load', '2026-02', 'b', Date.UTC(2026, 1, 1) + HOUR_MS, 108],
    ]);
  });
});

describe('archiving', () => {
  it('removes whole months from the store without changing query results', async () => {
    await world.store.write([batch('load', history(100))]);
    const before = await rowsOf(world.store);
    const report = await world.archiveBefore(MARCH + 3 * UTC_DAY_MS);
    expect(report).toMatchObject({ months: 2, rows: 59 * 24, postponed: [] });
    expect((await world.store.series()).every(({ first }) => first >= MARCH)).toBe(true);
    expect(await rowsOf(world.reads)).toEqual(before);
    expect(await world.archiveBefore(MARCH + 3 * UTC_DAY_MS)).toMatchObject({ months: 0 });
  });

  it('returns the same raw and aggregated values as before the move, with late and corrected readings too', async () => {
    const sample = fc.tuple(
      fc.constantFrom('a', 'b'),
      fc.integer({ min: 0, max: 119 * 24 * 12 }),
      fc.integer({ min: -9, max: 99 }),
    );
    const samples = fc.array(sample, { minLength: 1, maxLength: 60 });
    const steps = fc.uniqueArray(fc.integer({ min: -10, max: 130 }), { minLength: 2, maxLength: 12 });
    let run = 0;
    const property = fc.asyncProperty(
      samples,
      samples,
      steps,
      fc.constantFrom(null, 900_000),
      async (early, late, days, expected) => {
        const group = `g${run++}`;
        const toRows = (of: typeof early) => of.map(([id, slot, v]): Row => [id, JANUARY + slot * 300_000, { v }]);
        await world.store.write([batch(group, toRows(early))]);
        await world.archiveBefore(APRIL, group);
        await world.store.write([batch(group, toRows(late))]);
        if (run % 2 === 0) await world.archiveBefore(MARCH, group);
        const edges = Float64Array.from(
          days.sort((a, b) => a - b),
          (day) => JANUARY + day * UTC_DAY_MS + 7,
        );
        const request = { deviceIds: ['b', 'nobody', 'a'], group, quantities: ['v'] };
        const asOf = Date.UTC(2026, 6, 1);
        const rules = { expectedIntervalMs: expected, counters: new Map([['v', counterOf('kWh')]]) };
        const answers = await world.reads.aggregate({
          ...request,
          edges,
          asOf,
          rules: [rules, NO_RULES, rules],
        });
        for (const [d, deviceId] of request.deviceIds.entries()) {
          const own = [...toRows(early), ...toRows(late)].filter(([id]) => id === deviceId);
          const merged = mergeRows({
            timestamps: Float64Array.from(own, ([, at]) => at),
            columns: [Float64Array.from(own, ([, , { v }]) => v as number)],
          });
          const column = merged.columns[0]!;
          const raw = Array.from(merged.timestamps, (at, i) => `${deviceId} ${at} ${column[i]}`);
          expect(await allRows(world.reads, [deviceId], group, ['v'])).toEqual(raw);
          const { start, end } = sampleWindow(edges, ['v'], rules);
          const within = (at: number) => at >= start && at < end;
          const series = withoutMissing(
            merged.timestamps.filter(within),
            column.filter((_, i) => within(merged.timestamps[i]!)),
          );
          expect(answers[d]?.buckets[0]).toEqual(
            aggregateSeries(series, edges, { asOf, expectedIntervalMs: expected, counter: counterOf('kWh') }),
          );
        }
      },
    );
    await fc.assert(property, { numRuns: 15, endOnFailure: true });
  });

  it('loses no reading of a month that arrives while the month is archived', async () => {
    await world.close();
    const late = batch('load', [['a', JANUARY + 1, { power_kw: 7 }]]);
    let puts = 0;
    world = await openArchiveWorld(folder, {
      ...localObjects(join(folder, 'objects')),
      put: async (key, file) => {
        if (puts++ === 0) await world.store.write([late]);
        await localObjects(join(folder, 'objects')).put(key, file);
      },
    });
    await world.store.write([batch('load', history(40))]);
    const before = new Set(await rowsOf(world.store));
    expect(await world.archiveBefore(MARCH)).toMatchObject({ months: 2, postponed: [] });
    expect(new Set(await rowsOf(world.reads))).toEqual(before.add(`a ${JANUARY + 1} 7 NaN`));
  });

  it('postpones a month that still receives late readings', async () => {
    await world.close();
    let instant = JANUARY;
    world = await openArchiveWorld(folder, {
      ...localObjects(join(folder, 'objects')),
      put: async (key, file) => {
        await localObjects(join(folder, 'objects')).put(key, file);
        await world.store.write([batch('load', [['a', ++instant, { power_kw: 7 }]])]);
      },
    });
    await world.store.write([batch('load', history(10))]);
    expect(await world.archiveBefore(MARCH)).toMatchObject({ months: 0, postponed: ['load 2026-01'] });
    expect(await rowsOf(world.store)).toEqual(await rowsOf(world.reads));
  });
});

describe('an object store that fails', () => {
  const faults: [name: string, Partial<ObjectEngine>, expected: new (...args: never[]) => Error][] = [
    ['refuses the second file', { put: failing(2) }, Unavailable],
    ['breaks off while the file is read back', { fetch: async () => Promise.reject(new Error('reset')) }, Unavailable],
    [
      'gives other bytes back',
      {
        fetch: async (key, file) => {
          await localObjects(join(folder, 'objects')).fetch(key, file);
          await appendFile(file, 'x');
        },
      },
      Corrupt,
    ],
    ['cannot be listed', { list: async () => Promise.reject(new Error('away')) }, Unavailable],
  ];

  it.each(faults)('%s: nothing is lost or duplicated, and the next run continues', async (_, fault, expected) => {
    await world.store.write([batch('load', history(80))]);
    const before = await rowsOf(world.store);
    await world.close();
    world = await openArchiveWorld(folder, { ...localObjects(join(folder, 'objects')), ...fault });
    await expect(world.archiveBefore(MARCH)).rejects.toBeInstanceOf(expected);
    await world.close();
    world = await openArchiveWorld(folder);
    expect(await rowsOf(world.reads)).toEqual(before);
    await world.archiveBefore(MARCH);
    expect(await rowsOf(world.reads)).toEqual(before);
    expect(await filesOf('objects')).toHaveLength(2);
    expect(await filesOf('archive')).toEqual([]);
  });

  function failing(at: number): ObjectEngine['put'] {
    let puts = 0;
    return async (key, file) => {
      if (++puts === at) throw new Error('507 Insufficient Storage');
      await localObjects(join(folder, 'objects')).put(key, file);
    };
  }
});

it(`loses and duplicates nothing when it is killed ${KILLS} times`, async () => {
  await world.store.write([batch('load', history(400))]);
  const before = await rowsOf(world.store);
  const end = JANUARY + 390 * UTC_DAY_MS;
  for (let kill = 0; kill < KILLS; kill++) {
    await world.close();
    await archiveUntilKilled(end, 10 + kill * 25);
    world = await openArchiveWorld(folder);
    expect(await rowsOf(world.reads)).toEqual(before);
  }
  await world.archiveBefore(end);
  expect(await rowsOf(world.reads)).toEqual(before);
  const files = await filesOf('objects');
  expect(new Set(files).size, 'one file a month').toBe(12);
  expect(files).toHaveLength(12);
  expect(await filesOf('archive'), 'there are no leftovers').toEqual([]);
});

async function filesOf(name: string): Promise<string[]> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && !entry.name.endsWith('.part')).map(({ name: file }) => file);
}

async function archiveUntilKilled(end: number, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, folder, String(end)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let timer: NodeJS.Timeout | undefined;
  for await (const _ of createInterface({ input: child.stdout })) {
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  }
  clearTimeout(timer);
  await exited;
}
