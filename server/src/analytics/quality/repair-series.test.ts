import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import type { Series } from '../../domain/columns/frame.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { repairSeries } from './repair-series.ts';

const seriesOf = (samples: readonly (readonly [minute: number, value: number])[]): Series => ({
  timestamps: Float64Array.from(samples, ([minute]) => minute * MINUTE_MS),
  values: Float64Array.from(samples, ([, value]) => value),
});
const pairs = ({ timestamps, values }: Series) =>
  Array.from(timestamps, (instant, i) => [instant / MINUTE_MS, values[i]]);
const window = { start: 10 * MINUTE_MS, end: 20 * MINUTE_MS };
const series = seriesOf([
  [5, 0],
  [10, 100],
  [15, 7],
  [20, 30],
  [25, 5],
]);

describe('a repair', () => {
  it('deletes, scales and sets the samples of the half-open window', () => {
    const before = [
      [10, 100],
      [15, 7],
    ];
    const of = (operation: Parameters<typeof repairSeries>[2]) => {
      const change = repairSeries(series, window, operation, null);
      expect(pairs(change.before)).toEqual(before);
      return pairs(change.after);
    };
    expect(of({ type: 'delete' })).toEqual([]);
    expect(of({ type: 'scale', factor: 0.001, offset: 1 })).toEqual([
      [10, 1.1],
      [15, 1.007],
    ]);
    expect(of({ type: 'set', value: 2 })).toEqual([
      [10, 2],
      [15, 2],
    ]);
  });

  it('interpolates from the previous to the next sample, and fills gaps at the usual interval', () => {
    expect(pairs(repairSeries(series, window, { type: 'interpolate' }, 5 * MINUTE_MS).after)).toEqual([
      [10, 10],
      [15, 20],
    ]);
    const silent = seriesOf([
      [9, 0],
      [20, 11],
    ]);
    expect(pairs(repairSeries(silent, window, { type: 'interpolate' }, MINUTE_MS).after)).toEqual(
      Array.from({ length: 10 }, (_, i) => [10 + i, 1 + i]),
    );
    expect(() => repairSeries(silent, window, { type: 'interpolate' }, null)).toThrow(/reporting interval is unknown/);
    const open = seriesOf([[15, 1]]);
    expect(() => repairSeries(open, window, { type: 'interpolate' }, MINUTE_MS)).toThrow(/no sample before the window/);
  });

  it('shifts samples in time, replacing those at the destination', () => {
    const change = repairSeries(series, window, { type: 'shift', seconds: 600 }, null);
    expect(pairs(change.before)).toEqual([
      [10, 100],
      [15, 7],
      [20, 30],
      [25, 5],
    ]);
    expect(pairs(change.after)).toEqual([
      [20, 100],
      [25, 7],
    ]);
  });

  it('requires samples', () => {
    const nothing = { start: 11 * MINUTE_MS, end: 12 * MINUTE_MS };
    expect(() => repairSeries(series, nothing, { type: 'delete' }, null)).toThrow(InvalidInput);
  });
});
