import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aggregateSeries } from '../domain/columns/aggregate.ts';
import type { Batch, Block } from '../domain/columns/batch.ts';
import { Unavailable } from '../domain/errors.ts';
import { PartialAnswers } from '../domain/partial-answers.ts';
import { NO_RULES } from '../domain/series-rules.ts';
import { MemoryStore } from '../storage/memory/memory-store.ts';
import { type HistoryStore, QueryPlanner } from './query-planner.ts';

const START = Date.UTC(2026, 2, 29);
const NOW = START + 4 * 86_400_000;
type Row = readonly [minute: number, value: number];

function batch(sequence: number, rows: readonly Row[]): Batch {
  const block: Block = {
    group: 'load',
    quantities: ['power_kw'],
    devices: ['a'],
    device: new Int32Array(rows.length),
    timestamps: Float64Array.from(rows, ([minute]) => START + minute * 60_000),
    columns: [Float64Array.from(rows, ([, value]) => value)],
  };
  return { sequence, blocks: [block] };
}

/** A planner whose store has the first batches; those after `taken` are in the journal, or in memory only. */
async function plannerOf(
  batches: readonly Batch[],
  taken: number,
  memorySince = Number.POSITIVE_INFINITY,
  rest: 'journal' | 'memory' = 'journal',
) {
  const primary = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 32 * 2 ** 20 }, () => NOW);
  const memory = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 32 * 2 ** 20 }, () => NOW);
  for (const one of batches) {
    if (one.sequence <= taken) await primary.write([one]);
    await memory.write([one]);
  }
  const pendingAfter = (cursor: number) =>
    async function* () {
      if (rest === 'journal') yield* batches.filter(({ sequence }) => sequence > cursor);
    };
  return new QueryPlanner({
    stores: [
      {
        name: 'first',
        read: (request) => primary.read(request),
        aggregate: (request) => primary.aggregate(request),
        trouble: () => null,
        lacksBefore: () => null,
        completeFrom: () => Number.NEGATIVE_INFINITY,
        pending: pendingAfter(taken),
      },
    ],
    journal: pendingAfter(taken),
    partial: new PartialAnswers(),
    memory: {
      read: (request) => memory.read(request),
      aggregate: (request) => memory.aggregate(request),
      coveredSince: () => memorySince,
    },
    rawFrom: () => Number.NEGATIVE_INFINITY,
    memoryHasMore: () => rest === 'memory',
    latest: { of: () => [], deviceIds: () => [], isRestored: () => true },
    metricsOf: () => [],
    rulesOf: () => NO_RULES,
    now: () => NOW,
  });
}

const rows = fc.array(fc.tuple(fc.nat(3 * 24 * 60), fc.integer({ min: -5, max: 5 })), { maxLength: 40 });
const journal = fc.array(rows, { minLength: 1, maxLength: 5 }).map((all) => all.map((part, i) => batch(i + 1, part)));
const request = { deviceIds: ['a'], group: 'load', quantities: ['power_kw'] };

test('a read sees every acknowledged sample once, at any progress of the store, and the last write wins', async () => {
  await fc.assert(
    fc.asyncProperty(journal, fc.nat(5), fc.constantFrom('journal', 'memory'), async (batches, taken, rest) => {
      const expected = new Map<number, number>();
      for (const { blocks } of batches) {
        for (const { timestamps, columns } of blocks) {
          for (const [i, instant] of timestamps.entries()) expected.set(instant, columns[0]![i]!);
        }
      }
      const planner = await plannerOf(batches, taken, Number.POSITIVE_INFINITY, rest);
      const [frame] = await planner.frames({ ...request, window: { start: START, end: NOW } });
      const sorted = [...expected].sort(([a], [b]) => a - b);
      expect([...(frame?.timestamps ?? [])]).toEqual(sorted.map(([instant]) => instant));
      expect([...(frame?.columns[0] ?? [])]).toEqual(sorted.map(([, value]) => value));
    }),
  );
});

test('aggregates include all samples, whether they are in the store, the journal, or memory only', async () => {
  const edges = Float64Array.from({ length: 25 }, (_, i) => START + 86_400_000 + i * 3_600_000);
  await fc.assert(
    fc.asyncProperty(journal, fc.nat(5), async (batches, taken) => {
      const everywhere = await plannerOf(batches, batches.length);
      const [frame] = await everywhere.frames({ ...request, window: { start: START - 1e9, end: NOW } });
      const series = {
        timestamps: frame?.timestamps ?? new Float64Array(0),
        values: frame?.columns[0] ?? new Float64Array(0),
      };
      const reference = aggregateSeries(series, edges, { expectedIntervalMs: null, asOf: NOW });
      for (const planner of [
        await plannerOf(batches, taken),
        await plannerOf(batches, taken, Number.NEGATIVE_INFINITY),
      ]) {
        const [answer] = await planner.buckets({ ...request, edges });
        const found = answer!.buckets[0]!;
        for (const key of ['count', 'sum', 'min', 'max', 'first', 'last', 'coveredMs'] as const)
          expect(found[key]).toEqual(reference[key]);
        // Sums of the same terms in another order: the difference is a few units in the last place.
        for (const [i, value] of reference.integral.entries()) {
          if (Number.isNaN(value)) expect(found.integral[i]).toBeNaN();
          else expect(found.integral[i]).toBeCloseTo(value, 9);
        }
      }
    }),
  );
});

test('a value with a pending deletion appears neither as a sample nor as an empty frame', async () => {
  const kept = batch(1, [[5, 1]]);
  const [block] = batch(2, [[5, 1]]).blocks as [Block];
  const planner = await plannerOf([kept, { sequence: 2, blocks: [{ ...block, erases: true }] }], 1);
  const frames = [];
  for await (const frame of planner.stream({ ...request, window: { start: START, end: NOW } })) frames.push(frame);
  expect(frames).toEqual([]);
});

interface TestStore {
  readonly rows: readonly Row[];
  readonly fails?: boolean;
  /** Fails after this many frames. */
  readonly breaksAfter?: number;
  readonly completeFrom?: number;
}

/** A planner over stores with rows of two devices, one row per frame; the journal has the newest rows. */
async function plannerOver(
  stores: readonly TestStore[],
  inJournal: readonly Row[] = [],
  partial = new PartialAnswers(),
) {
  const block = ([first]: readonly Batch[]) => first!.blocks[0]!;
  const ofBoth = (sequence: number, rows: readonly Row[]): Batch => {
    const a = block([batch(sequence, rows)]);
    return { sequence, blocks: [a, { ...a, devices: ['b'] }] };
  };
  const journal = async function* () {
    if (inJournal.length > 0) yield ofBoth(2, inJournal);
  };
  const memory = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 32 * 2 ** 20 }, () => NOW);
  const history: HistoryStore[] = [];
  for (const [i, { rows, fails = false, breaksAfter = Number.POSITIVE_INFINITY, completeFrom }] of stores.entries()) {
    const held = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY, maxBytes: 32 * 2 ** 20 }, () => NOW);
    await held.write([ofBoth(1, rows)]);
    let trouble = fails ? { error: 'unplugged', since: START } : null;
    history.push({
      name: `store${i}`,
      async *read(request) {
        let frames = 0;
        for await (const { timestamps, columns, ...of } of held.read(request)) {
          for (const [row] of timestamps.entries()) {
            if (frames++ >= breaksAfter) trouble = { error: 'broke', since: START };
            if (trouble) throw new Unavailable(trouble.error);
            const one = (column: Float64Array) => column.slice(row, row + 1);
            yield { ...of, timestamps: one(timestamps), columns: columns.map(one) };
          }
        }
      },
      aggregate: async (request) => {
        if (breaksAfter < 1) trouble = { error: 'broke', since: START };
        if (trouble) throw new Unavailable(trouble.error);
        return held.aggregate(request);
      },
      trouble: () => trouble,
      lacksBefore: () => completeFrom ?? null,
      completeFrom: () => completeFrom ?? Number.NEGATIVE_INFINITY,
      pending: journal,
    });
  }
  return new QueryPlanner({
    stores: history,
    memory: {
      read: (of) => memory.read(of),
      aggregate: (of) => memory.aggregate(of),
      coveredSince: () => Number.POSITIVE_INFINITY,
    },
    journal,
    partial,
    rawFrom: () => Number.NEGATIVE_INFINITY,
    memoryHasMore: () => false,
    latest: { of: () => [], deviceIds: () => [], isRestored: () => true },
    metricsOf: () => [],
    rulesOf: () => NO_RULES,
    now: () => NOW,
  });
}

const both = { deviceIds: ['a', 'b'], group: 'load', quantities: ['power_kw'] };
const window = { start: START, end: NOW };
const whole: Row[] = [0, 1, 2, 3, 4].map((minute) => [minute, minute]);
const edges = Float64Array.of(START, NOW);

async function answered(planner: QueryPlanner) {
  const frames = await planner.frames({ ...both, window });
  const counts = await planner.buckets({ ...both, edges });
  return {
    minutes: frames.map(({ timestamps }) => [...timestamps].map((instant) => (instant - START) / 60_000)),
    counts: counts.map(({ buckets }) => buckets[0]?.count[0]),
  };
}

test('if the first store fails at any point of its answer, the next complete one answers the remainder, without duplicates', async () => {
  for (let breaksAfter = 0; breaksAfter <= 10; breaksAfter++) {
    const planner = await plannerOver([{ rows: whole, breaksAfter }, { rows: whole }], [[5, 5]]);
    expect(await answered(planner)).toEqual({
      minutes: [
        [0, 1, 2, 3, 4, 5],
        [0, 1, 2, 3, 4, 5],
      ],
      counts: [6, 6],
    });
  }
});

test('if the only store fails at any point of its answer, the answer is reported as partial, or rejects', async () => {
  for (let breaksAfter = 0; breaksAfter < whole.length; breaksAfter++) {
    const partial = new PartialAnswers();
    const planner = await plannerOver([{ rows: whole, breaksAfter }], [[5, 5]], partial);
    await partial.collect(async () => {
      const read = whole.slice(0, breaksAfter).map(([minute]) => minute);
      expect(await answered(planner)).toEqual({ minutes: [[...read, 5], [5]], counts: [1, 1] });
      expect(partial.notes()).toEqual([
        'the history may be partial: store store0 cannot be read since 2026-03-29T00:00:00.000Z (broke)',
      ]);
    });
    const strict = await plannerOver([{ rows: whole, breaksAfter }], [[5, 5]]);
    await expect(strict.frames({ ...both, window })).rejects.toBeInstanceOf(Unavailable);
  }
});

test('the first store that is complete for the window answers, and the answer reports it', async () => {
  const partial = new PartialAnswers();
  const lacking = { rows: whole.slice(3), completeFrom: START + 3 * 60_000 };
  const planner = await plannerOver([lacking, { rows: whole }], [], partial);
  await partial.collect(async () => {
    expect((await answered(planner)).minutes[0]).toEqual([0, 1, 2, 3, 4]);
    expect(partial.notes()).toEqual([
      'store store0 lacks readings that arrived before 2026-03-29T00:03:00.000Z; this answer is from store store1, which is complete',
    ]);
  });
  await partial.collect(async () => {
    await planner.frames({ ...both, window: { start: START + 3 * 60_000, end: NOW } });
    expect(partial.notes()).toEqual([]);
  });
});

test('without a complete store an answer is reported as partial, or rejects if a retry can succeed', async () => {
  const lacking = { rows: whole.slice(3), completeFrom: START + 3 * 60_000 };
  const down = { rows: whole, fails: true };
  const cases: [stores: TestStore[], minutes: number[], notes: number, waitingHelps: boolean][] = [
    [[down], [5], 1, true],
    [[down, lacking], [3, 4, 5], 2, true],
    [[lacking, down], [3, 4, 5], 2, true],
    [[lacking], [3, 4, 5], 1, false],
  ];
  for (const [stores, minutes, notes, waitingHelps] of cases) {
    const partial = new PartialAnswers();
    const planner = await plannerOver(stores, [[5, 5]], partial);
    await partial.collect(async () => {
      expect(await answered(planner)).toEqual({
        minutes: [minutes, minutes],
        counts: [minutes.length, minutes.length],
      });
      expect(partial.notes()).toHaveLength(notes);
      for (const note of partial.notes()) expect(note).toMatch(/^the history may be partial: store/);
    });
    const complete = answered(planner);
    if (waitingHelps) await expect(complete).rejects.toThrow(/the history cannot be read completely at present: store/);
    else expect((await complete).minutes[0]).toEqual(minutes);
    await partial.collect(async () => {
      const strict = planner.frames({ ...both, window, complete: true });
      if (waitingHelps) await expect(strict).rejects.toBeInstanceOf(Unavailable);
      else expect(await strict).toHaveLength(2);
    });
  }
});
