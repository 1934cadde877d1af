import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../domain/columns/frame.ts';
import { agrees, isBalanced, seriesScore } from './score.ts';
import { type SeriesContext, seriesQuality } from './series-quality.ts';

const DAY = { start: Date.parse('2026-03-28T23:00:00Z'), end: Date.parse('2026-03-29T22:00:00Z') };
const GAUGE = { kind: 'gauge', minimum: -50, maximum: 50 } as const;

function context(overrides: Partial<SeriesContext> = {}): SeriesContext {
  return {
    metric: GAUGE,
    window: DAY,
    asOf: Number.POSITIVE_INFINITY,
    reporting: { expectedIntervalMs: MINUTE_MS },
    restless: true,
    since: 0,
    ...overrides,
  };
}

/** A sample per minute over the day and the hour before it, except where `drop` returns true. */
function minutes(drop: (minute: number) => boolean = () => false, value = (minute: number) => minute * 1e-3): Series {
  const rows = [];
  for (let at = DAY.start - HOUR_MS, minute = -60; at < DAY.end; at += MINUTE_MS, minute++)
    if (!drop(minute)) rows.push([at, value(minute)] as const);
  return { timestamps: Float64Array.from(rows, ([at]) => at), values: Float64Array.from(rows, ([, v]) => v) };
}

const wobble = (minute: number) => 20 + Math.sin(minute * 12.9898);

describe('the quality of a series', () => {
  it('is perfect if every sample of a 23-hour day is present', () => {
    const quality = seriesQuality(minutes(undefined, wobble), context());
    expect(quality).toEqual({
      samples: 1380,
      expected: 1380,
      intervalMs: MINUTE_MS,
      completeness: 1,
      gaps: [],
      outOfRange: 0,
      stuck: [],
      interpolated: [],
    });
    expect(seriesScore(quality, DAY)).toBe(100);
  });

  it('counts missing samples and lists gaps', () => {
    const quality = seriesQuality(
      minutes((minute) => (minute >= 100 && minute < 130) || minute === 500, wobble),
      context(),
    );
    expect(quality.expected).toBe(1380);
    expect(quality.completeness).toBeCloseTo(1349 / 1380, 12);
    expect(quality.gaps).toEqual([{ start: DAY.start + 99 * MINUTE_MS, end: DAY.start + 130 * MINUTE_MS }]);
  });

  it('tolerates jitter', () => {
    const series = minutes(undefined, wobble);
    const shaken = series.timestamps.map((instant, i) => instant + 25_000 * Math.sin(i * 78.233));
    expect(seriesQuality({ ...series, timestamps: shaken }, context()).completeness).toBe(1);
  });

  it('expects no samples in the future or before the first sample', () => {
    const noon = DAY.start + 12 * HOUR_MS;
    const { timestamps, values } = minutes((minute) => minute < 60 || minute >= 720, wobble);
    const quality = seriesQuality({ timestamps, values }, context({ asOf: noon, since: DAY.start + HOUR_MS }));
    expect(quality).toMatchObject({ expected: 660, completeness: 1, gaps: [] });
  });

  it('uses the median interval if none is declared', () => {
    const quality = seriesQuality(
      minutes((minute) => minute % 5 !== 0 || minute === 300, wobble),
      context({ reporting: { expectedIntervalMs: null } }),
    );
    expect(quality).toMatchObject({ intervalMs: 5 * MINUTE_MS, expected: 276, samples: 275 });
  });

  it('distinguishes a silent series from one without expected samples', () => {
    const empty = { timestamps: new Float64Array(0), values: new Float64Array(0) };
    expect(seriesQuality(empty, context())).toMatchObject({ expected: 1380, completeness: 0, gaps: [DAY] });
    expect(seriesQuality(empty, context({ reporting: { expectedIntervalMs: null } })).completeness).toBeNull();
  });

  it('counts values out of range, and splits stuck values at midnight', () => {
    const outside = seriesQuality(
      minutes(undefined, (m) => (m === 7 ? 60 : wobble(m))),
      context(),
    );
    expect(outside.outOfRange).toBe(1);
    const stuck = seriesQuality(
      minutes(undefined, (m) => (m < 90 ? 21.5 : wobble(m))),
      context(),
    );
    expect(stuck.stuck).toEqual([{ start: DAY.start, end: DAY.start + 89 * MINUTE_MS }]);
    expect(seriesScore(stuck, DAY)).toBeCloseTo(100 * (1 - 89 / 1380), 9);
  });
});

it('does not report a quantity that may legitimately stay constant, such as the charge of an idle battery', () => {
  const level = minutes(undefined, () => 63.4);
  expect(seriesQuality(level, context()).stuck).toHaveLength(1);
  expect(seriesQuality(level, context({ restless: false })).stuck).toEqual([]);
});

describe('consistency', () => {
  it.each([
    [100, 100, true],
    [100, 90, true],
    [100, 80, false],
    [90, 100, false],
    [96, 100, true],
    [0.1, 0.25, true],
  ])('%d kWh in and %d kWh out balance: %s', (inKwh, outKwh, balanced) => {
    expect(isBalanced(inKwh, outKwh)).toBe(balanced);
  });

  it('compares counters with power', () => {
    expect(agrees(10, 10.4)).toBe(true);
    expect(agrees(10, 11)).toBe(false);
  });
});
