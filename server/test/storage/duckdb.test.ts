import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { Engine } from '../../src/storage/duckdb/engine.ts';
import { openTelemetryStore, type StoreInput } from '../../src/storage/open-store.ts';
import { batch, batchOf, blockOf, columnsBlock, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const at = (folder: string): StoreInput => ({ type: 'duckdb', path: join(folder, 'telemetry.duckdb') });
const compactAll = () => [1e14, new AbortController().signal] as const;

telemetryStoreConformance('duckdb', { open: (folder) => openTelemetryStore(at(folder)), inChild: at, reject });

/** A check on the table of recent rows of `g`: its third quantity is `poison`. */
async function reject(folder: string): Promise<() => Promise<void>> {
  const store = await openTelemetryStore(at(folder));
  await store.write([batch('g', [['d', 0, { a: 0, b: 0, poison: 0 }]])]);
  await store.close();
  const remake = async (check: string) => {
    const path = join(folder, 'telemetry.duckdb');
    const engine = await Engine.open({ path, memoryLimitMb: 64, threads: 1, walMb: 1 });
    const connection = await engine.connect();
    await connection.run(`CREATE TABLE remade (ts DOUBLE, device INTEGER, q0 DOUBLE, q1 DOUBLE, q2 DOUBLE ${check});
      INSERT INTO remade FROM recent_0; DROP TABLE recent_0; ALTER TABLE remade RENAME TO recent_0`);
    connection.close();
    engine.close();
  };
  await remake('CHECK (q2 < 1000)');
  return () => remake('');
}

describe('the DuckDB store', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'duckdb-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('names the possible holder of a locked file', async () => {
    const writer = fileURLToPath(new URL('../conformance/telemetry-writer.ts', import.meta.url));
    const child = spawn(process.execPath, [writer, JSON.stringify(at(folder)), '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const opening = openTelemetryStore(at(folder));
    await expect(opening).rejects.toBeInstanceOf(Unavailable);
    await expect(opening).rejects.toThrow(/telemetry\.duckdb is open in another process.*stop the other process/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await openTelemetryStore(at(folder))).close();
  });

  it('stores every value of a group that gains a hundred quantities in one write, even after it is reopened', async () => {
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`q${i}`, i]));
    const store = await openTelemetryStore(at(folder));
    await store.write([batch('g', [['d', T0, { q99: 1 }]])]);
    await store.write([batch('g', [['d', T0 + 1000, wide]])]);
    await store.close();
    const reopened = await openTelemetryStore(at(folder));
    const series = await reopened.series();
    expect(series.length).toBe(100);
    expect(series.find(({ metric }) => metric === 'g.q99')?.count).toBe(2);
    const latest = new Map((await reopened.latest(T0)).map(({ metric, value }) => [metric, value]));
    expect(latest).toEqual(new Map(Object.entries(wide).map(([quantity, value]) => [`g.${quantity}`, value])));
    await reopened.close();
  });

  it('rejects a file that is not a database, or is damaged, and leaves it unchanged', async () => {
    const { path } = at(folder) as { path: string };
    await writeFile(path, 'this is a letter, not a database '.repeat(1000));
    await expect(openTelemetryStore(at(folder))).rejects.toBeInstanceOf(Corrupt);
    expect(await readFile(path, 'utf8')).toContain('this is a letter');
    await rm(path);
    const store = await openTelemetryStore(at(folder));
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    await store.close();
    await truncate(path, 20_000);
    await expect(openTelemetryStore(at(folder))).rejects.toThrow(/damaged: restore it from a backup/);
  });

  it('reports a missing folder', async () => {
    await expect(openTelemetryStore(at(join(folder, 'nowhere')))).rejects.toBeInstanceOf(Unavailable);
  });

  it('accepts a new group after a write with a new quantity of a known group and another new group', async () => {
    const store = await openTelemetryStore(at(folder));
    const solar = (values: Record<string, number>) => blockOf('solar', [['d', T0, values]]);
    await store.write([batchOf(solar({ power_kw: 1 }))]);
    await store.write([batchOf(solar({ energy_kwh: 2 }), blockOf('battery', [['d', T0, { soc_percent: 3 }]]))]);
    await store.write([batch('grid', [['d', T0, { power_kw: 4 }]])]);
    expect(await rowsOf(store, 'solar', ['d'], ['power_kw', 'energy_kwh'])).toEqual([['d', T0, 1, 2]]);
    expect(await rowsOf(store, 'battery', ['d'], ['soc_percent'])).toEqual([['d', T0, 3]]);
    expect(await rowsOf(store, 'grid', ['d'], ['power_kw'])).toEqual([['d', T0, 4]]);
    await store.close();
  });

  it('accepts new groups in a file whose group numbers have gaps, as earlier versions left them', async () => {
    const { path } = at(folder) as { path: string };
    const engine = await Engine.open({ path, memoryLimitMb: 64, threads: 1, walMb: 1 });
    const connection = await engine.connect();
    const tables = (id: number) => `
      CREATE TABLE recent_${id} (ts DOUBLE, device INTEGER, q0 DOUBLE);
      CREATE TABLE settled_${id} (device INTEGER, first_ts DOUBLE, last_ts DOUBLE, rows INTEGER, extents BLOB, ts BLOB, q0 BLOB);
      INSERT INTO recent_${id} VALUES (${T0}, 0, ${id});`;
    await connection.run(`
      CREATE TABLE format (version INTEGER NOT NULL); INSERT INTO format VALUES (1);
      CREATE TABLE devices (id INTEGER NOT NULL, name VARCHAR NOT NULL); INSERT INTO devices VALUES (0, 'd');
      CREATE TABLE metric_groups (id INTEGER NOT NULL, name VARCHAR NOT NULL);
      INSERT INTO metric_groups VALUES (0, 'solar'), (2, 'battery');
      CREATE TABLE quantities (metric_group INTEGER NOT NULL, id INTEGER NOT NULL, name VARCHAR NOT NULL);
      INSERT INTO quantities VALUES (0, 0, 'v'), (2, 0, 'v');
      ${tables(0)} ${tables(2)}`);
    connection.close();
    engine.close();
    let store = await openTelemetryStore(at(folder));
    await store.write(['grid', 'load', 'price'].map((group, i) => batch(group, [['d', T0, { v: 10 + i }]])));
    await store.write([batch('weather', [['e', T0, { v: 13 }]])]);
    await store.compact(...compactAll());
    await store.close();
    store = await openTelemetryStore(at(folder));
    const held = await store.latest(0);
    expect(held.map(({ deviceId, metric, value }) => `${deviceId} ${metric} ${value}`).sort()).toEqual([
      'd battery.v 2',
      'd grid.v 10',
      'd load.v 11',
      'd price.v 12',
      'd solar.v 0',
      'e weather.v 13',
    ]);
    await store.close();
  });

  it('hides no row from readers while days are moved, corrected and deleted concurrently', async () => {
    const store = await openTelemetryStore(at(folder));
    const devices = ['a', 'b', 'c'];
    const window = { start: T0, end: T0 + 40 * UTC_DAY_MS };
    let written = T0;
    let deleted = T0;
    let corrections = 0;
    let done = false;
    const sums = async (device: string, columns: readonly string[]) => {
      const request = { deviceIds: [device], group: 'g', quantities: columns, window };
      let rows = 0;
      let corrected = 0;
      for await (const frame of store.read(request)) {
        rows += frame.timestamps.length;
        corrected += frame.columns.at(-1)?.filter((value) => value >= 1e6).length ?? 0;
      }
      return { rows, corrected };
    };
    const reader = async (device: string) => {
      let reads = 0;
      for (; !done; reads++) {
        // The result contains every row confirmed before the read started; rows deleted during the read may be missing.
        const [from, corrected] = [written, corrections];
        const found = await sums(device, reads % 2 === 0 ? ['v'] : ['w', 'v']);
        expect(found.rows).toBeGreaterThanOrEqual((from - deleted) / HOUR_MS);
        expect(found.corrected).toBeGreaterThanOrEqual(Math.min(corrected, 1));
      }
      return reads;
    };
    const readers = devices.map(reader);
    for (let day = 0; day < 30; day++) {
      const rows = devices.flatMap((device) =>
        Array.from({ length: 24 }, (_, h) => [device, written + h * HOUR_MS, { v: day * 24 + h, w: -h }] as const),
      );
      await store.write([batch('g', rows as unknown as Parameters<typeof batch>[1])]);
      written += UTC_DAY_MS;
      if (day % 3 === 2) {
        await store.compact(written, new AbortController().signal);
        const late = written - UTC_DAY_MS + 5 * HOUR_MS;
        await store.write([
          batch(
            'g',
            devices.map((device) => [device, late, { v: 1e6 + day }]),
          ),
        ]);
        corrections++;
      }
      if (day % 7 === 6) {
        deleted += 2 * UTC_DAY_MS;
        await store.deleteBefore(deleted, null);
      }
    }
    done = true;
    expect(Math.min(...(await Promise.all(readers)))).toBeGreaterThan(5);
    for (const device of devices) expect((await sums(device, ['v'])).rows).toBe((written - deleted) / HOUR_MS);
    await store.close();
  });

  it('accepts 2,000 quantities in a group', async () => {
    const store = await openTelemetryStore(at(folder));
    const values = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`quantity ${i}`, i / 4]));
    await store.write([
      batch('g', [
        ['d', T0, values],
        ['d', T0 + 60_000, values],
      ]),
    ]);
    await store.compact(...compactAll());
    await store.write([batch('g', [['d', T0 + 120_000, { 'quantity 7': 9, more: 1 }]])]);
    expect(await rowsOf(store, 'g', ['d'], ['quantity 7', 'quantity 1999', 'more'])).toEqual([
      ['d', T0, 1.75, 499.75, null],
      ['d', T0 + 60_000, 1.75, 499.75, null],
      ['d', T0 + 120_000, 9, null, 1],
    ]);
    await store.close();
  });

  it('needs little more than a byte per value of a home once days are closed, in any order of arrival', async () => {
    const store = await openTelemetryStore(at(folder));
    const days = 60;
    for (let i = 0; i < days; i++) {
      const day = (i * 17) % days;
      const timestamps = Float64Array.from({ length: 1440 }, (_, minute) => T0 + day * UTC_DAY_MS + minute * 60_000);
      const power = timestamps.map(
        (_, minute) => Math.round(2000 + 1500 * Math.sin(minute / 200) + noise(minute + i) * 80) / 1000,
      );
      const voltage = timestamps.map((_, minute) => Math.round(2300 + noise(minute * 3 + i) * 12) / 10);
      const soc = timestamps.map((_, minute) => Math.round(500 + 400 * Math.sin(minute / 300)) / 10);
      await store.write([batchOf(columnsBlock('home', 'd', timestamps, { power, voltage, soc }))]);
      if (i % 10 === 9) await store.compact(...compactAll());
    }
    const { sizeBytes } = await store.stats();
    expect((sizeBytes as number) / (days * 1440 * 3)).toBeLessThan(1.2);
    await store.close();
  });
});

/** Repeatable noise between -1 and 1. */
function noise(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453;
  return 2 * (x - Math.floor(x)) - 1;
}
