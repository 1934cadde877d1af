import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { counterOf } from '../counters/counter.ts';
import { decidingWindow } from '../time/cadence.ts';
import { aggregateSeries, type Buckets, meansOf } from './aggregate.ts';
import { lowerBound, type Series } from './frame.ts';

const UNDECLARED_COUNTER = counterOf('kWh');
const T0 = Date.UTC(2026, 0, 15);
const ALL = Number.POSITIVE_INFINITY;

/** A series from `[minutes after T0, value]` pairs. */
function series(...samples: [minutes: number, value: number][]): Series {
  return {
    timestamps: Float64Array.from(samples, ([minutes]) => T0 + minutes * MINUTE_MS),
    values: Float64Array.from(samples, ([, value]) => value),
  };
}

const edges = (...minutes: number[]) => Float64Array.from(minutes, (minute) => T0 + minute * MINUTE_MS);
const declared = (minutes: number, asOf = ALL) => ({
  expectedIntervalMs: minutes * MINUTE_MS,
  asOf,
  counter: UNDECLARED_COUNTER,
});

describe('energy from power', () => {
  test('each sample is valid until the next one, at irregular intervals as well', () => {
    // 0–4 min 3 kW, 4–10 min 6 kW, 10–20 min 0.6 kW: (3·4 + 6·6 + 0.6·10) / 60 = 0.9 kWh
    const { integral, coveredMs } = aggregateSeries(
      series([0, 3], [4, 6], [10, 0.6], [20, 9]),
      edges(0, 20),
      declared(10),
    );
    expect(integral[0]).toBeCloseTo(0.9, 12);
    expect(coveredMs[0]).toBe(20 * MINUTE_MS);
  });

  test('a sample counts in every bucket in which it is valid, including those without samples', () => {
    const { count, integral, min } = aggregateSeries(
      series([0, 4], [25, 8], [45, 0]),
      edges(0, 15, 30, 45),
      declared(15),
    );
    expect([...count]).toEqual([1, 1, 0]);
    // 4 kW·15 min; 4 kW·10 min + 8 kW·5 min; 8 kW·15 min
    expect([...integral]).toEqual([1, 80 / 60, 2]);
    expect(min[2]).toBeNaN();
  });

  test('a sample before the first edge is still valid in the window', () => {
    const { integral, coveredMs, count } = aggregateSeries(series([-10, 6], [10, 0]), edges(0, 30), declared(15));
    expect(count[0]).toBe(1);
    expect(integral[0]).toBe(1);
    expect(coveredMs[0]).toBe(25 * MINUTE_MS);
  });

  test('a silence longer than 2.5 cadences is a gap: the sample before it is valid for one cadence only', () => {
    const gapless = aggregateSeries(series([0, 6], [25, 6], [35, 0]), edges(0, 30), declared(10));
    expect(gapless.coveredMs[0]).toBe(30 * MINUTE_MS);
    const gap = aggregateSeries(series([0, 6], [26, 6], [36, 0]), edges(0, 30), declared(10));
    expect(gap.coveredMs[0]).toBe(14 * MINUTE_MS);
    expect(gap.integral[0]).toBeCloseTo(1.4, 12);
    expect(meansOf(gap)[0]).toBeCloseTo(6, 12);
  });

  test('without a declared interval the cadence is the median spacing of the UTC day', () => {
    // Every 5 min, then 13 min of silence (> 2.5 × 5): 5 min of them are covered.
    const { coveredMs } = aggregateSeries(series([0, 1], [5, 1], [10, 1], [15, 1], [28, 1], [33, 1]), edges(0, 28), {
      expectedIntervalMs: null,
      asOf: ALL,
    });
    expect(coveredMs[0]).toBe(20 * MINUTE_MS);
  });

  test('no sample is valid beyond now', () => {
    const { integral, coveredMs } = aggregateSeries(series([0, 6]), edges(0, 15), declared(15, T0 + 5 * MINUTE_MS));
    expect(coveredMs[0]).toBe(5 * MINUTE_MS);
    expect(integral[0]).toBe(0.5);
  });

  test('an empty bucket has no energy rather than zero', () => {
    const { integral, count, coveredMs, increase } = aggregateSeries(series([0, 6]), edges(60, 75), declared(15));
    expect(integral[0]).toBeNaN();
    expect(increase[0]).toBeNaN();
    expect([count[0], coveredMs[0]]).toEqual([0, 0]);
  });
});

describe('energy from counters', () => {
  const increaseOf = (...samples: [number, number][]) =>
    aggregateSeries(series(...samples), edges(0, 60), declared(10)).increase[0];

  test('growth between two samples is spread evenly between them, across a gap as well', () => {
    const { increase } = aggregateSeries(series([-30, 100], [90, 112]), edges(0, 30, 60, 90, 120), declared(10));
    expect([...increase]).toEqual([3, 3, 3, Number.NaN]);
  });

  test('after a reset counting continues from zero', () => {
    expect(increaseOf([0, 100], [10, 103], [20, 1], [30, 4])).toBeCloseTo(3 + 1 + 3, 12);
  });

  test('a wrap counts up to the end of the register and from zero', () => {
    expect(increaseOf([0, 6553.1], [10, 6553.4], [20, 0.2], [30, 0.5])).toBeCloseTo(0.3 + 0.4 + 0.3, 9);
  });

  test('a small decrease is jitter: growth continues once the counter exceeds its previous value', () => {
    expect(increaseOf([0, 100], [10, 101], [20, 100.9], [30, 100.95], [40, 101.5])).toBeCloseTo(1.5, 12);
  });

  test('a single low sample is a misread', () => {
    expect(increaseOf([0, 5000], [10, 0], [20, 5001], [30, 5002])).toBeCloseTo(2, 12);
  });

  test('a single high sample is a misread', () => {
    expect(increaseOf([0, 100], [10, 65_535], [20, 101], [30, 102])).toBeCloseTo(2, 12);
  });

  test('a rise that persists is growth', () => {
    expect(increaseOf([0, 100], [10, 300], [20, 301])).toBeCloseTo(201, 12);
  });
});

/** Irregular series over about a day with occasional long silences. */
const anySeries = fc
  .array(
    fc.record({
      stepS: fc.oneof(
        { weight: 8, arbitrary: fc.integer({ min: 1, max: 900 }) },
        fc.integer({ min: 900, max: 30_000 }),
      ),
      value: fc.double({ min: -10, max: 10, noNaN: true }),
    }),
    { minLength: 1, maxLength: 80 },
  )
  .map((steps): Series => {
    let instant = T0 - 3 * HOUR_MS;
    const timestamps = steps.map(({ stepS }) => {
      instant += stepS * 1000;
      return instant;
    });
    return { timestamps: Float64Array.from(timestamps), values: Float64Array.from(steps, ({ value }) => value) };
  });
const anyEdges = fc
  .uniqueArray(fc.integer({ min: 0, max: 1440 }), { minLength: 2, maxLength: 20 })
  .map((minutes) => edges(...minutes.sort((a, b) => a - b)));
const anyOptions = fc.record({
  expectedIntervalMs: fc.option(fc.integer({ min: 1, max: 60 }).map((minutes) => minutes * MINUTE_MS)),
  asOf: fc.constantFrom(ALL, T0 + 9 * HOUR_MS),
  counter: fc.constant(UNDECLARED_COUNTER),
});

const total = (column: Float64Array) => column.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0);

describe('properties', () => {
  test('the aggregates of the buckets of a window add up to those of the window', () => {
    fc.assert(
      fc.property(anySeries, anyEdges, anyOptions, (samples, many, options) => {
        const whole = Float64Array.of(many[0]!, many.at(-1) as number);
        const split = aggregateSeries(samples, many, options);
        const one = aggregateSeries(samples, whole, options);
        for (const key of ['integral', 'coveredMs', 'increase', 'count', 'sum'] as const satisfies (keyof Buckets)[]) {
          // Sums of at most 80 doubles of up to 1e2: rounding errors stay below 80 · 1e2 · 2⁻⁵³ ≈ 1e-12.
          expect(total(split[key])).toBeCloseTo(total(one[key]), 9);
        }
      }),
    );
  });

  test('a window has the same aggregates from the samples of its deciding window as from all samples', () => {
    fc.assert(
      fc.property(anySeries, anyEdges, anyOptions, (samples, many, options) => {
        const window = decidingWindow({ start: many[0]!, end: many.at(-1) as number }, options);
        const from = lowerBound(samples.timestamps, window.start);
        const to = lowerBound(samples.timestamps, window.end);
        const part = { timestamps: samples.timestamps.subarray(from, to), values: samples.values.subarray(from, to) };
        const ofPart = aggregateSeries(part, many, options);
        const ofAll = aggregateSeries(samples, many, options);
        expect(ofPart.integral).toEqual(ofAll.integral);
        expect(ofPart.coveredMs).toEqual(ofAll.coveredMs);
      }),
    );
  });

  test('the integral equals a sum in steps of one second', () => {
    fc.assert(
      fc.property(anySeries, fc.integer({ min: 1, max: 60 }), (samples, minutes) => {
        const interval = minutes * MINUTE_MS;
        const window = Float64Array.of(T0, T0 + 2 * HOUR_MS);
        const { integral, coveredMs } = aggregateSeries(samples, window, { expectedIntervalMs: interval, asOf: ALL });
        let kwh = 0;
        let seconds = 0;
        for (let instant = T0; instant < T0 + 2 * HOUR_MS; instant += 1000) {
          const at = lowerBound(samples.timestamps, instant + 1) - 1;
          if (at < 0) continue;
          const age = instant - samples.timestamps[at]!;
          const spacing = (samples.timestamps[at + 1] ?? ALL) - samples.timestamps[at]!;
          if (spacing > 2.5 * interval && age >= interval) continue;
          kwh += samples.values[at]! / 3600;
          seconds++;
        }
        expect(coveredMs[0]).toBe(seconds * 1000);
        expect(Number.isNaN(integral[0]) ? 0 : integral[0]).toBeCloseTo(kwh, 9);
      }),
      { numRuns: 30 },
    );
  });

  test('the growth of a monotonic counter is the difference of its last and first sample', () => {
    fc.assert(
      fc.property(anySeries, (samples) => {
        let height = 1000;
        const values = samples.values.map((step) => {
          height += Math.abs(step);
          return height;
        });
        const window = Float64Array.of(samples.timestamps[0]! - 1, (samples.timestamps.at(-1) as number) + 1);
        const { increase } = aggregateSeries({ ...samples, values }, window, {
          expectedIntervalMs: null,
          asOf: ALL,
          counter: UNDECLARED_COUNTER,
        });
        expect(total(increase)).toBeCloseTo(height - values[0]!, 9);
      }),
    );
  });
});
