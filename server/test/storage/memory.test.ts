import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/storage/memory/memory-store.ts';
import { batch, batchOf, columnsBlock, type Row, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);

telemetryStoreConformance('memory', {
  open: async () => new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 64 * 2 ** 20 }),
});

describe('the memory store', () => {
  it('keeps the configured time span and reports the instant from which it is complete', async () => {
    const store = new MemoryStore({ spanMs: HOUR_MS, maxBytes: 32 * 2 ** 20 });
    expect(store.coveredSince()).toBe(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < 300; i++) await store.write([batch('g', [['d', T0 + i * MINUTE_MS, { v: i }]])]);
    const newest = T0 + 299 * MINUTE_MS;
    const since = store.coveredSince();
    expect(since).toBeLessThanOrEqual(newest - HOUR_MS);
    expect(since).toBeGreaterThan(newest - HOUR_MS - 10 * MINUTE_MS);
    expect(await rowsOf(store, 'g', ['d'], ['v'], since)).toHaveLength(Math.floor((newest - since) / MINUTE_MS) + 1);
  });

  it('is not emptied by a sample from the future', async () => {
    const store = new MemoryStore({ spanMs: HOUR_MS, maxBytes: 32 * 2 ** 20 }, () => T0);
    await store.write([
      batch('g', [
        ['d', T0 - MINUTE_MS, { v: 1 }],
        ['broken', T0 + 1e12, { v: 2 }],
      ]),
    ]);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toHaveLength(1);
  });

  it('stays within its memory limit and drops the oldest rows first', async () => {
    const maxBytes = 2 ** 20;
    const store = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes });
    for (let i = 0; i < 400; i++) {
      const timestamps = Float64Array.from({ length: 500 }, (_, row) => T0 + (i * 500 + row) * 1000);
      await store.write([batchOf(columnsBlock('g', `d${i % 7}`, timestamps, { v: timestamps }))]);
      expect((await store.stats()).sizeBytes).toBeLessThanOrEqual(maxBytes);
    }
    const since = store.coveredSince();
    const newest = T0 + (400 * 500 - 1) * 1000;
    const devices = Array.from({ length: 7 }, (_, i) => `d${i}`);
    expect(await rowsOf(store, 'g', devices, ['v'], since)).toHaveLength(Math.floor((newest - since) / 1000) + 1);
    expect((newest - since) / 1000).toBeGreaterThan((maxBytes / 16) * 0.4);
  });

  it('accepts late rows in any order', async () => {
    const store = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 32 * 2 ** 20 });
    const rows: Row[] = Array.from({ length: 1000 }, (_, i) => ['d', T0 + ((i * 389) % 1000), { v: (i * 389) % 1000 }]);
    await store.write([batch('g', rows)]);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual(Array.from({ length: 1000 }, (_, i) => ['d', T0 + i, i]));
  });
});
