import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { rangeAt, steppedRange, windowOfRange } from './range.ts';
import { type RangeSearch, readRange, withRange } from './range-search.ts';

const WARSAW = 'Europe/Warsaw';
const NOW = Date.parse('2026-11-29T11:20:00+01:00');
const at = (text: string) => Date.parse(text);
const iso = ({ start, end }: { start: number; end: number }) =>
  [start, end].map((instant) => new Date(instant).toISOString());

describe('readRange', () => {
  it('reads days, calendar periods and windows from an address, and ignores invalid ones', () => {
    const read = (raw: Record<string, unknown>) => readRange(raw, [7, 90]);
    expect(read({ days: '90' })).toEqual({ days: 90 });
    expect(read({ unit: 'quarter', day: '2024-05-09', days: '7' })).toEqual({ unit: 'quarter', day: '2024-05-09' });
    expect(read({ from: '5', to: '9', unit: 'year', day: '2024-01-01' })).toEqual({ from: 5, to: 9 });
    expect(read({ unit: 'month', days: '7' })).toEqual({ unit: 'month' });
    for (const bad of [
      { days: '31' },
      { unit: 'week', day: '2024-01-01' },
      { unit: 'month', day: '2024-02-30' },
      { unit: 'month', day: '' },
      { from: '9', to: '9' },
      { from: 'x', to: '9' },
    ]) {
      expect(read(bad)).toEqual({});
    }
  });

  it('replaces the range of an address as a whole', () => {
    const search: RangeSearch & { model?: string } = { model: 'm', unit: 'year', day: '2024-01-01' };
    expect(withRange(search, { days: 7 })).toEqual({ model: 'm', days: 7 });
  });
});

describe('windowOfRange', () => {
  it('ends the last days and the current period with the last full hour', () => {
    expect(iso(windowOfRange({ days: 7 }, NOW, WARSAW, 90))).toEqual([
      '2026-11-22T10:00:00.000Z',
      '2026-11-29T10:00:00.000Z',
    ]);
    expect(iso(windowOfRange({}, NOW, WARSAW, 1))).toEqual(['2026-11-28T10:00:00.000Z', '2026-11-29T10:00:00.000Z']);
    expect(iso(windowOfRange({ unit: 'month', day: '2026-11-29' }, NOW, WARSAW, 1))).toEqual([
      '2026-10-31T23:00:00.000Z',
      '2026-11-29T10:00:00.000Z',
    ]);
  });

  it('treats a calendar period without a day as the current one', () => {
    for (const unit of ['month', 'quarter', 'year'] as const) {
      const window = windowOfRange({ unit }, NOW, WARSAW, 7);
      expect(window).toEqual(windowOfRange({ unit, day: '2026-11-29' }, NOW, WARSAW, 7));
      expect(steppedRange({ unit }, window, WARSAW, -1)).toEqual(
        steppedRange({ unit, day: '2026-11-29' }, window, WARSAW, -1),
      );
    }
  });

  it('follows the calendar of the site: months, quarters and years of any length', () => {
    const hours = (range: RangeSearch) => {
      const { start, end } = windowOfRange(range, NOW, WARSAW, 1);
      return (end - start) / HOUR_MS;
    };
    expect(hours({ unit: 'month', day: '2024-02-29' })).toBe(29 * 24);
    expect(hours({ unit: 'month', day: '2025-03-30' })).toBe(31 * 24 - 1);
    expect(hours({ unit: 'quarter', day: '2024-11-05' })).toBe(92 * 24 + 1);
    expect(hours({ unit: 'year', day: '2024-07-01' })).toBe(366 * 24);
    expect(iso(windowOfRange({ unit: 'quarter', day: '2019-06-30' }, NOW, 'UTC', 1))).toEqual([
      '2019-04-01T00:00:00.000Z',
      '2019-07-01T00:00:00.000Z',
    ]);
  });
});

describe('steppedRange', () => {
  it("moves a quarter by a quarter, and days by the same number of days in the site's local time", () => {
    const window = { start: 0, end: 1 };
    expect(steppedRange({ unit: 'quarter', day: '2026-01-31' }, window, WARSAW, -1)).toEqual({
      unit: 'quarter',
      day: '2025-10-01',
    });
    // A week that begins after the end of summer time: the previous week is an hour longer.
    const week = { start: at('2026-10-26T00:00:00+01:00'), end: at('2026-11-02T00:00:00+01:00') };
    expect(steppedRange({ from: week.start, to: week.end }, week, WARSAW, -1)).toEqual({
      from: at('2026-10-19T00:00:00+02:00'),
      to: week.start,
    });
  });
});

describe('rangeAt', () => {
  it('returns a range of the same kind that contains the instant', () => {
    const instant = at('2016-12-31T23:45:00Z');
    expect(rangeAt({ unit: 'month', day: '2026-11-01' }, { start: 0, end: 1 }, 'UTC', instant)).toEqual({
      unit: 'month',
      day: '2016-12-31',
    });
    const week = windowOfRange({ days: 7 }, NOW, 'UTC', 7);
    expect(rangeAt({ days: 7 }, week, 'UTC', instant)).toEqual({
      from: at('2016-12-25T00:00:00Z'),
      to: at('2017-01-01T00:00:00Z'),
    });
  });
});
