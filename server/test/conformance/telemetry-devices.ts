import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { Conflict, Unavailable } from '../../src/domain/errors.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { batch, type Row, rowsOf } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 30);
const GROUPS = ['g', 'h', 'g@1h'];

/** Whether a store can delete devices; otherwise it rejects the call. */
export async function deletesDevices(store: TelemetryStore): Promise<boolean> {
  try {
    await store.deleteDevices(['nobody']);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Conflict);
    return false;
  }
}

/** Guarantees of the deletion of devices. */
export function devicePromises(world: World): void {
  const days = [...Array(6).keys()];
  const rows = (device: string): Row[] => days.map((day) => [device, T0 + day * UTC_DAY_MS, { a: day, b: day + 10 }]);

  it('deletes devices from every group, before and after compaction and a restart, and leaves others unchanged', async () => {
    if (!(await deletesDevices(world.store))) return;
    await world.store.write(GROUPS.map((group) => batch(group, ['gone', 'kept', 'too'].flatMap(rows))));
    await world.store.compact(T0 + 3 * UTC_DAY_MS, new AbortController().signal);
    await world.store.deleteDevices(['gone', 'nobody', 'too']);
    await world.store.deleteDevices(['gone']);
    await world.inEveryState(async () => {
      for (const group of GROUPS)
        expect(await rowsOf(world.store, group, ['gone', 'kept', 'too'], ['a', 'b'])).toEqual(
          days.map((day) => ['kept', T0 + day * UTC_DAY_MS, day, day + 10]),
        );
      const ids = (list: readonly { deviceId: string }[]) => new Set(list.map(({ deviceId }) => deviceId));
      expect(ids(await world.store.series())).toEqual(new Set(['kept']));
      expect(ids(await world.store.latest(0))).toEqual(new Set(['kept']));
    });
    const { rows: left } = await world.store.stats();
    if (left !== null) expect(left).toBe(GROUPS.length * days.length);
  });

  it('accepts a deleted device again', async () => {
    if (!(await deletesDevices(world.store))) return;
    await world.store.write([batch('g', rows('d'))]);
    await world.store.deleteDevices(['d']);
    await world.store.write([batch('g', [['d', T0, { a: 7 }]])]);
    await world.inEveryState(async () =>
      expect(await rowsOf(world.store, 'g', ['d'], ['a', 'b'])).toEqual([['d', T0, 7, null]]),
    );
  });

  it('deletes in the order of the calls', async () => {
    if (!(await deletesDevices(world.store))) return;
    await Promise.all([
      world.store.write([batch('g', rows('d'))]),
      world.store.deleteDevices(['d']),
      world.store.write([batch('g', [['d', T0 + 1, { a: 7 }]])]),
    ]);
    await world.inEveryState(async () =>
      expect(await rowsOf(world.store, 'g', ['d'], ['a', 'b'])).toEqual([['d', T0 + 1, 7, null]]),
    );
  });

  it('rejects a deletion after close', async () => {
    await world.store.close();
    await expect(world.store.deleteDevices(['d'])).rejects.toBeInstanceOf(Unavailable);
  });
}
