import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { batch, batchOf, blockOf, columnsBlock, framesOf, type Row, rowsOf } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const never = () => new AbortController().signal;

export function mergePromises(world: World): void {
  it('a batch written twice is stored once', async () => {
    const twice = batch('g', [
      ['d', T0, { v: 1 }],
      ['d', T0 + 60_000, { v: 2 }],
    ]);
    await world.store.write([twice]);
    await world.store.write([twice]);
    await world.inEveryState(async () => {
      expect(await rowsOf(world.store, 'g', ['d'], ['v'])).toEqual([
        ['d', T0, 1],
        ['d', T0 + 60_000, 2],
      ]);
      expect(await world.store.series()).toEqual([
        { deviceId: 'd', metric: 'g.v', first: T0, last: T0 + 60_000, count: 2 },
      ]);
    });
  });

  it('the later of two values for the same instant takes precedence: in a block, in a call, across calls', async () => {
    await world.store.write([
      batch('g', [
        ['d', T0, { v: 1 }],
        ['d', T0, { v: 2 }],
      ]),
    ]);
    const first = blockOf('g', [['d', T0 + 1, { v: 1 }]]);
    const second = blockOf('g', [['d', T0 + 1, { v: 2 }]]);
    const third = batch('g', [
      ['d', T0 + 1, { v: 3 }],
      ['d', T0 + 2, { v: 1 }],
    ]);
    await world.store.write([batchOf(first, second), third]);
    await world.store.write([batch('g', [['d', T0 + 2, { v: 2 }]])]);
    await world.inEveryState(async () =>
      expect(await rowsOf(world.store, 'g', ['d'], ['v'])).toEqual([
        ['d', T0, 2],
        ['d', T0 + 1, 3],
        ['d', T0 + 2, 2],
      ]),
    );
  });

  it('partial rows of an instant become one row, and a missing value never hides a present one', async () => {
    await world.store.write([batch('g', [['d', T0, { a: 1, b: 2 }]])]);
    await world.store.write([
      batch('g', [
        ['d', T0, { b: 3, c: 4 }],
        ['d', T0, { a: Number.NaN, d: 5 }],
      ]),
    ]);
    await world.inEveryState(async () =>
      expect(await rowsOf(world.store, 'g', ['d'], ['a', 'b', 'c', 'd'])).toEqual([['d', T0, 1, 3, 4, 5]]),
    );
  });

  it('late values are merged into compacted days', async () => {
    const day: Row[] = Array.from({ length: 288 }, (_, i) => ['d', T0 + i * 300_000, { a: i, b: -i }]);
    await world.store.write([batch('g', day)]);
    await world.store.compact(T0 + 2 * UTC_DAY_MS, never());
    await world.store.write([
      batch('g', [
        ['d', T0 + 299_999, { a: 0.5 }],
        ['d', T0 + 300_000, { b: 77 }],
        ['d', T0 + 300_000, { c: 5 }],
        ['d', T0 - 1, { a: -1 }],
        ['e', T0 + 7, { a: 8 }],
      ]),
    ]);
    await world.inEveryState(async () => {
      const rows = await rowsOf(world.store, 'g', ['d', 'e'], ['a', 'b', 'c'], T0 - 5, T0 + 600_001);
      expect(rows).toEqual([
        ['d', T0 - 1, -1, null, null],
        ['d', T0, 0, 0, null],
        ['d', T0 + 299_999, 0.5, null, null],
        ['d', T0 + 300_000, 1, 77, 5],
        ['d', T0 + 600_000, 2, -2, null],
        ['e', T0 + 7, 8, null, null],
      ]);
    });
    const extents = await world.store.series();
    const counts = Object.fromEntries(extents.map(({ deviceId, metric, count }) => [`${deviceId} ${metric}`, count]));
    expect(counts).toEqual({ 'd g.a': 290, 'd g.b': 288, 'd g.c': 1, 'e g.a': 1 });
  });

  it('windows are half-open, and rows ascend, device by device in request order', async () => {
    const rows: Row[] = [3, 1, 2, 0].flatMap((i): Row[] => [
      ['b', T0 + i, { v: i }],
      ['a', T0 + i, { v: 10 + i }],
    ]);
    await world.store.write([batch('g', rows)]);
    await world.inEveryState(async () => {
      expect(await rowsOf(world.store, 'g', ['b', 'a'], ['v'], T0 + 1, T0 + 3)).toEqual([
        ['b', T0 + 1, 1],
        ['b', T0 + 2, 2],
        ['a', T0 + 1, 11],
        ['a', T0 + 2, 12],
      ]);
      expect(await rowsOf(world.store, 'g', ['a'], ['v'], T0 + 1, T0 + 1)).toEqual([]);
    });
  });

  it('large results are returned in frames of ascending windows', async () => {
    const length = 400_000;
    const timestamps = Float64Array.from({ length }, (_, i) => T0 + i * 1000);
    const v = Float64Array.from({ length }, (_, i) => (i % 977) / 10);
    await world.store.write([batchOf(columnsBlock('g', 'd', timestamps, { v }))]);
    await world.inEveryState(async () => {
      const frames = await framesOf(world.store, 'g', ['d'], ['v']);
      expect(frames.length).toBeGreaterThan(1);
      let at = 0;
      for (const frame of frames) {
        expect(frame.timestamps.length).toBeLessThan(length);
        for (let row = 0; row < frame.timestamps.length; row++, at++) {
          if (frame.timestamps[row] !== timestamps[at] || frame.columns[0]?.[row] !== v[at])
            expect.fail(
              `row ${at}: ${frame.timestamps[row]} ${frame.columns[0]?.[row]}, row ${row} of a frame of ${frame.timestamps.length}`,
            );
        }
      }
      expect(at).toBe(length);
    });
  });

  it('new quantities and devices may be added at any time', async () => {
    for (let i = 0; i < 12; i++) {
      const values = Object.fromEntries(Array.from({ length: i + 1 }, (_, q) => [`q${q}`, i + q / 10]));
      await world.store.write([
        batch('g', [
          [`d${i}`, T0 + i, values],
          ['d0', T0 + i, values],
        ]),
      ]);
      if (i % 5 === 4) await world.store.compact(T0 + UTC_DAY_MS, never());
    }
    await world.inEveryState(async () => {
      const rows = await rowsOf(world.store, 'g', ['d0', 'd11'], ['q0', 'q11']);
      expect(rows).toHaveLength(13);
      expect(rows.at(-1)).toEqual(['d11', T0 + 11, 11, 12.1]);
      expect(rows[3]).toEqual(['d0', T0 + 3, 3, null]);
    });
  });

  it('equals a table keyed by device, instant and quantity, after any order of writes and compactions', async () => {
    const row = fc.record({
      device: fc.integer({ min: 0, max: 2 }),
      slot: fc.integer({ min: 0, max: 400 }),
      quantity: fc.integer({ min: 0, max: 3 }),
      value: fc.oneof(fc.integer({ min: -50, max: 50 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
    });
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.array(row, { maxLength: 60 }) },
      { weight: 1, arbitrary: fc.constant('compact' as const) },
      { weight: 1, arbitrary: fc.constant('reopen' as const) },
    );
    let run = 0;
    const property = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const group = `g${run++}`;
      const table = new Map<string, number>();
      for (const what of steps) {
        if (what === 'reopen') await world.reopen();
        else if (what === 'compact') await world.store.compact(T0 + 2 * UTC_DAY_MS, never());
        else {
          const rows = what.map(({ device, slot, quantity, value }): Row => {
            table.set(`${device} ${slot} ${quantity}`, value);
            return [`d${device}`, T0 + slot * 900_000, { [`q${quantity}`]: value }];
          });
          await world.store.write([batch(group, rows)]);
        }
      }
      const stored = await rowsOf(world.store, group, ['d0', 'd1', 'd2'], ['q0', 'q1', 'q2', 'q3']);
      const found = new Map<string, number>();
      for (const [device, at, ...values] of stored) {
        values.forEach((value, q) => {
          if (value === null) return;
          found.set(`${String(device).slice(1)} ${((at as number) - T0) / 900_000} ${q}`, value as number);
        });
      }
      expect(new Map([...found].sort())).toEqual(new Map([...table].sort().map(([key, value]) => [key, value + 0])));
    });
    await fc.assert(property, { numRuns: 20 });
  });
}
