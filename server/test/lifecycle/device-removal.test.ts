import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { createFilling } from '../../src/assembly/backfill.ts';
import { openPipeline, type Pipeline } from '../../src/assembly/pipeline.ts';
import { Config } from '../../src/config/schema.ts';
import type { Block } from '../../src/domain/columns/batch.ts';
import { Unavailable } from '../../src/domain/errors.ts';
import { DeviceRemovals } from '../../src/features/devices/removals.ts';
import { temporaryFolder } from '../journeys/service.ts';

const NOW = Date.UTC(2026, 5, 1);
const START = NOW - 80 * 24 * HOUR_MS;
const work = () => ({ signal: new AbortController().signal, progress: () => {} });

/** The pipeline of a service on a data folder, with the removal of devices. */
interface World extends Pipeline {
  readonly removals: DeviceRemovals;
}

function newFolder(): string {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  return folder.path;
}

async function use<T>(folder: string, types: readonly string[], run: (world: World) => Promise<T>): Promise<T> {
  const config = Config.parse({
    data_dir: folder,
    stores: types.map((type) => ({ type })),
    archive: { store: { type: 'local' }, after_days: 31 },
    demo: { enabled: false },
    ingest: { store_pause_ms: 0 },
  });
  const log = pino({ level: 'silent' });
  const pipeline = await openPipeline({ config, log, now: () => NOW, withoutStores: false });
  const { records, journal, stores, archive } = pipeline;
  try {
    const removals = await DeviceRemovals.open({ records, journal, stores, archive, folder, log });
    return await run({ ...pipeline, removals });
  } finally {
    await pipeline.close(60_000);
  }
}

function readings(devices: readonly string[], group = 'load'): Block {
  const rows = 80 * devices.length;
  return {
    group,
    quantities: ['power_kw'],
    devices,
    device: Int32Array.from({ length: rows }, (_, i) => i % devices.length),
    timestamps: Float64Array.from({ length: rows }, (_, i) => START + Math.floor(i / devices.length) * 24 * HOUR_MS),
    columns: [Float64Array.from({ length: rows }, (_, i) => i / 8)],
  };
}

async function caughtUp({ ingest, stores }: Pipeline): Promise<void> {
  for (const { name } of stores) await ingest.caughtUp(name, new AbortController().signal);
}

/** Names of the devices of which the engines hold data, by store. */
async function held({ stores }: Pipeline, names: ReadonlyMap<string, string>): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const { name, aside } of stores) {
    const ids = new Set((await aside!.series()).map(({ deviceId }) => names.get(deviceId) ?? deviceId));
    found[name] = [...ids].sort();
  }
  return found;
}

async function shown({ queries, directory }: Pipeline): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { id, name } of directory.all()) {
    const window = { start: 0, end: NOW + 1 };
    counts[name] = 0;
    for await (const { timestamps } of queries.stream({
      deviceIds: [id],
      group: 'load',
      quantities: ['power_kw'],
      window,
    }))
      counts[name] += timestamps.length;
  }
  return counts;
}

/** Fills a folder and returns the names of its devices by id. */
async function fill(folder: string, types: readonly string[]): Promise<Map<string, string>> {
  return use(folder, types, async (world) => {
    await world.intake.accept([readings(['gone', 'kept'])]);
    await caughtUp(world);
    return new Map(world.directory.all().map(({ id, name }) => [id, name]));
  });
}

async function remove({ removals, directory }: World, name: string): Promise<string> {
  const { id } = directory.require(name);
  await removals.remove(id);
  return id;
}

it('a deleted device disappears immediately, and a new device of the same name has none of its readings', async () => {
  const folder = newFolder();
  const names = await fill(folder, ['duckdb', 'sqlite']);
  await use(folder, ['duckdb', 'sqlite'], async (world) => {
    const id = await remove(world, 'gone');
    expect(await shown(world)).toEqual({ kept: 80 });
    expect([...world.ingest.latest.deviceIds()]).not.toContain(id);
    expect((await world.stores[0]!.store.series()).map(({ deviceId }) => deviceId)).not.toContain(id);
    // Readings resolved before the removal arrive after it.
    await world.ingest.accept([{ ...readings(['gone']), devices: [id] }]);
    expect(world.directory.metricsOf(id)).toEqual([]);
    expect([...world.ingest.latest.deviceIds()]).not.toContain(id);
    await world.intake.accept([readings(['gone'])]);
    await caughtUp(world);
    expect(await shown(world)).toEqual({ gone: 80, kept: 80 });
    expect(world.directory.require('gone').id).not.toBe(id);
    names.set(world.directory.require('gone').id, 'gone again');
    expect(world.removals.hasOpen).toBe(true);
    expect((await world.removals.deleteReadings(work())).deleted).toEqual({
      quarantine: 1,
      'store duckdb': 1,
      'store sqlite': 1,
      archive: 1,
    });
    expect(world.removals.hasOpen).toBe(false);
    expect(await held(world, names)).toEqual({ duckdb: ['gone again', 'kept'], sqlite: ['gone again', 'kept'] });
  });
  await use(folder, ['duckdb', 'sqlite'], async (world) => {
    expect(await shown(world)).toEqual({ gone: 80, kept: 80 });
    expect(world.removals.hasOpen).toBe(false);
  });
});

it('readings of a deleted device that the journal still holds for a store never reach it, even after a restart', async () => {
  const folder = newFolder();
  const names = await fill(folder, ['duckdb']);
  await use(folder, ['duckdb'], async (world) => {
    const { ingest, directory } = world;
    const { store } = world.stores[0]!;
    const { promise: isBack, resolve: comesBack } = Promise.withResolvers<void>();
    const write = store.write;
    store.write = async (batches) => {
      await isBack;
      return write(batches);
    };
    await ingest.accept([{ ...readings(['gone'], 'grid'), devices: [directory.require('gone').id] }]);
    await remove(world, 'gone');
    await world.removals.deleteReadings(work());
    comesBack();
    await caughtUp(world);
    expect(await held(world, names)).toEqual({ duckdb: ['kept'] });
  });
  await use(folder, ['duckdb'], async (world) => {
    await caughtUp(world);
    expect(await held(world, names)).toEqual({ duckdb: ['kept'] });
    expect(world.directory.seriesCount).toBe(1);
  });
});

it('is deleted from quarantine, from set-aside values, and from archived months, which keep their other devices', async () => {
  const folder = newFolder();
  const names = await fill(folder, ['duckdb']);
  await use(folder, ['duckdb'], async (world) => {
    const { archive, journal, intake, setAside, directory } = world;
    const { months } = await archive!.moveOldMonths(work());
    expect(months).toBeGreaterThan(0);
    const id = directory.require('gone').id;
    await intake.accept([{ ...readings(['gone']), columns: [new Float64Array(80).fill(1e12)] }]);
    expect((await journal.quarantined(10, null)).length).toBeGreaterThan(0);
    const other = directory.require('kept').id;
    await setAside.add('duckdb', { ...readings(['gone', 'kept'], 'x'), devices: [id, other] }, 'why', NOW);
    await remove(world, 'gone');
    const before = await archive!.listed();
    await world.removals.deleteReadings(work());
    expect(await journal.quarantined(10, null)).toEqual([]);
    expect(setAside.totals('duckdb')?.values).toBe(80);
    const after = await archive!.listed();
    expect(after).toHaveLength(before.length);
    for (const { key } of before) expect(after.map((part) => part.key)).not.toContain(key);
    expect(await shown(world)).toEqual({ kept: 80 });
    expect(
      (await Promise.all((await archive!.reads.months()).map(({ holdings }) => holdings()))).flatMap(({ deviceIds }) =>
        deviceIds.map((of) => names.get(of)),
      ),
    ).toEqual(before.map(() => 'kept'));
    // The second time there is nothing to rewrite.
    await remove(world, 'kept');
    await world.removals.deleteReadings(work());
    expect(await archive!.listed()).toEqual([]);
    expect(setAside.totals('duckdb')).toBeUndefined();
  });
});

it('the readings are deleted from an unreachable store after its return, and from the others without delay', async () => {
  const folder = newFolder();
  const names = await fill(folder, ['duckdb', 'sqlite']);
  await use(folder, ['duckdb', 'sqlite'], async (world) => {
    const [duckdb] = world.stores;
    const deleteDevices = duckdb!.store.deleteDevices;
    duckdb!.store.deleteDevices = () => Promise.reject(new Unavailable('nobody answers'));
    await remove(world, 'gone');
    await expect(world.removals.deleteReadings(work())).rejects.toThrow(/in 1 places.*store duckdb: nobody answers/);
    expect(await held(world, names)).toEqual({ duckdb: ['gone', 'kept'], sqlite: ['kept'] });
    expect(world.removals.hasOpen).toBe(true);
    duckdb!.store.deleteDevices = deleteDevices;
    expect((await world.removals.deleteReadings(work())).deleted).toEqual({ 'store duckdb': 1 });
    expect(await held(world, names)).toEqual({ duckdb: ['kept'], sqlite: ['kept'] });
  });
});

it('neither an older copy of a store nor a backfill from another store restores the readings', async () => {
  const folder = newFolder();
  const names = await fill(folder, ['duckdb', 'sqlite']);
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  await use(folder, ['duckdb', 'sqlite'], async (world) => {
    await remove(world, 'gone');
    await world.removals.deleteReadings(work());
    await world.intake.accept([readings(['kept'], 'grid')]);
    await caughtUp(world);
  });
  rmSync(join(folder, 'telemetry.sqlite'));
  cpSync(join(copy, 'telemetry.sqlite'), join(folder, 'telemetry.sqlite'));
  await use(folder, ['duckdb', 'sqlite'], async (world) => {
    expect(await held(world, names)).toEqual({ duckdb: ['kept'], sqlite: ['gone', 'kept'] });
    // Nothing is copied from the older one.
    await createFilling(world).fill('sqlite', 'duckdb', work());
    expect(world.removals.hasOpen).toBe(true);
    expect((await world.removals.deleteReadings(work())).deleted).toEqual({ 'store sqlite': 1 });
    await createFilling(world).fill('duckdb', 'sqlite', work());
    expect(await held(world, names)).toEqual({ duckdb: ['kept'], sqlite: ['kept'] });
  });
});

it('after a loss of records, no deleted device returns although a store still has readings of it', async () => {
  const folder = newFolder();
  const names = await fill(folder, ['duckdb']);
  await use(folder, ['duckdb'], async (world) => {
    world.stores[0]!.store.deleteDevices = () => Promise.reject(new Unavailable('nobody answers'));
    await remove(world, 'gone');
    await expect(world.removals.deleteReadings(work())).rejects.toThrow(Unavailable);
  });
  for (const part of ['', '-wal', '-shm']) rmSync(join(folder, `wattkeeper.db${part}`), { force: true });
  await use(folder, ['duckdb'], async (world) => {
    expect(world.lost).toMatch(/1 devices were recovered/);
    expect(Object.keys(await shown(world))).toHaveLength(1);
    await world.removals.deleteReadings(work());
    expect(await held(world, names)).toEqual({ duckdb: ['kept'] });
  });
});
