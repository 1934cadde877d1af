import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRecords } from '../../storage/records/record-store.ts';
import { EventReconciler } from './event-reconciler.ts';
import type { FoundEvent } from './stored-anomaly.ts';

function event(from: number, to: number, more: Partial<FoundEvent> = {}): FoundEvent {
  return {
    ...{ type: 'power_spike', severity: 'warning', metric: 'energy.power_kw', confidence: 0.9 },
    ...{ start: from * HOUR_MS, end: to * HOUR_MS, value: 2, expected: 1 },
    ...{ strength: 7, limit: 5, features: [], extraKwh: 1 },
    ...more,
  };
}

async function world() {
  // With a constant clock: comments of the same millisecond retain their order.
  const records = await openRecords({ type: 'sqlite', path: ':memory:' }, { now: () => 0 });
  onTestFinished(() => records.close());
  const { anomalies } = records;
  const device = await records.devices.ensure('Press');
  const reconciler = new EventReconciler(anomalies);
  const store = async (...events: FoundEvent[]) => (await reconciler.store(device, events)).map(({ record }) => record);
  const all = async () => {
    const { items } = await anomalies.page({ deviceId: device.id, limit: 1000 });
    return items.map(({ startAt, endAt }) => [startAt / HOUR_MS, endAt / HOUR_MS]).reverse();
  };
  return { anomalies, device, reconciler, store, all };
}

describe('known events', () => {
  it('that were joined become one, with the comments on each', async () => {
    const { store, all, anomalies } = await world();
    const [early, late] = await store(event(8, 10), event(10, 13));
    await anomalies.note(early?.id ?? '', { actor: 'ann', kind: 'comment', text: 'a trial' });
    await anomalies.note(late?.id ?? '', { actor: 'bob', kind: 'resolved', text: null });
    const [one] = await store(event(8, 13));
    expect(await all()).toEqual([[8, 13]]);
    // Open, as the first of them was not resolved.
    expect(one).toMatchObject({ id: late?.id, resolvedAt: null });
    expect((await anomalies.events(one?.id ?? '')).map(({ actor, kind }) => [actor, kind])).toEqual([
      ['ann', 'comment'],
      ['bob', 'resolved'],
    ]);
  });

  it('that were split continue as their longest part', async () => {
    const { store, all } = await world();
    const [original] = await store(event(8, 16));
    const [short, long] = await store(event(8, 9), event(10, 16));
    expect(long?.id).toBe(original?.id);
    expect(short?.id).not.toBe(original?.id);
    expect(await all()).toEqual([
      [8, 9],
      [10, 16],
    ]);
  });

  it('are recognised however long before the examined window they started', async () => {
    const { store, all, reconciler, device } = await world();
    await store(event(2, 5));
    const [{ isNews } = { isNews: null }] = await reconciler.store(device, [event(2, 5)]);
    expect(isNews).toBe(false);
    await store(event(4, 9), event(30, 31));
    expect(await all()).toEqual([
      [4, 9],
      [30, 31],
    ]);
  });

  it('are separate by metric, and a stuck sensor is separate from too high a value', async () => {
    const { store, all } = await world();
    await store(event(8, 10), event(8, 10, { metric: 'x.y_c', type: 'temperature_spike' }));
    await store(event(8, 10, { metric: 'x.y_c', type: 'stuck_sensor' }));
    expect(await all()).toHaveLength(3);
  });

  it('of a sensor that was stuck before its history begins retain their start', async () => {
    const { store, all } = await world();
    const stuck = { type: 'stuck_sensor', metric: 'x.y_c' } as const;
    await store(event(0, 500, stuck));
    await store(event(100, 600, { ...stuck, beganBefore: true }));
    expect(await all()).toEqual([[0, 600]]);
    await store(event(200, 700, stuck));
    expect(await all()).toEqual([[200, 700]]);
  });

  it('are found by both of two simultaneous searches', async () => {
    const { store, all } = await world();
    const [[one] = [], [other] = []] = await Promise.all([store(event(8, 10)), store(event(9, 11))]);
    expect(other?.id).toBe(one?.id);
    expect(await all()).toEqual([[9, 11]]);
  });

  it('are recognised among very many', async () => {
    const { store, anomalies } = await world();
    const many = Array.from({ length: 1100 }, (_, i) => event(2 * i, 2 * i + 1));
    await store(...many);
    await store(...many.map(({ start, end }) => event(start / HOUR_MS - 0.5, end / HOUR_MS)));
    expect(await anomalies.count({})).toBe(1100);
  });

  it('and found ones never collide, for any known events', async () => {
    const stretches = fc
      .uniqueArray(fc.integer({ min: 0, max: 24 }), { minLength: 2, maxLength: 12 })
      .map((marks) => marks.sort((a, b) => a - b))
      .map((marks) => marks.flatMap((from, i) => (i + 1 < marks.length ? [event(from, marks[i + 1]!)] : [])))
      .chain((events) => fc.subarray(events));
    await fc.assert(
      fc.asyncProperty(stretches, stretches, async (before, after) => {
        const { store } = await world();
        await store(...before);
        const stored = await store(...after);
        expect(new Set(stored.map(({ id }) => id)).size).toBe(after.length);
        expect(stored.map(({ startAt, endAt }) => [startAt, endAt])).toEqual(
          after.map(({ start, end }) => [start, end]),
        );
      }),
      { numRuns: 60 },
    );
  });
});
