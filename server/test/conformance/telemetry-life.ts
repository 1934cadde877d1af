import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { Unavailable } from '../../src/domain/errors.ts';
import { batch, batchOf, columnsBlock, framesOf, type Row, rowsOf } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const FAR = 1e14;
const never = () => new AbortController().signal;

export function lifePromises(world: World): void {
  newestAndExtents(world);
  forgetting(world);
  compacting(world);
  overlapping(world);

  it('reports its size and rows', async () => {
    const before = await world.store.stats();
    await world.store.write([
      batch(
        'g',
        Array.from({ length: 500 }, (_, i): Row => ['d', T0 + i, { v: i }]),
      ),
    ]);
    const after = await world.store.stats();
    if (after.rows !== null) expect(after.rows - (before.rows ?? 0)).toBe(500);
    if (after.sizeBytes !== null) expect(after.sizeBytes).toBeGreaterThan(0);
  });

  it('rejects every call after close with Unavailable, and can be closed twice', async () => {
    const { store } = world;
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    await store.close();
    await store.close();
    await expect(store.write([batch('g', [['d', T0, { v: 1 }]])])).rejects.toBeInstanceOf(Unavailable);
    await expect(framesOf(store, 'g', ['d'], ['v'])).rejects.toBeInstanceOf(Unavailable);
    await expect(store.latest(0)).rejects.toBeInstanceOf(Unavailable);
    await expect(store.series()).rejects.toBeInstanceOf(Unavailable);
    await expect(store.stats()).rejects.toBeInstanceOf(Unavailable);
    await expect(store.deleteBefore(0, null)).rejects.toBeInstanceOf(Unavailable);
    await expect(store.compact(0, never())).rejects.toBeInstanceOf(Unavailable);
  });
}

function newestAndExtents(world: World): void {
  it('returns the newest value of every series since an instant', async () => {
    await world.store.write([
      batch('g', [
        ['d', T0, { a: 1, b: 2 }],
        ['d', T0 + UTC_DAY_MS, { a: 3 }],
        ['e', T0 + 5, { a: 4 }],
      ]),
      batch('h', [['d', T0 + 2, { a: 5 }]]),
    ]);
    await world.store.write([batch('g', [['d', T0 + UTC_DAY_MS - 1, { a: 9 }]])]);
    const newest = async (since: number) =>
      (await world.store.latest(since))
        .map(({ deviceId, metric, timestamp, value }) => `${deviceId} ${metric} ${timestamp - T0} ${value}`)
        .sort();
    await world.inEveryState(async () => {
      expect(await newest(0)).toEqual([`d g.a ${UTC_DAY_MS} 3`, 'd g.b 0 2', 'd h.a 2 5', 'e g.a 5 4']);
      expect(await newest(T0 + 3)).toEqual([`d g.a ${UTC_DAY_MS} 3`, 'e g.a 5 4']);
      expect(await newest(T0 + UTC_DAY_MS)).toEqual([`d g.a ${UTC_DAY_MS} 3`]);
      expect(await newest(T0 + UTC_DAY_MS + 1)).toEqual([]);
    });
  });

  it('lists every series with first, last and count, also with changing quantities', async () => {
    const rows: Row[] = Array.from({ length: 3000 }, (_, i) => [
      `d${i % 3}`,
      T0 + i * 120_000,
      i % 2 === 0 ? { even: i, all: i } : { all: i },
    ]);
    await world.store.write([batch('g', rows)]);
    await world.inEveryState(async () => {
      const extents = await world.store.series();
      expect(extents).toHaveLength(6);
      expect(extents).toContainEqual({
        deviceId: 'd1',
        metric: 'g.even',
        first: T0 + 4 * 120_000,
        last: T0 + 2998 * 120_000,
        count: 500,
      });
    });
  });
}

function forgetting(world: World): void {
  it('deletes samples before an instant, of one group or of all', async () => {
    const rows: Row[] = Array.from({ length: 96 }, (_, i) => ['d', T0 + i * 3_600_000, { v: i }]);
    await world.store.write([batch('g', rows), batch('h', rows)]);
    await world.store.compact(T0 + 3 * UTC_DAY_MS, never());
    expect(await world.store.deleteBefore(T0 + 30 * 3_600_000, 'g')).toBe(30);
    const left = async (group: string) => (await rowsOf(world.store, group, ['d'], ['v'])).map(([, , value]) => value);
    await world.inEveryState(async () => {
      expect(await left('g')).toEqual(rows.slice(30).map(([, , { v }]) => v));
      expect(await left('h')).toHaveLength(96);
    });
    expect(await world.store.deleteBefore(T0 + 80 * 3_600_000, null)).toBe(50 + 80);
    expect(await world.store.deleteBefore(T0, null)).toBe(0);
    await world.inEveryState(async () => {
      expect(await left('g')).toHaveLength(16);
      expect(await left('h')).toHaveLength(16);
    });
    expect(await world.store.deleteBefore(FAR, null)).toBe(32);
    expect(await world.store.series()).toEqual([]);
    await world.store.write([batch('g', [['d', T0, { v: 1 }]])]);
    expect(await left('g')).toEqual([1]);
  });
}

function compacting(world: World): void {
  it('compaction reports the closed days that changed, changes no result, and is not repeated', async () => {
    const days = 6;
    const rows: Row[] = Array.from({ length: days * 288 }, (_, i) => [
      `d${i % 2}`,
      T0 + i * 300_000,
      { a: Math.round(Math.sin(i) * 1000) / 10, ...(i % 3 === 0 ? { b: i } : {}) },
    ]);
    await world.store.write([batch('g', rows)]);
    const answers = async () => ({
      rows: await rowsOf(world.store, 'g', ['d0', 'd1'], ['a', 'b']),
      series: (await world.store.series()).map((extent) => JSON.stringify(extent)).sort(),
      latest: (await world.store.latest(0)).map((value) => JSON.stringify(value)).sort(),
    });
    const before = await answers();
    const report = await world.store.compact(T0 + (days - 1) * UTC_DAY_MS, never());
    if (world.store.capabilities.compacts) expect(report).toEqual({ days: days - 1, rows: (days - 1) * 288 });
    else expect(report).toEqual({ days: 0, rows: 0 });
    expect(await answers()).toEqual(before);
    expect(await world.store.compact(T0 + (days - 1) * UTC_DAY_MS, never())).toEqual({ days: 0, rows: 0 });
    await world.inEveryState(async () => expect(await answers()).toEqual(before));
  });

  it('has a bounded size when the same day is written and compacted repeatedly', async () => {
    const rows: Row[] = Array.from({ length: 1440 }, (_, i) => ['d', T0 + i * 60_000, { v: ((i * 7919) % 1000) / 10 }]);
    const round = async () => {
      await world.store.write([batch('g', rows)]);
      await world.store.compact(FAR, never());
      return (await world.store.stats()).sizeBytes ?? 0;
    };
    for (let i = 0; i < 4; i++) await round();
    const early = await round();
    for (let i = 0; i < 15; i++) await round();
    expect(await round()).toBeLessThanOrEqual(early * 1.5);
  });

  it('stops a compaction on request, without loss', async () => {
    await world.store.write([batch('g', [['d', T0, { v: 1 }]])]);
    const aborted = AbortSignal.abort();
    if (world.store.capabilities.compacts) await expect(world.store.compact(FAR, aborted)).rejects.toThrow();
    await world.inEveryState(async () => expect(await rowsOf(world.store, 'g', ['d'], ['v'])).toEqual([['d', T0, 1]]));
  });
}

function overlapping(world: World): void {
  it('applies overlapping writes in the order of the calls', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => world.store.write([batch('g', [['d', T0, { v: i }]])])));
    await world.inEveryState(async () => expect(await rowsOf(world.store, 'g', ['d'], ['v'])).toEqual([['d', T0, 39]]));
  });

  it('reads whole batches while others are written and compacted', async () => {
    const write = async (i: number) => {
      const at = T0 + i * 7_200_000;
      await world.store.write([
        batch('g', [
          ['d', at, { a: i, b: i }],
          ['e', at, { a: i, b: i }],
        ]),
      ]);
      if (i % 10 === 9) await world.store.compact(at - UTC_DAY_MS, never());
    };
    let writing = true;
    let acknowledged = 0;
    const writer = (async () => {
      for (let i = 0; i < 60; i++) {
        await write(i);
        acknowledged = i + 1;
      }
      writing = false;
    })();
    while (writing) {
      const sure = acknowledged;
      const rows = await rowsOf(world.store, 'g', ['d'], ['a', 'b']);
      expect(rows.length).toBeGreaterThanOrEqual(sure);
      rows.slice(0, world.store.capabilities.isolated ? rows.length : sure).forEach((row, i) => {
        expect(row).toEqual(['d', T0 + i * 7_200_000, i, i]);
      });
    }
    await writer;
    await world.inEveryState(async () => expect(await rowsOf(world.store, 'g', ['e'], ['a'])).toHaveLength(60));
  });

  it('works after a read that was ended early', async () => {
    const timestamps = Float64Array.from({ length: 300_000 }, (_, i) => T0 + i * 1000);
    await world.store.write([batchOf(columnsBlock('g', 'd', timestamps, { v: timestamps.map((_, i) => i) }))]);
    const request = { deviceIds: ['d'], group: 'g', quantities: ['v'], window: { start: 0, end: FAR } };
    for (let i = 0; i < 20; i++) for await (const _ of world.store.read(request)) break;
    await world.inEveryState(async () => {
      for await (const frame of world.store.read(request)) {
        expect(frame.timestamps[0]).toBe(T0);
        break;
      }
    });
    await world.store.write([batch('g', [['d', T0 - 1, { v: -1 }]])]);
    expect(await rowsOf(world.store, 'g', ['d'], ['v'], T0 - 1, T0 + 1)).toHaveLength(2);
  });
}
