import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRecords } from '../../storage/records/record-store.ts';
import { EventKeeper } from './event-keeper.ts';
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
  // The clock stands still: what was said within a millisecond keeps its order.
  const records = await openRecords({ type: 'sqlite', path: ':memory:' }, { now: () => 0 });
  onTestFinished(() => records.close());
  const { anomalies } = records;
  const device = await records.devices.ensure('Press');
  const keeper = new EventKeeper(anomalies);
  const keep = async (...events: FoundEvent[]) => (await keeper.keep(device, events)).map(({ record }) => record);
  const all = async () => {
    const { items } = await anomalies.page({ deviceId: device.id, limit: 1000 });
    return items.map(({ startAt, endAt }) => [startAt / HOUR_MS, endAt / HOUR_MS]).reverse();
  };
  return { anomalies, device, keeper, keep, all };
}

describe('known events', () => {
  it('that grew together become one, with what was said of each', async () => {
    const { keep, all, anomalies } = await world();
    const [early, late] = await keep(event(8, 10), event(10, 13));
    await anomalies.note(early?.id ?? '', { actor: 'ann', kind: 'comment', text: 'a trial' });
    await anomalies.note(late?.id ?? '', { actor: 'bob', kind: 'resolved', text: null });
    const [one] = await keep(event(8, 13));
    expect(await all()).toEqual([[8, 13]]);
    // Open, as nobody has settled the first of them.
    expect(one).toMatchObject({ id: late?.id, resolvedAt: null });
    expect((await anomalies.events(one?.id ?? '')).map(({ actor, kind }) => [actor, kind])).toEqual([
      ['ann', 'comment'],
      ['bob', 'resolved'],
    ]);
  });

  it('that fell apart stay with their longest part', async () => {
    const { keep, all } = await world();
    const [whole] = await keep(event(8, 16));
    const [short, long] = await keep(event(8, 9), event(10, 16));
    expect(long?.id).toBe(whole?.id);
    expect(short?.id).not.toBe(whole?.id);
    expect(await all()).toEqual([
      [8, 9],
      [10, 16],
    ]);
  });

  it('are recognised however long they began before the window that was looked at', async () => {
    const { keep, all, keeper, device } = await world();
    await keep(event(2, 5));
    const [{ isNews } = { isNews: null }] = await keeper.keep(device, [event(2, 5)]);
    expect(isNews).toBe(false);
    await keep(event(4, 9), event(30, 31));
    expect(await all()).toEqual([
      [4, 9],
      [30, 31],
    ]);
  });

  it('stay apart by metric, and a sensor that sticks from one that reads too much', async () => {
    const { keep, all } = await world();
    await keep(event(8, 10), event(8, 10, { metric: 'x.y_c', type: 'temperature_spike' }));
    await keep(event(8, 10, { metric: 'x.y_c', type: 'stuck_sensor' }));
    expect(await all()).toHaveLength(3);
  });

  it('of a sensor that stood still before its history begins keep their start', async () => {
    const { keep, all } = await world();
    const stuck = { type: 'stuck_sensor', metric: 'x.y_c' } as const;
    await keep(event(0, 500, stuck));
    await keep(event(100, 600, { ...stuck, beganBefore: true }));
    expect(await all()).toEqual([[0, 600]]);
    await keep(event(200, 700, stuck));
    expect(await all()).toEqual([[200, 700]]);
  });

  it('are found by both of two searches that end at once', async () => {
    const { keep, all } = await world();
    const [[one] = [], [other] = []] = await Promise.all([keep(event(8, 10)), keep(event(9, 11))]);
    expect(other?.id).toBe(one?.id);
    expect(await all()).toEqual([[9, 11]]);
  });

  it('are recognised though there are very many', async () => {
    const { keep, anomalies } = await world();
    const many = Array.from({ length: 1100 }, (_, i) => event(2 * i, 2 * i + 1));
    await keep(...many);
    await keep(...many.map(({ start, end }) => event(start / HOUR_MS - 0.5, end / HOUR_MS)));
    expect(await anomalies.count({})).toBe(1100);
  });

  it('and found ones never collide, whatever was known', async () => {
    const stretches = fc
      .uniqueArray(fc.integer({ min: 0, max: 24 }), { minLength: 2, maxLength: 12 })
      .map((marks) => marks.sort((a, b) => a - b))
      .map((marks) => marks.flatMap((from, i) => (i + 1 < marks.length ? [event(from, marks[i + 1]!)] : [])))
      .chain((events) => fc.subarray(events));
    await fc.assert(
      fc.asyncProperty(stretches, stretches, async (before, after) => {
        const { keep } = await world();
        await keep(...before);
        const kept = await keep(...after);
        expect(new Set(kept.map(({ id }) => id)).size).toBe(after.length);
        expect(kept.map(({ startAt, endAt }) => [startAt, endAt])).toEqual(after.map(({ start, end }) => [start, end]));
      }),
      { numRuns: 60 },
    );
  });
});
