import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Block } from '../../src/domain/columns/batch.ts';
import { Conflict } from '../../src/domain/errors.ts';
import { batch, blockOf, type Row, rowsOf } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const never = () => new AbortController().signal;

/** Guarantees of erasing single values; a store without the capability rejects the call. */
export function erasePromises(world: World): void {
  it('erases single values and no others, before and after compaction, or rejects the call', async () => {
    const { store } = world;
    await store.write([
      batch('g', [
        ['d', T0, { a: 1, b: 2 }],
        ['d', T0 + 1, { a: 3, b: 4 }],
        ['d', T0 + UTC_DAY_MS, { a: 5 }],
        ['e', T0, { a: 6 }],
      ]),
      batch('h', [['d', T0, { a: 7 }]]),
    ]);
    const places = [
      blockOf('g', [
        ['d', T0, { a: 0 }],
        ['d', T0 + UTC_DAY_MS, { a: 0 }],
        ['d', T0 + 2, { b: 0 }],
      ]),
    ];
    if (!store.capabilities.erases) {
      await expect(store.erase(places)).rejects.toBeInstanceOf(Conflict);
      return;
    }
    await store.compact(T0 + UTC_DAY_MS, never());
    await store.erase(places);
    await store.erase(places);
    await store.erase([blockOf('nowhere', [['d', T0, { a: 0 }]]), blockOf('g', [['nobody', T0, { new: 0 }]])]);
    await world.inEveryState(async () => {
      expect(await rowsOf(world.store, 'g', ['d', 'e'], ['a', 'b'])).toEqual([
        ['d', T0, null, 2],
        ['d', T0 + 1, 3, 4],
        ['e', T0, 6, null],
      ]);
      expect(await rowsOf(world.store, 'h', ['d'], ['a'])).toEqual([['d', T0, 7]]);
      const [newest] = (await world.store.latest(0)).filter(
        ({ deviceId, metric }) => deviceId === 'd' && metric === 'g.a',
      );
      expect(newest).toMatchObject({ timestamp: T0 + 1, value: 3 });
      const extent = (await world.store.series()).find(({ deviceId, metric }) => deviceId === 'd' && metric === 'g.a');
      expect(extent).toMatchObject({ first: T0 + 1, last: T0 + 1, count: 1 });
    });
    await world.store.write([batch('g', [['d', T0, { a: 9 }]])]);
    await world.inEveryState(async () =>
      expect(await rowsOf(world.store, 'g', ['d'], ['a'])).toEqual([
        ['d', T0, 9],
        ['d', T0 + 1, 3],
      ]),
    );
  });

  it('contains the values that were written and not erased since, in any order of operations', async () => {
    if (!world.store.capabilities.erases) return;
    const rows = fc.array(
      fc.tuple(fc.constantFrom('d', 'e'), fc.nat(60), fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 9 })),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    const steps = fc.array(fc.tuple(fc.constantFrom('write', 'erase', 'compact'), rows), {
      minLength: 1,
      maxLength: 6,
    });
    let groups = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (made) => {
        const group = `g${groups++}`;
        const expected = new Map<string, number>();
        const toBlock = (given: readonly (readonly [string, number, string, number])[]): Block =>
          blockOf(
            group,
            given.map(([device, hour, quantity, value]): Row => [device, T0 + hour * HOUR_MS, { [quantity]: value }]),
          );
        for (const [step, given] of made) {
          if (step === 'compact') await world.store.compact(T0 + 2 * UTC_DAY_MS, never());
          else if (step === 'write') await world.store.write([{ sequence: 1, blocks: [toBlock(given)] }]);
          else await world.store.erase([toBlock(given)]);
          for (const [device, hour, quantity, value] of given) {
            const key = `${device} ${T0 + hour * HOUR_MS} ${quantity}`;
            if (step === 'write') expected.set(key, value);
            else if (step === 'erase') expected.delete(key);
          }
        }
        const found = new Map<string, number>();
        for (const [device, timestamp, a, b] of await rowsOf(world.store, group, ['d', 'e'], ['a', 'b'])) {
          if (a !== null) found.set(`${device} ${timestamp} a`, a as number);
          if (b !== null) found.set(`${device} ${timestamp} b`, b as number);
        }
        expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
      }),
      { numRuns: 25 },
    );
  });
}
