import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../domain/columns/frame.ts';
import { sunPosition } from '../../domain/time/sun.ts';
import { seriesQuality } from './series-quality.ts';

const START = Date.parse('2026-11-10T23:00:00Z');
const DAY = { start: START, end: START + UTC_DAY_MS };
const NANCY = { latitudeDeg: 48.7, longitudeDeg: 6.2 };
const context = {
  metric: { kind: 'gauge', minimum: -50, maximum: 50 },
  window: DAY,
  asOf: Number.POSITIVE_INFINITY,
  reporting: { expectedIntervalMs: null },
  restless: true,
  since: 0,
} as const;

/** A sample every `stepMs` on the preceding days and on the day while the device reports. */
function reported(days: number, stepMs: number, reports: (at: number) => boolean): Series {
  const rows: number[] = [];
  for (let at = START - days * UTC_DAY_MS; at < DAY.end; at += stepMs) if (reports(at)) rows.push(at);
  return { timestamps: Float64Array.from(rows), values: Float64Array.from(rows, (at) => Math.sin(at)) };
}

const isUp = (at: number) => sunPosition(at, NANCY.latitudeDeg, NANCY.longitudeDeg).zenithDeg < 88;
const hourOf = (at: number) => (at % UTC_DAY_MS) / HOUR_MS;

describe('a solar series without samples at night', () => {
  it.each([1, 5, 15])('is complete, at a sample every %i minutes', (minutes) => {
    const quality = seriesQuality(reported(7, minutes * MINUTE_MS, isUp), context);
    expect(quality).toMatchObject({ completeness: 1, gaps: [] });
    expect(quality.expected).toBe(quality.samples);
  });

  it('is complete on its first day if the location of the site is known', () => {
    const series = reported(0, 5 * MINUTE_MS, isUp);
    expect(seriesQuality(series, { ...context, sun: NANCY })).toMatchObject({ completeness: 1, gaps: [] });
    expect(seriesQuality(series, context).completeness).toBeLessThan(0.5);
  });

  it('is incomplete after a gap by day', () => {
    const off = (at: number) => at >= START + 11 * HOUR_MS && at < START + 13 * HOUR_MS;
    const quality = seriesQuality(
      reported(7, 5 * MINUTE_MS, (at) => isUp(at) && !off(at)),
      context,
    );
    expect(quality.gaps).toEqual([{ start: START + 11 * HOUR_MS - 5 * MINUTE_MS, end: START + 13 * HOUR_MS }]);
    expect(quality.expected! - quality.samples).toBe(24);
    const dead = seriesQuality(
      reported(7, 5 * MINUTE_MS, (at) => isUp(at) && at < START),
      context,
    );
    expect(dead.completeness).toBe(0);
    expect(dead.expected! * 5).toBeGreaterThan(6 * 60);
    expect(dead.expected! * 5).toBeLessThan(10 * 60);
  });

  it('has no expected samples before dawn', () => {
    const series = reported(7, 5 * MINUTE_MS, (at) => isUp(at) && at < START);
    const early = seriesQuality(series, { ...context, asOf: START + 4 * HOUR_MS });
    expect(early).toMatchObject({ samples: 0, expected: 0, completeness: null, gaps: [] });
  });
});

it('a machine that is off every night is complete; one that is off for the first time is not', () => {
  const works = (at: number) => hourOf(at) >= 5 && hourOf(at) < 21;
  expect(seriesQuality(reported(7, MINUTE_MS, works), context).completeness).toBe(1);
  const always = reported(7, MINUTE_MS, (at) => at < START || works(at));
  expect(seriesQuality(always, context).completeness).toBeCloseTo(16 / 24, 2);
});

it('days without samples are ignored, and an outage of a whole day counts as missing', () => {
  const outage = reported(7, MINUTE_MS, (at) => at < START - 2 * UTC_DAY_MS);
  expect(seriesQuality(outage, context)).toMatchObject({ completeness: 0, expected: 1440 });
});

it('samples lost outside natural gaps are missing for any length of the night', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 3, max: 12 }),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 1, max: 6 }),
      (from, hours, lostFrom, lost) => {
        const within = (at: number, start: number, length: number) => (hourOf(at) - start + 24) % 24 < length;
        const rests = (at: number) => within(at, from, hours);
        const isLost = (at: number) => at >= START && within(at, lostFrom, lost);
        const quality = seriesQuality(
          reported(7, 5 * MINUTE_MS, (at) => !rests(at) && !isLost(at)),
          context,
        );
        let missing = 0;
        for (let at = START; at < DAY.end; at += 5 * MINUTE_MS) if (!rests(at) && isLost(at)) missing++;
        // On each side of a natural gap, 45 minutes plus 2.5 intervals are tolerated.
        expect(quality.expected! - quality.samples).toBeLessThanOrEqual(missing);
        expect(quality.expected! - quality.samples).toBeGreaterThanOrEqual(Math.max(0, missing - 2 * (9 + 3)));
      },
    ),
    { numRuns: 50 },
  );
});
