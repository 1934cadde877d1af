import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../domain/batch.ts';
import { InvalidInput, Unavailable } from '../../domain/errors.ts';
import type { TelemetryStore } from '../backend.ts';
import { openTelemetryStore } from '../open-store.ts';
import { type StoreTrouble, SupervisedStore } from './supervised-store.ts';

let folder: string;
let told: (StoreTrouble | null)[];
let supervised: SupervisedStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wattkeeper-supervised-'));
  told = [];
});
afterEach(async () => {
  await supervised?.close();
  rmSync(folder, { recursive: true });
});

async function supervise(open: () => Promise<TelemetryStore>): Promise<SupervisedStore> {
  supervised = await SupervisedStore.open({
    type: 'duckdb',
    open,
    now: () => 1000,
    onChange: (trouble) => told.push(trouble),
    firstWaitMs: 20,
    longestWaitMs: 40,
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

describe('a store under supervision', () => {
  it('is a store like any other while it works', async () => {
    const store = await supervise(openDuckDb);
    await store.write([batch(5)]);
    expect(await rows(store)).toBe(1);
    expect(store.trouble).toBeNull();
    expect(store.capabilities.compacts).toBe(true);
    expect(told).toEqual([]);
  });

  it('that cannot be opened finds nothing, takes nothing, touches nothing, and is back by itself', async () => {
    writeFileSync(path(), 'this is a letter, not a database '.repeat(1000));
    const store = await supervise(openDuckDb);
    expect(store.trouble).toMatchObject({ since: 1000, error: expect.stringContaining(path()) });
    await expect(store.write([batch(5)])).rejects.toBeInstanceOf(Unavailable);
    expect(await rows(store)).toBe(0);
    expect(await store.series()).toEqual([]);
    const request = {
      deviceIds: ['meter'],
      group: 'grid',
      quantities: ['power_kw'],
      edges: Float64Array.of(0, 10, 20),
    };
    const [answer] = await store.aggregate({ ...request, asOf: 20, expectedIntervalMs: [null] });
    expect([...(answer?.buckets[0]?.count ?? [])]).toEqual([0, 0]);

    rmSync(path());
    await expect.poll(() => store.trouble).toBeNull();
    expect(told.at(-1)).toBeNull();
    await store.write([batch(5)]);
    expect(await rows(store)).toBe(1);
  });

  it('that breaks at work is opened again, and what it had taken is there', async () => {
    let broken = false;
    let opened = 0;
    const store = await supervise(async () => {
      opened++;
      const real = await openDuckDb();
      return new Proxy(real, {
        get: (of, name) => {
          const value = of[name as keyof TelemetryStore];
          if (name === 'write' && broken) return () => Promise.reject(new Unavailable('the disk is full'));
          return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(of) : value;
        },
      });
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

  it('does not hide what no waiting mends', async () => {
    await expect(supervise(() => Promise.reject(new InvalidInput('path must not be empty')))).rejects.toThrow(
      InvalidInput,
    );
  });

  it('ends while it is in trouble', async () => {
    writeFileSync(path(), 'no database '.repeat(3000));
    const store = await supervise(openDuckDb);
    await store.close();
    await expect(store.write([batch(5)])).rejects.toBeInstanceOf(Unavailable);
  });
});
