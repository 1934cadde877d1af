import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addDays, bucketEdges, dayOf, dayWindow, instantOfLocal, localTime, localTimes } from './site-time.ts';

const WARSAW = 'Europe/Warsaw';
const LORD_HOWE = 'Australia/Lord_Howe';
const hoursOf = (day: string, zone: string) => {
  const { start, end } = dayWindow(day, zone);
  return (end - start) / HOUR_MS;
};
const steps = (edges: Float64Array) => [...edges.subarray(1)].map((edge, i) => (edge - edges[i]!) / MINUTE_MS);

describe('days of a site', () => {
  test('have 23 hours in spring, 25 in autumn and 24 otherwise', () => {
    expect(hoursOf('2026-03-29', WARSAW)).toBe(23);
    expect(hoursOf('2026-10-25', WARSAW)).toBe(25);
    expect(hoursOf('2026-06-15', WARSAW)).toBe(24);
    expect(dayWindow('2026-03-29', WARSAW).start).toBe(Date.UTC(2026, 2, 28, 23));
  });

  test('change by half an hour on Lord Howe Island', () => {
    expect(hoursOf('2026-10-04', LORD_HOWE)).toBe(23.5);
    expect(hoursOf('2026-04-05', LORD_HOWE)).toBe(24.5);
  });

  test('start at 1:00 if the clock skips midnight', () => {
    // In Beirut the clock changed from 00:00 to 01:00 on 28 March 2021.
    expect(hoursOf('2021-03-28', 'Asia/Beirut')).toBe(23);
    expect(localTime(dayWindow('2021-03-28', 'Asia/Beirut').start, 'Asia/Beirut').minuteOfDay).toBe(60);
  });

  test('follow each other without gap or overlap through years of clock changes', () => {
    for (const zone of [WARSAW, LORD_HOWE, 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Apia']) {
      let day = '2025-01-01';
      for (let i = 0; i < 730; i++) {
        const next = addDays(day, 1);
        expect(dayWindow(day, zone).end).toBe(dayWindow(next, zone).start);
        expect(dayOf(dayWindow(day, zone).end - 1, zone)).toBe(day);
        day = next;
      }
    }
  });
});

describe('clock time', () => {
  test('of a repeated hour is its first occurrence, of a skipped hour the later instant', () => {
    expect(instantOfLocal('2026-10-25T02:30', WARSAW)).toBe(Date.UTC(2026, 9, 25, 0, 30));
    expect(instantOfLocal('2026-03-29T02:30', WARSAW)).toBe(Date.UTC(2026, 2, 29, 1, 30));
  });

  test('includes weekday and minute of the day', () => {
    expect(localTime(Date.UTC(2026, 2, 29, 1), WARSAW)).toEqual({
      day: '2026-03-29',
      month: 3,
      dayOfMonth: 29,
      weekday: 7,
      minuteOfDay: 180,
    });
  });

  test('of many instants equals that of each of them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(WARSAW, LORD_HOWE, 'Asia/Kathmandu', 'America/St_Johns', 'UTC'),
        fc.uniqueArray(fc.integer({ min: 0, max: 400 * 96 }), { minLength: 1, maxLength: 60 }),
        (zone, slots) => {
          const instants = Float64Array.from(
            slots.sort((a, b) => a - b),
            (slot) => Date.UTC(2026, 0, 1) + slot * 15 * MINUTE_MS,
          );
          const { days, dayIndex, minuteOfDay } = localTimes(instants, zone);
          instants.forEach((instant, i) => {
            const day = days[dayIndex[i]!];
            const { minuteOfDay: minute, ...calendar } = localTime(instant, zone);
            expect(minuteOfDay[i]).toBe(minute);
            expect(day).toMatchObject(calendar);
          });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('edges of buckets', () => {
  test('of the days of a month follow the clock change', () => {
    const { start } = dayWindow('2026-03-01', WARSAW);
    const { end } = dayWindow('2026-03-31', WARSAW);
    const widths = steps(bucketEdges({ start, end }, '1d', WARSAW));
    expect(widths).toHaveLength(31);
    expect(widths[28]).toBe(23 * 60);
    expect(widths.filter((width) => width === 24 * 60)).toHaveLength(30);
  });

  test('of hours of a 23-hour day are 23, of quarters of a 25-hour day 100', () => {
    expect(steps(bucketEdges(dayWindow('2026-03-29', WARSAW), '1h', WARSAW))).toEqual(Array(23).fill(60));
    expect(steps(bucketEdges(dayWindow('2026-10-25', WARSAW), '15m', WARSAW))).toEqual(Array(100).fill(15));
  });

  test('are counted from local midnight in zones with offsets of a half or a quarter hour', () => {
    for (const zone of ['Asia/Kolkata', 'Asia/Kathmandu']) {
      const { start, end } = dayWindow('2026-06-15', zone);
      expect(bucketEdges({ start: start + 20 * MINUTE_MS, end }, '1h', zone)[0]).toBe(start);
    }
  });

  test('of weeks are Mondays, and of months the first day', () => {
    const window = { start: Date.UTC(2026, 6, 15, 12), end: Date.UTC(2026, 6, 16) };
    expect(bucketEdges(window, '1w', 'UTC')).toEqual(Float64Array.of(Date.UTC(2026, 6, 13), Date.UTC(2026, 6, 20)));
    expect(bucketEdges(window, '1mo', 'UTC')).toEqual(Float64Array.of(Date.UTC(2026, 6, 1), Date.UTC(2026, 7, 1)));
  });

  test('ascend and enclose the window for any width, zone and window', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo'),
        fc.constantFrom(WARSAW, LORD_HOWE, 'Asia/Kathmandu', 'America/St_Johns', 'UTC'),
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 31) }),
        fc.integer({ min: 1, max: 40 * HOUR_MS }),
        (bucket, zone, start, length) => {
          const edges = bucketEdges({ start, end: start + length }, bucket, zone);
          expect(edges[0]).toBeLessThanOrEqual(start);
          expect(edges[1]).toBeGreaterThan(start);
          expect(edges.at(-1)).toBeGreaterThanOrEqual(start + length);
          expect(edges.at(-2)).toBeLessThan(start + length);
          for (const width of steps(edges)) expect(width).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of an unknown width are rejected with a list of the known ones', () => {
    expect(() => bucketEdges({ start: 0, end: 1 }, '7parsecs', 'UTC')).toThrow(/raw.*1mo.*7parsecs/);
  });
});
