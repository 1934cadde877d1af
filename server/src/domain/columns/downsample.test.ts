import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { downsample } from './downsample.ts';

const anySeries = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 100_000 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 })), {
    minLength: 1,
    maxLength: 300,
  })
  .map((steps) => {
    let instant = 0;
    return {
      timestamps: Float64Array.from(steps, ([step]) => (instant += step)),
      values: Float64Array.from(steps, ([, value]) => value),
    };
  });

describe('downsampling', () => {
  test('a short series is unchanged', () => {
    const series = { timestamps: Float64Array.of(1, 2, 3), values: Float64Array.of(5, 6, 7) };
    expect(downsample(series, 3)).toBe(series);
  });

  test('keeps the first, minimum, maximum and last sample of every span', () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i / 3));
    values[33] = 50;
    values[71] = -50;
    const kept = downsample({ timestamps: Float64Array.from(values, (_, i) => i), values }, 16);
    expect(kept.timestamps.length).toBeLessThanOrEqual(16);
    expect([...kept.timestamps]).toEqual(expect.arrayContaining([0, 33, 71, 99]));
  });

  test('keeps both edges of a gap', () => {
    const timestamps = Float64Array.from({ length: 100 }, (_, i) => (i < 50 ? i : i + 1000));
    const kept = downsample({ timestamps, values: timestamps.map(() => 1) }, 20);
    expect([...kept.timestamps]).toEqual(expect.arrayContaining([49, 1050]));
  });

  test('returns only samples of the series, in order, at most the requested number, with its extremes and ends', () => {
    fc.assert(
      fc.property(anySeries, fc.integer({ min: 4, max: 60 }), (series, maxPoints) => {
        const kept = downsample(series, maxPoints);
        const length = kept.timestamps.length;
        expect(length).toBeLessThanOrEqual(Math.max(maxPoints, 0));
        const known = new Map([...series.timestamps].map((instant, i) => [instant, series.values[i]]));
        kept.timestamps.forEach((instant, i) => {
          expect(known.get(instant)).toBe(kept.values[i]);
          if (i > 0) expect(instant).toBeGreaterThan(kept.timestamps[i - 1]!);
        });
        expect(Math.max(...kept.values)).toBe(Math.max(...series.values));
        expect(Math.min(...kept.values)).toBe(Math.min(...series.values));
        expect(kept.timestamps[0]).toBe(series.timestamps[0]);
        expect(kept.timestamps[length - 1]).toBe(series.timestamps.at(-1));
      }),
    );
  });

  test('rejects a limit below two', () => {
    expect(() => downsample({ timestamps: new Float64Array(0), values: new Float64Array(0) }, 1)).toThrow(
      /at least 2; got 1/,
    );
  });
});
