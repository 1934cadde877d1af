import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, test } from 'vitest';
import { foundWidth, intervalOf } from './intervals.ts';
import { bucketEdges } from './site-time.ts';

const WARSAW = 'Europe/Warsaw';
const local = (text: string) => Date.parse(text);

test.each([
  ['1d', '2026-03-29T00:00+01:00', 23 * HOUR_MS],
  ['1d', '2026-10-25T00:00+02:00', 25 * HOUR_MS],
  ['24h', '2026-03-29T00:00+01:00', 24 * HOUR_MS],
  ['1mo', '2026-02-01T00:00+01:00', 28 * UTC_DAY_MS],
  ['1mo', '2028-02-01T00:00+01:00', 29 * UTC_DAY_MS],
  ['1mo', '2026-03-01T00:00+01:00', 31 * UTC_DAY_MS - HOUR_MS],
  ['1mo', '2026-04-01T00:00+02:00', 30 * UTC_DAY_MS],
  ['1w', '2026-03-23T00:00+01:00', 7 * UTC_DAY_MS - HOUR_MS],
  ['1y', '2028-01-01T00:00+01:00', 366 * UTC_DAY_MS],
  ['15m', '2026-03-29T01:45+01:00', 15 * 60_000],
])('an interval of %s that starts at %s has its length on the calendar', (width, start, ms) => {
  const interval = intervalOf(width, WARSAW);
  expect(interval.endOf(local(start)) - local(start)).toBe(ms);
  expect(interval.nominalMs).toBeGreaterThanOrEqual(ms - HOUR_MS);
});

test.each(['1d', '1w', '1mo', '15m', '1h'])(
  'the width %s is derived from the starts of its intervals, with and without gaps',
  (width) => {
    const window = { start: local('2026-01-01T00:00+01:00'), end: local('2026-12-01T00:00+01:00') };
    const starts = [...bucketEdges(window, width, WARSAW)].filter((_, i) => i % 7 !== 5);
    expect(foundWidth(starts)).toBe(width);
  },
);

test('two starts do not determine a width, and an invalid width is rejected', () => {
  expect(foundWidth([0, HOUR_MS])).toBeNull();
  for (const width of ['', '0d', '1 d', 'day', '1M', '100000d'])
    expect(() => intervalOf(width, WARSAW)).toThrow('such as 15m');
});
