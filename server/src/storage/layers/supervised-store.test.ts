import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../domain/columns/batch.ts';
import { InvalidInput, Unavailable } from '../../domain/errors.ts';
import { NO_RULES } from '../../domain/series-rules.ts';
import type { TelemetryStore } from '../backend.ts';
import { openTelemetryStore } from '../open-store.ts';
import { type StoreTrouble, SupervisedStore, type SupervisionOptions } from './supervised-store.ts';

let folder: string;
let reported: (StoreTrouble | null)[];
let supervised: SupervisedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wattkeeper-supervised-'));
  reported = [];
});
afterEach(async () => {
  await supervised?.close();
  rmSync(folder, { recursive: true });
});

async function supervise(
  open: () => Promise<TelemetryStore>,
  options: Partial<SupervisionOptions> = {},
): Promise<SupervisedStore> {
  supervised = await SupervisedStore.open({
    type: 'duckdb',
    open,
    now: () => 1000,
    onChange: (trouble) => reported.push(trouble),
    readTimeoutMs: null,
    embedded: true,
    required: false,
    firstWaitMs: 20,
    longestWaitMs: 40,
    ...options,
  });
  return supervised;
}

const path = () => join(folder, 'telemetry.duckdb');
const openDuckDb = () => openTelemetryStore({ type: 'duckdb', path: path() });

function batch(timestamp: number): Batch {
  const timestamps = Float64Array.of(timestamp);
  const columns = [Float64Array.of(1)];
  return {
    sequence: 1,
    blocks: [
      { group: 'grid', quantities: ['power_kw'], devices: ['meter'], device: Int32Array.of(0), timestamps, columns },
    ],
  };
}

async function rows(store: TelemetryStore): Promise<number> {
  let count = 0;
  const window = { start: 0, end: 1e14 };
  for await (const frame of store.read({ deviceIds: ['meter'], group: 'grid', quantities: ['power_kw'], window }))
    count += frame.timestamps.length;
  return count;
}

/** A store with one method replaced. */
function changed<K extends 'write' | 'read' | 'aggregate'>(
  store: TelemetryStore,
  method: K,
  change: (own: TelemetryStore[K]) => TelemetryStore[K],
): TelemetryStore {
  return new Proxy(store, {
    get: (of, name) => {
      const value = of[name as keyof TelemetryStore];
      const own = typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(of) : value;
      return name === method ? change(own as TelemetryStore[K]) : own;
    },
  });
}

const never = () => new Promise<never>(() => {});
const sums = {
  deviceIds: ['meter'],
  group: 'grid',
  quantities: ['power_kw'],
  edges: Float64Array.of(0, 10),
  asOf: 20,
  rules: [NO_RULES],
};

describe('a supervised store', () => {
  it('behaves like any other store while it works', async () => {
    const store = await supervise(openDuckDb);
    await store.write([batch(5)]);
    expect(await rows(store)).toBe(1);
    expect(store.trouble).toBeNull();
    expect(store.capabilities.compacts).toBe(true);
    expect(reported).toEqual([]);
  });

  it('that cannot be opened rejects every call, changes nothing, and recovers automatically', async () => {
    const damaged = 'this is a letter, not a database '.repeat(1000);
    writeFileSync(path(), damaged);
    const store = await supervise(openDuckDb);
    expect(store.trouble).toMatchObject({ since: 1000, error: expect.stringContaining(path()) });
    const series = { deviceIds: ['meter'], group: 'grid', quantities: ['power_kw'] };
    const calls = [
      () => store.write([batch(5)]),
      () => rows(store),
      () => store.aggregate({ ...series, edges: Float64Array.of(0, 10), asOf: 20, rules: [NO_RULES] }),
      () => store.latest(0),
      () => store.series(),
      () => store.stats(),
      () => store.compact(0, new AbortController().signal),
      () => store.deleteBefore(1, 'grid'),
      () => store.erase(batch(5).blocks),
    ];
    for (const call of calls) await expect(call()).rejects.toBeInstanceOf(Unavailable);
    expect(readFileSync(path(), 'utf8')).toBe(damaged);

    rmSync(path());
    await expect.poll(() => store.trouble).toBeNull();
    expect(reported.at(-1)).toBeNull();
    await store.write([batch(5)]);
    expect(await rows(store)).toBe(1);
  });

  it('that fails at work is reopened with the data it had accepted', async () => {
    let broken = false;
    let opened = 0;
    const store = await supervise(async () => {
      opened++;
      return changed(
        await openDuckDb(),
        'write',
        (write) => (batches) => (broken ? Promise.reject(new Unavailable('the disk is full')) : write(batches)),
      );
    });
    await store.write([batch(5)]);
    broken = true;
    await expect(store.write([batch(6)])).rejects.toThrow('the disk is full');
    expect(store.trouble?.error).toBe('the disk is full');
    broken = false;
    await expect.poll(() => store.trouble).toBeNull();
    await store.write([batch(6)]);
    expect(await rows(store)).toBe(2);
    expect(opened).toBe(2);
  });

  it('reports errors that no waiting corrects', async () => {
    await expect(supervise(() => Promise.reject(new InvalidInput('path must not be empty')))).rejects.toThrow(
      InvalidInput,
    );
  });

  it('that hangs is not used until it answers, and its requests reject instead of hanging', async () => {
    let hangs = false;
    const { promise: awake, resolve: wake } = Promise.withResolvers<void>();
    const open = async () => {
      if (hangs) await awake;
      return changed(
        await openDuckDb(),
        'read',
        (read) =>
          async function* (request) {
            if (hangs) await never();
            yield* read(request);
          },
      );
    };
    const store = await supervise(open, { readTimeoutMs: 200 });
    await store.write([batch(5)]);
    hangs = true;
    const questions = [rows(store), rows(store)];
    for (const question of questions) await expect(question).rejects.toThrow('it has not answered for 0.2 s');
    expect(store.trouble).toMatchObject({ error: 'it has not answered for 0.2 s' });
    expect(store.latencyMs).toBeGreaterThanOrEqual(150);
    await expect(store.series()).rejects.toBeInstanceOf(Unavailable);
    hangs = false;
    wake();
    await expect.poll(() => store.trouble).toBeNull();
    expect(await rows(store)).toBe(1);
  });

  it('that works on an expensive request is waited for while it answers probes', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let probes = 0;
    const open = async () => {
      const slow = changed(await openDuckDb(), 'aggregate', (aggregate) => async (request) => {
        await promise;
        return aggregate(request);
      });
      return changed(slow, 'read', (read) => (request) => {
        if (++probes === 3) resolve();
        return read(request);
      });
    };
    const store = await supervise(open, { readTimeoutMs: 100 });
    expect(await store.aggregate(sums)).toHaveLength(1);
    expect(store.trouble).toBeNull();
  });

  it('that hangs while opening does not delay the start, and is used once it is open', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const open = async () => {
      await promise;
      return openDuckDb();
    };
    const store = await supervise(open, { readTimeoutMs: 100, embedded: false });
    expect(store.trouble).toMatchObject({ error: 'it has not answered for 0.1 s' });
    resolve();
    await expect.poll(() => store.trouble).toBeNull();
    await store.write([batch(5)]);
  });

  it('that a command requires rejects when it cannot be opened', async () => {
    writeFileSync(path(), 'no database '.repeat(3000));
    await expect(supervise(openDuckDb, { required: true })).rejects.toThrow(path());
  });

  it('closes while it is in trouble', async () => {
    writeFileSync(path(), 'no database '.repeat(3000));
    const store = await supervise(openDuckDb);
    await store.close();
    await expect(store.write([batch(5)])).rejects.toBeInstanceOf(Unavailable);
  });
});
