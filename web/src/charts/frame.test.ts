import { describe, expect, it } from 'vitest';
import { alignSeries, commonGaps, gapLimitMs, gapsOf } from './frame.ts';

const NEVER = Number.POSITIVE_INFINITY;

describe('alignSeries', () => {
  it('distinguishes a gap from an instant that only another series has', () => {
    const frame = alignSeries([
      { times: [0, 10, 20], values: [1, null, 3], gapMs: NEVER },
      { times: [5, 10], values: [7, 8], gapMs: NEVER },
    ]);
    expect(frame.times).toEqual([0, 5, 10, 20]);
    expect(frame.columns[0]!.values).toEqual([1, undefined, null, 3]);
    expect(frame.columns[1]!.values).toEqual([undefined, 7, 8, undefined]);
  });

  it('breaks the line at a silence longer than the limit, and only there', () => {
    const { times, columns } = alignSeries([{ times: [0, 10, 20, 90, 100], values: [1, 2, 3, 4, 5], gapMs: 30 }]);
    expect(times).toEqual([0, 10, 20, 21, 90, 100]);
    expect(columns[0]!.values).toEqual([1, 2, 3, null, 4, 5]);
  });

  it('breaks the band where it breaks the line', () => {
    const [column] = alignSeries([{ times: [0, 50], values: [1, 2], low: [0, 1], high: [2, 3], gapMs: 10 }]).columns;
    expect(column!.low).toEqual([0, null, 1]);
    expect(column!.high).toEqual([2, null, 3]);
  });

  it('keeps zeros', () => {
    expect(alignSeries([{ times: [0], values: [0], gapMs: NEVER }]).columns[0]!.values).toEqual([0]);
  });
});

describe('gapLimitMs', () => {
  it('follows the usual interval and the declared interval of the device', () => {
    expect(gapLimitMs([0, 5, 10, 15, 900], null)).toBe(25);
    expect(gapLimitMs([0, 5, 10, 15, 900], 60)).toBe(180);
    expect(gapLimitMs([0, 5], null)).toBe(NEVER);
  });
});

describe('gaps', () => {
  const window = { start: 0, end: 100 };

  it('are found before, between and after the values', () => {
    expect(gapsOf([20, 30, 31, 60, 70, 71], [1, 2, null, 3, 4, null], window)).toEqual([
      { start: 0, end: 20 },
      { start: 30, end: 60 },
      { start: 70, end: 100 },
    ]);
  });

  it('are not caused by the instants of other series', () => {
    expect(gapsOf([0, 10, 20, 100], [1, undefined, 2, 3], window)).toEqual([]);
  });

  it('are shaded only where no series has values', () => {
    expect(
      commonGaps([
        [{ start: 0, end: 20 }],
        [
          { start: 10, end: 15 },
          { start: 18, end: 40 },
        ],
      ]),
    ).toEqual([
      { start: 10, end: 15 },
      { start: 18, end: 20 },
    ]);
    expect(commonGaps([])).toEqual([]);
  });
});
