import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isPermanent } from '../../src/storage/backend.ts';
import { SetAsideStore } from '../../src/storage/layers/set-aside-store.ts';
import { SetAside } from '../../src/storage/set-aside/set-aside.ts';
import { batch, type Row, rowsOf } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const BAD = 1500.5;

/** Makes the closed store's engine reject values of `g.poison` from 1,000 on; answers how it takes them again, or null where it cannot. */
export type Rejection = (folder: string) => Promise<(() => Promise<void>) | null>;

/** Guarantees for values that an engine can never store. */
export function rejectionPromises(world: World, reject: Rejection): void {
  it('marks a rejection as permanent exactly when a retry cannot succeed', async () => {
    await world.whileClosed(reject);
    for (let i = 0; i < 2; i++) {
      const error = await failureOf(world.store.write([batch('g', [['d', T0, { a: 1, poison: BAD }]])]));
      expect([error, isPermanent(error)]).toEqual([error, true]);
      expect((error as Error).message).toMatch(/rejects/);
    }
    await world.store.write([batch('g', [['d', T0, { a: 2 }]])]);
    expect(await rowsOf(world.store, 'g', ['d'], ['a'], T0)).toEqual([['d', T0, 2]]);
    await world.store.close();
    expect(isPermanent(await failureOf(world.store.write([batch('g', [['d', T0, { a: 3 }]])])))).toBe(false);
    await world.reopen();
  });

  it('stores all values except the rejected ones, which are set aside, returned as if stored, and stored as soon as they can be', async () => {
    const allow = await world.whileClosed(reject);
    const setAside = await SetAside.open(join(world.folder, 'set-aside.db'));
    const options = { name: 's', setAside, now: () => T0, onSetAside: () => {} };
    let store = new SetAsideStore(world.store, options);
    const good = Array.from({ length: 30 }, (_, i): Row => [`d${i % 3}`, T0 + i, { a: i, b: -i }]);
    const bad = (i: number, value: number): Row => ['d1', T0 + i, { a: i, b: -i, poison: value }];
    const given = [good.slice(0, 10), [...good.slice(10, 13), bad(13, BAD)], [bad(14, BAD + 1), ...good.slice(15)]];
    await store.write(given.map((rows) => batch('g', rows)));
    await store.write([batch('g', [['d2', T0 + 40, { a: 40 }]])]);
    const all = [...good.filter((_, i) => i !== 13 && i !== 14), bad(13, BAD), bad(14, BAD + 1)];
    const expected = (withPoison: boolean) =>
      ['d0', 'd1', 'd2'].flatMap((device) =>
        [...all, ['d2', T0 + 40, { a: 40 }] satisfies Row]
          .filter(([of]) => of === device)
          .sort(([, a], [, b]) => a - b)
          .map(([, at, { a, b, poison }]) => [
            device,
            at,
            a,
            (b ?? null) === null ? null : b! + 0,
            (withPoison && poison) || null,
          ]),
      );
    const read = (from: typeof store | World['store']) =>
      rowsOf(from, 'g', ['d0', 'd1', 'd2'], ['a', 'b', 'poison'], T0);
    expect(await read(world.store)).toEqual(expected(false));
    expect(await read(store)).toEqual(expected(true));
    expect(store.totals()).toMatchObject({ values: 2, reason: expect.stringMatching(/reject/) });
    const latest = await store.latest(T0);
    expect(latest).toContainEqual({ deviceId: 'd1', metric: 'g.poison', timestamp: T0 + 14, value: BAD + 1 });
    expect(await store.retry(AbortSignal.timeout(60_000))).toEqual({ tried: 2, taken: 0 });
    expect(store.totals()?.values).toBe(2);
    if (allow !== null) {
      await world.whileClosed(async () => {
        await allow();
        return null;
      });
      store = new SetAsideStore(world.store, options);
      await store.write([batch('g', [bad(14, 7)])]);
      expect(store.totals()?.values).toBe(1);
      expect(await store.retry(AbortSignal.timeout(60_000))).toEqual({ tried: 1, taken: 1 });
      expect(store.totals()).toBeUndefined();
      const poison = await rowsOf(world.store, 'g', ['d1'], ['poison'], T0 + 10);
      expect(poison).toEqual([
        ['d1', T0 + 13, BAD],
        ['d1', T0 + 14, 7],
      ]);
    }
    await setAside.close();
  });

  it('reads as if values were erased, also where the engine cannot erase them', async () => {
    const setAside = await SetAside.open(join(world.folder, 'set-aside.db'));
    const store = new SetAsideStore(world.store, { name: 's', setAside, now: () => T0, onSetAside: () => {} });
    const row = (at: number, a: number): Row => ['d', T0 + at, { a, b: 1 }];
    await store.write([batch('g', [row(0, 1), row(1, 2), row(2, 3)])]);
    await store.erase(
      batch('g', [
        ['d', T0 + 1, { a: 0 }],
        ['d', T0 + 2, { a: 0, b: 0 }],
      ]).blocks,
    );
    const read = () => rowsOf(store, 'g', ['d'], ['a', 'b']);
    expect(await read()).toEqual([
      ['d', T0, 1, 1],
      ['d', T0 + 1, null, 1],
    ]);
    expect(store.totals()?.values).toBe(world.store.capabilities.erases ? undefined : 3);
    await store.write([batch('g', [['d', T0 + 2, { a: 7 }]])]);
    expect(await read()).toEqual([
      ['d', T0, 1, 1],
      ['d', T0 + 1, null, 1],
      ['d', T0 + 2, 7, null],
    ]);
    expect(store.totals()?.values).toBe(world.store.capabilities.erases ? undefined : 2);
    await setAside.close();
  });
}

async function failureOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it was taken');
}
