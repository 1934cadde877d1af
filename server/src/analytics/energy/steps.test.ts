import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aggregateSeries } from '../../domain/columns/aggregate.ts';
import type { Series } from '../../domain/columns/frame.ts';
import { signedBuckets } from './signed-buckets.ts';
import { combineSteps, fillSteps, maxOf, type Steps, splitSteps, stepsOf } from './steps.ts';

const T0 = Date.UTC(2026, 5, 15);
const options = { expectedIntervalMs: 5 * MINUTE_MS, asOf: Number.POSITIVE_INFINITY };

const anySeries = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 1500 }), fc.double({ min: -5, max: 5, noNaN: true })), {
    minLength: 1,
    maxLength: 60,
  })
  .map((steps): Series => {
    let instant = T0 - HOUR_MS;
    return {
      timestamps: Float64Array.from(steps, ([stepS]) => (instant += stepS * 1000)),
      values: Float64Array.from(steps, ([, kw]) => kw),
    };
  });
const quarters = Float64Array.from({ length: 25 }, (_, i) => T0 + i * 15 * MINUTE_MS);
const known = (kwh: number | undefined) => (kwh === undefined || Number.isNaN(kwh) ? 0 : kwh);

const steps = (...stretches: readonly [from: number, to: number, kw: number][]): Steps => ({
  starts: Float64Array.from(stretches, ([from]) => from),
  ends: Float64Array.from(stretches, ([, to]) => to),
  values: Float64Array.from(stretches, ([, , kw]) => kw),
});

describe('power in steps', () => {
  test('split by sign adds up to the integral: positive minus negative, over the same time', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const { integral, coveredMs } = aggregateSeries(series, quarters, options);
        const split = splitSteps(stepsOf(series, options), quarters);
        expect(split.coveredMs).toEqual(coveredMs);
        for (let s = 0; s < 24; s++) {
          // A slot contains at most 900 samples of 5 kW: rounding errors stay below 1e-12.
          expect(known(split.positive[s]) - known(split.negative[s])).toBeCloseTo(known(integral[s]), 10);
        }
      }),
    );
  });

  test('signs from aggregates agree with raw samples where `mixed` is 0', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const edges = Float64Array.of(T0 - 3 * HOUR_MS, ...quarters);
        const { energy, mixed } = signedBuckets(aggregateSeries(series, edges, options));
        const exact = splitSteps(stepsOf(series, options), edges);
        for (let s = 1; s < 25; s++) {
          if (mixed[s] === 1) continue;
          expect(known(energy.positive[s])).toBeCloseTo(known(exact.positive[s]), 10);
          expect(known(energy.negative[s])).toBeCloseTo(known(exact.negative[s]), 10);
        }
      }),
    );
  });

  test('an earlier sample of the opposite sign makes a bucket mixed', () => {
    const series = {
      timestamps: Float64Array.of(T0 - 5 * MINUTE_MS, T0 + 5 * MINUTE_MS),
      values: Float64Array.of(-3, 3),
    };
    const edges = Float64Array.of(T0 - HOUR_MS, T0, T0 + 15 * MINUTE_MS);
    expect([...signedBuckets(aggregateSeries(series, edges, options)).mixed]).toEqual([0, 1]);
  });

  test('combine where all of them are known', () => {
    const combined = combineSteps([
      { steps: steps([0, 10, 3], [10, 20, 5]), factor: 1 },
      { steps: steps([5, 12, 1], [15, 30, 2]), factor: -1 },
    ]);
    expect(combined).toEqual(steps([5, 10, 2], [10, 12, 4], [15, 20, 3]));
  });

  test('are filled only in gaps', () => {
    expect(fillSteps(steps([10, 20, 1], [30, 40, 2]), [{ start: 0, end: 35 }], 0)).toEqual(
      steps([0, 10, 0], [10, 20, 1], [20, 30, 0], [30, 40, 2]),
    );
    expect(
      fillSteps(
        steps([10, 20, 1]),
        [
          { start: 12, end: 18 },
          { start: 40, end: 50 },
        ],
        0,
      ),
    ).toEqual(steps([10, 20, 1], [40, 50, 0]));
    expect(fillSteps(steps([10, 20, 1], [20, 30, 2]), [{ start: 5, end: 25 }], 0)).toEqual(
      steps([5, 10, 0], [10, 20, 1], [20, 30, 2]),
    );
    expect(fillSteps(steps(), [{ start: 5, end: 25 }], 0)).toEqual(steps([5, 25, 0]));
  });

  test('have a maximum and its first instant within a window', () => {
    const power = steps([0, 10, 9], [10, 20, 4], [20, 30, 7], [30, 40, 7]);
    expect(maxOf(power, { start: 12, end: 40 })).toEqual({ value: 7, instant: 20 });
    expect(maxOf(power, { start: 50, end: 60 })).toBeNull();
  });
});
