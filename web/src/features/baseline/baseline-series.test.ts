import type { BaselineDeviation } from '@wattkeeper/contract/analytics/baseline-deviation.ts';
import { expect, it } from 'vitest';
import { baselineFrames, comparisonCsv, csvText } from './baseline-series.ts';

const HOURS = ['2026-03-01T00:00:00.000Z', '2026-03-01T01:00:00.000Z', '2026-03-01T05:00:00.000Z'];
const FOUND = {
  resolution: 'hour',
  hourly_deviations: HOURS.map((hour, i) => ({
    hour,
    actual_kwh: 10 + i,
    predicted_kwh: 9,
    deviation_kwh: 1 + i,
    severity: 'normal',
  })),
  cusum: [1, 3, 6],
  contributions_kwh: { production_count: [4, 5, 6], 'a,b': [1, 1, 1] },
} as unknown as BaselineDeviation;

it('breaks lines where hours are missing, but not the sum', () => {
  const frames = baselineFrames(FOUND);
  expect(frames.energy.columns[0]?.values).toEqual([10, 11, null, 12]);
  expect(frames.parts).toEqual(['production_count', 'a,b']);
  expect(frames.contributions.columns).toHaveLength(2);
  expect(frames.cusum.columns[0]?.values).toEqual([1, 3, 6]);
  const days = baselineFrames({ ...FOUND, resolution: 'day' });
  expect(days.energy.columns[0]?.values).toEqual([10, 11, 12]);
});

it('writes values as CSV according to RFC 4180', () => {
  expect(comparisonCsv(FOUND).split('\r\n').slice(0, 2)).toEqual([
    'start,actual_kwh,predicted_kwh,deviation_kwh,cusum_kwh,production_count_kwh,"a,b_kwh"',
    '2026-03-01T00:00:00.000Z,10,9,1,1,4,1',
  ]);
  expect(csvText(['a'], [['say "x"'], [null], ['two\nlines']])).toBe('a\r\n"say ""x"""\r\n\r\n"two\nlines"\r\n');
});
