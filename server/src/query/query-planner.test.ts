import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aggregateSeries, type Buckets } from '../domain/aggregate.ts';
import type { Batch, Block } from '../domain/batch.ts';
import { MemoryStore } from '../storage/memory.ts';
import { QueryPlanner } from './query-planner.ts';

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

/** A planner whose store has the first batches; all behind `taken` are still in the journal, or stay in memory. */
async function plannerOf(
  batches: readonly Batch[],
  taken: number,
  memorySince = Number.POSITIVE_INFINITY,
  rest: 'journal' | 'memory' = 'journal',
) {
  const primary = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY }, () => NOW);
  const memory = new MemoryStore({ spanMs: Number.POSITIVE_INFINITY }, () => NOW);
  for (const one of batches) {
    if (one.sequence <= taken) await primary.write([one]);
    await memory.write([one]);
  }
  return new QueryPlanner({
    primary,
    memory: {
      read: (request) => memory.read(request),
      aggregate: (request) => memory.aggregate(request),
      coveredSince: () => memorySince,
    },
    rawFrom: () => Number.NEGATIVE_INFINITY,
    memoryHasMore: () => rest === 'memory',
    pending: async function* () {
      if (rest === 'journal') yield* batches.filter(({ sequence }) => sequence > taken);
    },
    latest: { of: () => [], deviceIds: () => [] },
    metricsOf: () => [],
    expectedIntervalMs: () => null,
    now: () => NOW,
  });
}

const rows = fc.array(fc.tuple(fc.nat(3 * 24 * 60), fc.integer({ min: -5, max: 5 })), { maxLength: 40 });
const journal = fc.array(rows, { minLength: 1, maxLength: 5 }).map((all) => all.map((part, i) => batch(i + 1, part)));
const request = { deviceIds: ['a'], group: 'load', quantities: ['power_kw'] };

test('a read sees every acknowledged sample once, however far the store has come, and the last write wins', async () => {
  await fc.assert(
    fc.asyncProperty(journal, fc.nat(5), fc.constantFrom('journal', 'memory'), async (batches, taken, rest) => {
      const expected = new Map<number, number>();
      for (const { blocks } of batches) {
        for (const { timestamps, columns } of blocks) {
          for (const [i, instant] of timestamps.entries())
            expected.set(instant, (columns[0] as Float64Array)[i] as number);
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

test('aggregates are those of all samples, whether the store has them, or the journal, or memory alone', async () => {
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
        const found = answer?.buckets[0] as Buckets;
        for (const key of ['count', 'sum', 'min', 'max', 'first', 'last', 'coveredMs'] as const)
          expect(found[key]).toEqual(reference[key]);
        // Sums of the same terms in another order: a few units in the last place.
        for (const [i, value] of reference.integral.entries()) {
          if (Number.isNaN(value)) expect(found.integral[i]).toBeNaN();
          else expect(found.integral[i]).toBeCloseTo(value, 9);
        }
      }
    }),
  );
});

test('what is still to be forgotten comes neither as a sample nor as a frame without any', async () => {
  const kept = batch(1, [[5, 1]]);
  const [block] = batch(2, [[5, 1]]).blocks as [Block];
  const planner = await plannerOf([kept, { sequence: 2, blocks: [{ ...block, erases: true }] }], 1);
  const frames = [];
  for await (const frame of planner.stream({ ...request, window: { start: START, end: NOW } })) frames.push(frame);
  expect(frames).toEqual([]);
});
