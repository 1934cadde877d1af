import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aggregateSeries, type Buckets, emptyBuckets } from '../../src/domain/columns/aggregate.ts';
import { withoutMissing } from '../../src/domain/columns/frame.ts';
import { counterOf } from '../../src/domain/counters/counter.ts';
import { NO_RULES, type SeriesRules } from '../../src/domain/series-rules.ts';
import { bucketEdges } from '../../src/domain/time/site-time.ts';
import type { AggregateRequest } from '../../src/storage/backend.ts';
import { sampleWindow } from '../../src/storage/sample-window.ts';
import { batch, batchOf, columnsBlock, type Row } from './telemetry-blocks.ts';
import type { World } from './telemetry-store.ts';

/** A window around the start of summer time in Central Europe, with a 23-hour day. */
const T0 = Date.UTC(2026, 2, 28);
const ZONE = 'Europe/Warsaw';

export function aggregatesPromises(world: World): void {
  it('equal the reference computed from raw samples', async () => {
    const timestamps = Float64Array.from({ length: 3 * 1440 }, (_, i) => T0 + i * MINUTE_MS);
    const power = timestamps.map((_, i) => Math.round(Math.sin(i / 100) * 1e4) / 1e3);
    const energy = timestamps.map((_, i) => (i * 7) % 10_000);
    const holes = power.map((value, i) => (i % 7 === 3 || (i > 900 && i < 1500) ? Number.NaN : value));
    await world.store.write([batchOf(columnsBlock('g', 'd', timestamps, { power, energy, holes }))]);
    await world.inEveryState(async () => {
      for (const bucket of ['15m', '1h', '1d', '1mo']) {
        const edges = bucketEdges({ start: T0, end: T0 + 3 * UTC_DAY_MS }, bucket, ZONE);
        await expectReference(world, requestOf({ edges }));
        await expectReference(world, requestOf({ edges, asOf: T0 + 30 * HOUR_MS + 17 }));
        await expectReference(world, requestOf({ edges, rules: [reporting(20_000), reporting(MINUTE_MS)] }));
      }
    });
  });

  it('equal the reference for irregular, missing, duplicate and late samples and any buckets', async () => {
    const sample = fc.record({
      step: fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 1, max: 20_000_000 })),
      value: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.double({ min: -1e6, max: 1e6, noNaN: true })),
      doubled: fc.boolean(),
      quantity: fc.constantFrom('power', 'energy', 'holes'),
    });
    const asked = fc.record({
      samples: fc.array(sample, { minLength: 1, maxLength: 80 }),
      edges: fc.uniqueArray(fc.integer({ min: -5e6, max: 3e8 }), { minLength: 2, maxLength: 30 }),
      asOf: fc.oneof(
        fc.constant(Number.POSITIVE_INFINITY),
        fc.integer({ min: 0, max: 3e8 }).map((at) => T0 + at),
      ),
      expected: fc.constantFrom(null, 60_000, 900_000),
      split: fc.integer({ min: 0, max: 80 }),
    });
    let run = 0;
    const property = fc.asyncProperty(asked, async ({ samples, edges, asOf, expected, split }) => {
      const group = `g${run++}`;
      let at = T0;
      const rows = samples.flatMap(({ step, value, doubled, quantity }): Row[] => {
        at += step;
        const row: Row = ['d', at, { [quantity]: value }];
        return doubled ? [['d', at, { [quantity]: value - 1 }], row] : [row];
      });
      await world.store.write([batch(group, rows.slice(split))]);
      await world.store.compact(T0 + 2 * UTC_DAY_MS, new AbortController().signal);
      if (split > 0) await world.store.write([batch(group, rows.slice(0, split))]);
      const ascending = Float64Array.from(
        edges.sort((a, b) => a - b),
        (edge) => T0 + edge,
      );
      await expectReference(
        world,
        requestOf({ group, edges: ascending, asOf, rules: [reporting(expected), reporting(null)] }),
      );
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('are returned for every requested device and quantity, in request order, empty without samples', async () => {
    const devices = Array.from({ length: 30 }, (_, i) => `d${i}`);
    await world.store.write([
      batch(
        'g',
        devices.flatMap((id, i): Row[] => [
          [id, T0, { power: i }],
          [id, T0 + HOUR_MS, { power: i + 1 }],
        ]),
      ),
    ]);
    const deviceIds = ['d7', 'nobody', 'd3', 'd29', 'd0'];
    const edges = Float64Array.of(T0, T0 + HOUR_MS, T0 + 2 * HOUR_MS, T0 + 3 * HOUR_MS);
    const quantities = ['nothing', 'power'];
    const request = {
      deviceIds,
      group: 'g',
      quantities,
      edges,
      asOf: 1e14,
      rules: deviceIds.map(() => NO_RULES),
    };
    await world.inEveryState(async () => {
      const answer = await world.store.aggregate(request);
      expect(answer.map(({ deviceId }) => deviceId)).toEqual(deviceIds);
      expect(answer[0]?.buckets[1]?.sum).toEqual(Float64Array.of(7, 8, Number.NaN));
      expect(answer[1]?.buckets).toEqual([emptyBuckets(3), emptyBuckets(3)]);
      expect(answer[3]?.buckets[0]).toEqual(emptyBuckets(3));
      expect(answer[4]?.buckets[1]?.count).toEqual(Float64Array.of(1, 1, 0));
    });
    expect(await world.store.aggregate({ ...request, group: 'unknown' })).toHaveLength(deviceIds.length);
    expect(await world.store.aggregate({ ...request, deviceIds: [], rules: [] })).toEqual([]);
    const none = await world.store.aggregate({ ...request, edges: Float64Array.of(T0) });
    expect(none[0]?.buckets[1]?.count).toHaveLength(0);
  });
}

/** Rules of a device with a counter and a reporting interval. */
function reporting(expectedIntervalMs: number | null): SeriesRules {
  return { expectedIntervalMs, counters: new Map([['energy', counterOf('kWh')]]) };
}

function requestOf(changes: Partial<AggregateRequest>): AggregateRequest {
  return {
    deviceIds: ['d', 'nobody'],
    group: 'g',
    quantities: ['power', 'holes', 'energy'],
    edges: new Float64Array(0),
    asOf: Number.POSITIVE_INFINITY,
    rules: [reporting(null), reporting(null)],
    ...changes,
  };
}

/** Aggregates of the first device against `aggregateSeries` over the raw samples of its window. */
async function expectReference(world: World, request: AggregateRequest): Promise<void> {
  const [answer] = await world.store.aggregate(request);
  const { expectedIntervalMs, counters } = request.rules[0]!;
  for (const [i, quantity] of request.quantities.entries()) {
    const window = sampleWindow(request.edges, [quantity], request.rules[0]!);
    const counter = counters.get(quantity) ?? null;
    const timestamps: number[] = [];
    const values: number[] = [];
    for await (const frame of world.store.read({ ...request, quantities: [quantity], window })) {
      timestamps.push(...frame.timestamps);
      values.push(...frame.columns[0]!);
    }
    const series = withoutMissing(Float64Array.from(timestamps), Float64Array.from(values));
    const reference = aggregateSeries(series, request.edges, { asOf: request.asOf, expectedIntervalMs, counter });
    expectClose(answer!.buckets[i]!, reference, quantity);
  }
}

/** Exact except for the order of summation: 1e-9 of the largest magnitude in a sum of this many terms. */
function expectClose(actual: Buckets, reference: Buckets, quantity: string): void {
  for (const name of Object.keys(reference) as (keyof Buckets)[]) {
    const wanted = reference[name];
    expect(actual[name]).toHaveLength(wanted.length);
    for (let b = 0; b < wanted.length; b++) {
      const got = actual[name][b]!;
      const want = wanted[b]!;
      const slack = 1e-9 * Math.max(1, Math.abs(want));
      if (!(Object.is(got, want) || Math.abs(got - want) <= slack)) {
        expect.fail(`${quantity}: ${name} of bucket ${b} is ${got}, the reference says ${want}`);
      }
    }
  }
}
