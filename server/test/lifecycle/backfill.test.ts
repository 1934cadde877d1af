import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { backfillEnd } from '../../src/assembly/backfill.ts';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import type { OnProgress } from '../../src/domain/progress.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { type BackfillReport, backfill } from '../../src/storage/backfill/backfill.ts';
import { MeteredStore } from '../../src/storage/layers/metered-store.ts';
import { localObjects } from '../../src/storage/objects/local.ts';
import type { ObjectEngine } from '../../src/storage/objects/object-store.ts';
import { openTelemetryStore, type StoreInput } from '../../src/storage/open-store.ts';
import { type DeviceGroup, deviceGroups } from '../../src/storage/whole-days.ts';
import { batch, type Row } from '../conformance/telemetry-blocks.ts';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from '../storage/postgres-server.ts';
import { type S3Server, startS3Server } from '../storage/s3-server.ts';
import { type ArchiveWorld, allDigests, allRows, openArchiveWorld } from './archive-world.ts';

const JANUARY = Date.UTC(2026, 0, 1);
const MARCH = Date.UTC(2026, 2, 1);
const CHILD = fileURLToPath(new URL('./backfill-child.ts', import.meta.url));
const KILLS = 8;
const never = new AbortController().signal;

let folder: string;
let world: ArchiveWorld;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wattkeeper-backfill-'));
  world = await openArchiveWorld(folder);
});
afterEach(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

/** Hourly rows from January: two machines, one with a quantity that the other lacks, and a solar roof. */
async function history(days: number): Promise<DeviceGroup[]> {
  const rows = Array.from({ length: days * 24 }, (_, i): Row => {
    const at = JANUARY + i * HOUR_MS;
    return i % 3 === 0 ? ['a', at, { power_kw: i / 8, energy_kwh: i }] : ['b', at, { power_kw: -0.1 * i }];
  });
  const roof = rows.slice(0, 40 * 24).map(([id, at, values]): Row => [id, at + 1, values]);
  await world.store.write([batch('load', rows), batch('solar', roof)]);
  return deviceGroups(await world.store.series());
}

async function reopened(engine?: ObjectEngine): Promise<void> {
  await world.close();
  world = await openArchiveWorld(folder, engine);
}

async function open(options: StoreInput): Promise<TelemetryStore> {
  const store = await openTelemetryStore(options);
  onTestFinished(() => store.close());
  return store;
}

const newTarget = () => open({ type: 'sqlite', path: join(folder, 'target.sqlite') });

function fill(to: TelemetryStore, signal = never, progress: OnProgress = () => {}): Promise<BackfillReport> {
  const from = backfillEnd(new MeteredStore('duckdb', world.store, () => 0), world.reads);
  return backfill({ from: from.store, to, signal, progress });
}

/** A store that fails at the n-th write. */
function breaking(store: TelemetryStore, at: number): TelemetryStore {
  let writes = 0;
  return new Proxy(store, {
    get: (of, name) =>
      name === 'write' && ++writes > at
        ? () => Promise.reject(new Unavailable('the target is away'))
        : // biome-ignore lint/plugin: any method of the port
          (of[name as keyof TelemetryStore] as (...all: unknown[]) => unknown).bind(of),
  });
}

describe('backfilling a store from a source with an archive', () => {
  it('copies archived months and the data still in the store, late values first, each once', async () => {
    const groups = await history(100);
    await world.archiveBefore(MARCH + 40 * UTC_DAY_MS);
    const late: Row[] = [
      ['a', JANUARY, { power_kw: 77 }],
      ['c', JANUARY + 5, { power_kw: 1 }],
    ];
    await world.store.write([batch('load', late)]);
    const all = [...groups, { ...groups[0]!, deviceId: 'c' }];
    const before = await allDigests(world.reads, all);

    const target = await newTarget();
    const shares: number[] = [];
    const report = await fill(target, never, (share) => shares.push(share ?? -1));
    const values = before.reduce((sum, { count }) => sum + count, 0);
    expect(values).toBe(100 * 32 + 40 * 32 + 1);
    expect(report).toEqual({ series: 7, values, written: values, archivedMonths: 5 });
    expect(await allDigests(target, all)).toEqual(before);
    expect((await target.series()).map(({ count }) => count).reduce((a, b) => a + b)).toBe(values);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.at(-1)).toBe(1);
    expect(await fill(target)).toEqual({ ...report, written: 0 });
  });

  it('counts a month once when an interrupted run left it in both places', async () => {
    const groups = await history(70);
    await reopened({ ...localObjects(join(folder, 'objects')), fetch: async () => Promise.reject(new Error('reset')) });
    await expect(world.archiveBefore(MARCH)).rejects.toBeInstanceOf(Unavailable);
    await reopened();
    expect(await world.reads.months()).toHaveLength(1);
    expect((await world.store.series()).map(({ first }) => first)).toContain(JANUARY);
    const target = await newTarget();
    const values = 70 * 32 + 40 * 32;
    expect(await fill(target)).toMatchObject({ values, written: values, archivedMonths: 1 });
    expect(await allDigests(target, groups)).toEqual(await allDigests(world.store, groups));
  });

  it('continues from its position after a failure of the target or a cancellation', async () => {
    const groups = await history(100);
    await world.archiveBefore(MARCH);
    const target = await newTarget();
    await expect(fill(breaking(target, 3))).rejects.toThrow('the target is away');
    const stop = new AbortController();
    await expect(fill(target, stop.signal, (share) => (share ?? 0) > 0.7 && stop.abort())).rejects.toThrow(/abort/);
    const there = (await target.series()).reduce((sum, { count }) => sum + count, 0);
    const { values, written } = await fill(target);
    expect(written).toBe(values - there);
    expect(written).toBeLessThan(values / 2);
    expect(await allDigests(target, groups)).toEqual(await allDigests(world.reads, groups));
  });

  it('fetches each file of a remote archive once, however many devices it contains', async () => {
    const groups = await history(60);
    await world.archiveBefore(MARCH);
    const fetched: string[] = [];
    const engine = localObjects(join(folder, 'objects'));
    const fetch: ObjectEngine['fetch'] = (key, file) => {
      fetched.push(key);
      return engine.fetch(key, file);
    };
    await reopened({ ...engine, fetch, localPath: () => null });
    const target = await newTarget();
    await fill(target);
    expect(fetched.sort()).toEqual((await world.archive.all()).map(({ key }) => key).sort());
    expect(await allDigests(target, groups)).toEqual(await allDigests(world.reads, groups));
  });

  it('reports an unreachable, damaged or missing file, and continues after its return', async () => {
    await history(60);
    await world.archiveBefore(MARCH);
    const [january] = await world.archive.all();
    const path = join(folder, 'objects', january?.key as string);
    const engine = localObjects(join(folder, 'objects'));
    const target = await newTarget();

    const away = () => Promise.reject(new Error('connection refused'));
    await reopened({ ...engine, localPath: () => null, fetch: away });
    await expect(fill(target)).rejects.toThrow(/cannot fetch group=load\/month=2026-01.*connection refused/);
    await reopened({ ...engine, list: away });
    await expect(fill(target)).rejects.toBeInstanceOf(Unavailable);

    await reopened();
    await appendFile(path, 'x');
    await expect(fill(target)).rejects.toThrow(/month=2026-01.* is damaged/);
    expect(await target.series(), 'nothing of it was copied').toEqual([]);
    await rm(path);
    await expect(fill(target)).rejects.toBeInstanceOf(Corrupt);
  });

  it(`loses and duplicates nothing when it is killed ${KILLS} times`, async () => {
    const groups = await history(200);
    await world.archiveBefore(MARCH + 62 * UTC_DAY_MS);
    const before = await allDigests(world.reads, groups);
    await world.close();
    for (let kill = 0; kill < KILLS; kill++) await fillUntilKilled(40 + 20 * kill);
    world = await openArchiveWorld(folder);
    const target = await newTarget();
    const { values } = await fill(target);
    expect(await allDigests(target, groups)).toEqual(before);
    expect((await target.series()).reduce((sum, { count }) => sum + count, 0)).toBe(values);
    expect((await readdir(join(folder, 'archive'))).filter((name) => name !== 'cache')).toEqual([]);
  });
});

describeWith('POSTGRES_BIN', 'backfilling PostgreSQL from a store and its archive', (bin) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgresServer(bin);
  });
  afterAll(() => server.remove());

  it('copies every archived day once', async () => {
    const groups = await history(100);
    await world.archiveBefore(MARCH);
    const target = await open({ type: 'postgres', url: server.url() });
    const report = await fill(target);
    expect(report).toMatchObject({ values: 100 * 32 + 40 * 32, archivedMonths: 4 });
    expect(await allDigests(target, groups)).toEqual(await allDigests(world.reads, groups));
    expect(await allRows(target, ['a'], 'load', ['power_kw'])).toHaveLength(800);
    expect(await fill(target)).toMatchObject({ values: report.values, written: 0 });
  });
});

describeWith('MOTO', 'backfilling a store from an archive in S3', (program) => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3Server(program, 'archive');
  });
  afterAll(() => s3.stop());

  it('copies every archived day; when the bucket is unreachable, reports it and leaves the target unchanged', async () => {
    const groups = await history(100);
    await reopened(s3.engine('archive'));
    await world.archiveBefore(MARCH);
    const before = await allDigests(world.reads, groups);
    const target = await newTarget();
    expect(await fill(target)).toMatchObject({ values: 100 * 32 + 40 * 32, archivedMonths: 4 });
    expect(await allDigests(target, groups)).toEqual(before);

    await reopened(s3.engine('archive'));
    await s3.stop();
    await expect(fill(target)).rejects.toBeInstanceOf(Unavailable);
    expect(await allDigests(target, groups)).toEqual(before);
  });
});

async function fillUntilKilled(afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let timer: NodeJS.Timeout | undefined;
  for await (const _ of createInterface({ input: child.stdout })) {
    timer ??= setTimeout(() => child.kill('SIGKILL'), afterMs);
  }
  clearTimeout(timer);
  await exited;
}
