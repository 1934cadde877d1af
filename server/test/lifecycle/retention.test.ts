import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Conflict } from '../../src/domain/errors.ts';
import { bucketEdges } from '../../src/domain/time/site-time.ts';
import { SetAsideStore } from '../../src/storage/layers/set-aside-store.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { SetAside } from '../../src/storage/set-aside/set-aside.ts';
import {
  aggregate,
  closers,
  energyKwh,
  everyMinute,
  expectSame,
  FIRST,
  GROUP,
  memory,
  QUANTITIES,
  rawRows,
  type Sample,
  TODAY,
  worldOf,
  ZONE,
} from './retention-world.ts';

/** A meter with a counter that reports every few minutes or hours; its gaps are half a day at most, since growth over longer gaps depends on the queried window. */
const history = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 200 }), fc.integer({ min: -50, max: 80 })), {
    minLength: 5,
    maxLength: 250,
  })
  .map((steps) => {
    const samples: Sample[] = [];
    let at = FIRST;
    let counter = 100;
    for (const [minutes, power] of steps) {
      at += minutes * MINUTE_MS * (minutes > 190 ? 4 : 1) + 7_000;
      counter += Math.abs(power) / 10;
      if (at < TODAY) samples.push({ at, power: power / 10, counter });
    }
    return samples;
  });

it('results from rollups equal those from raw samples for any bucket, before, across and after the deleted range', async () => {
  const questions = fc.record({
    bucket: fc.constantFrom('1m', '5m', '15m', '30m', '1h', '1d', '1w'),
    from: fc.integer({ min: 0, max: 18 * 24 * 60 }),
    minutes: fc.integer({ min: 1, max: 4 * 24 * 60 }),
  });
  await fc.assert(
    fc.asyncProperty(history, fc.array(questions, { minLength: 1, maxLength: 5 }), async (samples, asked) => {
      const [world, reference] = [worldOf(memory()), memory()];
      await world.write(samples);
      for await (const frame of world.store.read({
        deviceIds: ['meter'],
        group: GROUP,
        quantities: QUANTITIES,
        window: { start: 0, end: TODAY },
      })) {
        const { timestamps, columns } = frame;
        const device = new Int32Array(timestamps.length);
        await reference.write([
          {
            sequence: 1,
            blocks: [{ group: GROUP, quantities: QUANTITIES, devices: ['meter'], device, timestamps, columns }],
          },
        ]);
      }
      // In two runs, like a service that runs for days.
      world.now = TODAY - 3 * UTC_DAY_MS;
      await world.run();
      world.now = TODAY;
      await world.run();
      for (const { bucket, from, minutes } of asked) {
        const start = FIRST + from * MINUTE_MS;
        const edges = bucketEdges({ start, end: start + minutes * MINUTE_MS }, bucket, ZONE);
        expectSame(await aggregate(world.reads, edges), await aggregate(reference, edges));
      }
    }),
    { numRuns: 60 },
  );
});

it('raw samples are deleted at their configured age and not earlier, and 1-min rollups are read in their place', async () => {
  const world = worldOf(memory());
  await world.write(everyMinute(FIRST, 21 * 1440));
  const report = await world.run();
  expect(report.deleted).toBe(14 * 1440);
  expect(await rawRows(world)).toBe(7 * 1440);
  expect(world.states.get(GROUP)).toEqual({ rolledUntil: TODAY - 3 * UTC_DAY_MS, rawFrom: TODAY - 7 * UTC_DAY_MS });
  const window = { start: FIRST, end: TODAY };
  let rows = 0;
  for await (const frame of world.reads.read({ deviceIds: ['meter'], group: GROUP, quantities: QUANTITIES, window })) {
    rows += frame.timestamps.length;
    expect(frame.columns[0]?.every((value) => value === 1)).toBe(true);
  }
  expect(rows).toBe(21 * 1440);
  expect((await world.run()).rollups).toBe(0);
});

it('late readings are rolled up too: exactly on days with raw samples, and on older days when they add samples', async () => {
  const world = worldOf(memory());
  const gap = FIRST + 2 * UTC_DAY_MS;
  const recentGap = TODAY - 5 * UTC_DAY_MS;
  const days = [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20];
  for (const day of days) await world.write(everyMinute(FIRST + day * UTC_DAY_MS, 1440));
  await world.run();
  expect(await energyKwh(world, gap + 3_600_000, gap + UTC_DAY_MS)).toBeNaN();
  // A logger delivers the missing days; a client repeats a single old reading with another value.
  await world.write(everyMinute(gap, 1440, 2));
  await world.write(everyMinute(recentGap, 1440, 3));
  await world.write([{ at: FIRST + 3_600_000, power: 1000, counter: 0 }]);
  await world.run();
  expect(await energyKwh(world, gap, gap + UTC_DAY_MS)).toBeCloseTo(48, 9);
  expect(await energyKwh(world, recentGap, recentGap + UTC_DAY_MS)).toBeCloseTo(72, 9);
  expect(await energyKwh(world, FIRST, FIRST + UTC_DAY_MS)).toBeCloseTo(24, 9);
  // Repeating the readings after a restart changes nothing.
  await world.write(everyMinute(gap, 1440, 2));
  await world.run(true);
  expect(await energyKwh(world, gap, gap + UTC_DAY_MS)).toBeCloseTo(48, 9);
  expect(await rawRows(world)).toBe(7 * 1440);
});

it('an interrupted run leaves raw samples or rollups, never neither; the next run completes it', async () => {
  const world = worldOf(memory());
  await world.write(everyMinute(FIRST, 21 * 1440));
  const deleteBefore = world.store.deleteBefore;
  world.store.deleteBefore = () => Promise.reject(new Error('the power went'));
  await expect(world.run()).rejects.toThrow('the power went');
  world.store.deleteBefore = deleteBefore;
  const edges = bucketEdges({ start: FIRST, end: TODAY }, '1h', ZONE);
  const [whole] = await aggregate(world.reads, edges);
  expect(whole?.integral.every((kwh) => Math.abs(kwh - 1) < 1e-9)).toBe(true);
  await world.run(true);
  const [again] = await aggregate(world.reads, edges);
  expect(again?.integral).toEqual(whole?.integral);
  expect(await rawRows(world)).toBe(7 * 1440);
});

it('1-min rollups are deleted too when configured, and 15-min rollups replace them', async () => {
  const world = worldOf(memory(), { rollupDays: 10 });
  await world.write(everyMinute(FIRST, 21 * 1440));
  await world.run();
  const read = async (start: number) => {
    const window = { start, end: start + UTC_DAY_MS };
    const frames = world.reads.read({ deviceIds: ['meter'], group: GROUP, quantities: QUANTITIES, window });
    let rows = 0;
    for await (const { timestamps } of frames) rows += timestamps.length;
    return rows;
  };
  expect(await read(FIRST)).toBe(96);
  expect(await read(TODAY - 9 * UTC_DAY_MS)).toBe(1440);
  expect(await energyKwh(world, FIRST, FIRST + 3_600_000)).toBeCloseTo(1, 9);
});

it.each([
  ['second', 1000, ['15m', '1h', '1d']],
  ['ten seconds', 10_000, []],
  ['minute', MINUTE_MS, []],
  ['half an hour', 30 * MINUTE_MS, []],
  ['day', UTC_DAY_MS, []],
] as const)(
  'of a series with a sample every %s, an archive contains rollups only where they are smaller, and results are unchanged',
  async (_, stepMs, widths) => {
    const world = worldOf(memory(), { how: 'archived' });
    const spanMs = (stepMs === 1000 ? 6 : 12) * UTC_DAY_MS;
    const count = Math.floor(spanMs / stepMs);
    const first = TODAY - spanMs;
    await world.write(
      Array.from({ length: count }, (__, i) => ({ at: first + i * stepMs, power: i % 7, counter: i / 60 })),
    );
    await world.run();
    const groups = new Set((await world.store.series()).map(({ metric }) => metric.slice(0, metric.lastIndexOf('.'))));
    expect([...groups].sort()).toEqual([GROUP, ...widths.map((width) => `rollup_${width}.${GROUP}`)].sort());
    for (const bucket of ['1m', '5m', '15m', '30m', '1h', '1d']) {
      const edges = bucketEdges({ start: first + UTC_DAY_MS, end: first + 3 * UTC_DAY_MS }, bucket, ZONE);
      expectSame(await aggregate(world.reads, edges), await aggregate(world.store, edges));
    }
  },
);

it.each([
  ['ten seconds', 10_000, 8],
  ['minute', MINUTE_MS, 20],
  ['five minutes', 5 * MINUTE_MS, 20],
  ['quarter of an hour', 15 * MINUTE_MS, 60],
  ['half an hour', 30 * MINUTE_MS, 60],
  ['day', UTC_DAY_MS, 60],
] as const)(
  'where rollups would take more space than a sample every %s, raw samples remain and the run reports it',
  async (_, stepMs, days) => {
    const world = worldOf(memory(), { how: 'deleted_when_smaller' });
    const [first, count] = [TODAY - days * UTC_DAY_MS, (days * UTC_DAY_MS) / stepMs];
    await world.write(
      Array.from({ length: count }, (__, i) => ({ at: first + i * stepMs, power: i % 7, counter: i / 60 })),
    );
    expect(await world.run()).toEqual({ rollups: 0, deleted: 0, postponed: [], kept: [GROUP] });
    expect(world.states.size).toBe(0);
    expect(await world.store.series()).toHaveLength(QUANTITIES.length);
  },
);

it('raw samples every second remain where they compress so well that rollups would take more space', async () => {
  const world = worldOf(memory(), { how: 'deleted_when_smaller', days: 1 });
  const [first, count] = [TODAY - 7 * UTC_DAY_MS, (7 * UTC_DAY_MS) / 1000];
  await world.write(Array.from({ length: count }, (_, i) => ({ at: first + i * 1000, power: 1, counter: i })));
  expect(await world.run()).toEqual({ rollups: 0, deleted: 0, postponed: [], kept: [GROUP] });
});

it('where rollups take less space, 15-min rollups replace raw samples; sums of 15 min, hours and days are unchanged', async () => {
  const world = worldOf(memory(), { how: 'deleted_when_smaller', days: 1 });
  const [first, count] = [TODAY - 7 * UTC_DAY_MS, (7 * UTC_DAY_MS) / 1000];
  await world.write(
    Array.from({ length: count }, (_, i) => ({
      at: first + i * 1000,
      power: ((i * 7919) % 10_007) / 1000,
      counter: i / 3600,
    })),
  );
  const window = { start: first, end: TODAY - UTC_DAY_MS };
  const asked = ['15m', '1h', '1d'].map((bucket) => bucketEdges(window, bucket, ZONE));
  const before = [];
  for (const edges of asked) before.push(await aggregate(world.store, edges));
  expect(await world.run()).toMatchObject({ deleted: 6 * 86_400, postponed: [], kept: [] });
  const groups = new Set((await world.store.series()).map(({ metric }) => metric.slice(0, metric.lastIndexOf('.'))));
  expect([...groups].sort()).toEqual([GROUP, ...['15m', '1d', '1h'].map((width) => `rollup_${width}.${GROUP}`)]);
  for (const [i, edges] of asked.entries()) expectSame(await aggregate(world.reads, edges), before[i]!);
  // The decision on deleted samples does not depend on the remaining ones, and a later setting cannot roll them up at 1 min.
  world.now += UTC_DAY_MS;
  expect(await world.run(true)).toMatchObject({ deleted: 86_400, kept: [] });
  world.policy.how = 'deleted';
  await world.run(true);
  for (const [i, edges] of asked.entries()) expectSame(await aggregate(world.reads, edges), before[i]!);
});

it('a group whose raw samples an earlier setting deleted keeps its later ones, and late readings still count', async () => {
  const world = worldOf(memory());
  await world.write(everyMinute(FIRST, 1440));
  await world.write(everyMinute(FIRST + 2 * UTC_DAY_MS, 19 * 1440));
  await world.run();
  world.policy.how = 'deleted_when_smaller';
  world.now += 5 * UTC_DAY_MS;
  await world.write(everyMinute(FIRST + UTC_DAY_MS, 1440, 2));
  expect(await world.run(true)).toMatchObject({ kept: [GROUP] });
  expect(await rawRows(world)).toBe(7 * 1440);
  expect(await energyKwh(world, FIRST, FIRST + UTC_DAY_MS)).toBeCloseTo(24, 9);
  expect(await energyKwh(world, FIRST + UTC_DAY_MS, FIRST + 2 * UTC_DAY_MS)).toBeCloseTo(48, 9);
  expect(await energyKwh(world, TODAY - 6 * UTC_DAY_MS, TODAY)).toBeCloseTo(144, 6);
});

it('raw samples are deleted only when 1-min rollups replace them, even after an archive with hourly rollups', async () => {
  const world = worldOf(memory());
  await world.write(everyMinute(FIRST, 21 * 1440));
  world.states.set(GROUP, { rolledUntil: TODAY - 3 * UTC_DAY_MS, rawFrom: null, finest: '1h' });
  const edges = bucketEdges({ start: FIRST, end: FIRST + UTC_DAY_MS }, '1m', 'UTC');
  const before = await aggregate(world.store, edges);
  await world.run();
  expect(await rawRows(world)).toBe(7 * 1440);
  expect(world.states.get(GROUP)?.finest).toBeUndefined();
  expectSame(await aggregate(world.reads, edges), before);
});

it('works in DuckDB and SQLite, even after compaction', async () => {
  for (const type of ['duckdb', 'sqlite'] as const) {
    const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-retention-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const world = worldOf(await openTelemetryStore({ type, path: join(folder, `telemetry.${type}`) }));
    await world.write(everyMinute(FIRST, 21 * 1440).map((sample, i) => ({ ...sample, power: 1 + (i % 7) / 10 })));
    const edges = bucketEdges({ start: FIRST, end: TODAY }, '1h', ZONE);
    const before = await aggregate(world.store, edges);
    await world.run();
    expect(await rawRows(world)).toBe(7 * 1440);
    expectSame(await aggregate(world.reads, edges), before);
    await world.store.compact(TODAY, new AbortController().signal);
    expectSame(await aggregate(world.reads, edges), before);
  }
});

it('finishes when the store can never accept some of the rollups, which are set aside once and returned as if stored', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'retention-'));
  const setAside = await SetAside.open(join(folder, 'set-aside.db'));
  closers.push(async () => {
    await setAside.close();
    rmSync(folder, { recursive: true });
  });
  const engine = memory();
  const write = engine.write.bind(engine);
  engine.write = async (batches) => {
    const isRejected = batches.some(({ blocks }) => blocks.some(({ group }) => group.startsWith('rollup_1h')));
    if (isRejected) throw new Conflict('no hours');
    await write(batches);
  };
  const world = worldOf(
    new SetAsideStore(engine, { name: 'primary', setAside, now: () => TODAY, onSetAside: () => {} }),
  );
  const samples = Array.from({ length: 500 }, (_, i) => ({ at: FIRST + i * 10 * MINUTE_MS, power: i % 7, counter: i }));
  await world.write(samples);
  const edges = bucketEdges({ start: FIRST, end: FIRST + 3 * UTC_DAY_MS }, '1h', 'UTC');
  const before = await aggregate(engine, edges);
  await world.run();
  const values = setAside.totals('primary')?.values;
  expect(values).toBeGreaterThan(0);
  expectSame(await aggregate(world.reads, edges), before);
  await world.run(true);
  expect(setAside.totals('primary')?.values).toBe(values);
});
