import { describe, expect, it } from 'vitest';
import { fromLocalField, periodOf, toLocalField } from '../../data/period.ts';
import { comparedWindow, steppedWindow, windowOf } from './history-window.ts';

const ZONE = 'Europe/Warsaw';
const NOW = Date.parse('2026-10-26T12:00:00+01:00');
const hours = ({ start, end }: { start: number; end: number }) => (end - start) / 3_600_000;

describe('windowOf', () => {
  it('moves with the clock, or follows the calendar', () => {
    expect(windowOf('24h', NOW, ZONE)).toEqual({ start: NOW - 86_400_000, end: NOW });
    expect(hours(windowOf('yesterday', NOW, ZONE))).toBe(25);
    expect(windowOf('today', NOW, ZONE).start).toBe(periodOf('day', '2026-10-26', ZONE).start);
    expect(new Date(windowOf('1y', NOW, ZONE).start).toISOString()).toBe('2025-10-26T11:00:00.000Z');
  });
});

describe('comparedWindow', () => {
  it('compares a whole day with the previous day, although that has 25 hours', () => {
    const monday = periodOf('day', '2026-10-26', ZONE);
    expect(comparedWindow('period', monday, ZONE)).toEqual({
      start: periodOf('day', '2026-10-25', ZONE).start,
      end: monday.start,
    });
  });

  it('keeps local times for last week and last year', () => {
    const window = { start: NOW - 3_600_000, end: NOW };
    expect(toLocalField(comparedWindow('week', window, ZONE).end, ZONE)).toBe('2026-10-19T12:00');
    expect(toLocalField(comparedWindow('year', window, ZONE).end, ZONE)).toBe('2025-10-26T12:00');
    expect(comparedWindow('period', window, ZONE)).toEqual({ start: NOW - 7_200_000, end: NOW - 3_600_000 });
  });
});

describe('steppedWindow', () => {
  const window = { start: 1000, end: 2000 };

  it('moves by half its width and stops at the current time', () => {
    expect(steppedWindow(window, 'earlier', 9000)).toEqual({ start: 500, end: 1500 });
    expect(steppedWindow(window, 'later', 9000)).toEqual({ start: 1500, end: 2500 });
    expect(steppedWindow(window, 'later', 2100)).toEqual({ start: 1100, end: 2100 });
  });

  it('halves and doubles around its middle', () => {
    expect(steppedWindow(window, 'in', 9000)).toEqual({ start: 1250, end: 1750 });
    expect(steppedWindow(window, 'out', 9000)).toEqual({ start: 500, end: 2500 });
  });
});

describe('date and time fields', () => {
  it("use the site's local time", () => {
    expect(toLocalField(NOW, ZONE)).toBe('2026-10-26T12:00');
    expect(fromLocalField('2026-10-26T12:00', ZONE)).toBe(NOW);
    expect(fromLocalField('', ZONE)).toBeNaN();
  });
});
