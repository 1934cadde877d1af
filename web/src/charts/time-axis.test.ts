import { describe, expect, it } from 'vitest';
import { periodOf } from '../data/period.ts';
import { Formatter } from '../ui/format.ts';
import { tickLabel, timeTicks } from './time-axis.ts';

const ZONE = 'Europe/Warsaw';
const format = new Formatter({ language: 'en', timeZone: ZONE, currency: 'PLN' });
const labels = (ticks: readonly number[]) => ticks.map((tick) => tickLabel(tick, ticks, format));

describe('timeTicks', () => {
  it('marks round clock times in the time zone', () => {
    const day = periodOf('day', '2026-06-21', ZONE);
    expect(labels(timeTicks(day.start, day.end, ZONE, 8))).toEqual([
      'Jun 21',
      '03:00',
      '06:00',
      '09:00',
      '12:00',
      '15:00',
      '18:00',
      '21:00',
    ]);
  });

  it.each(['2026-03-29', '2026-10-25'])('keeps to the wall clock on %s, when the clock is changed', (date) => {
    const day = periodOf('day', date, ZONE);
    const ticks = timeTicks(day.start, day.end, ZONE, 5);
    expect(labels(ticks).slice(1)).toEqual(['06:00', '12:00', '18:00']);
    const fine = timeTicks(day.start, day.end, ZONE, 50);
    expect(fine).toEqual([...fine].sort((a, b) => a - b));
    expect(new Set(fine).size).toBe(fine.length);
  });

  it('marks days, months and years as the span grows', () => {
    const start = Date.parse('2026-01-10T00:00:00Z');
    const after = (days: number) => start + days * 86_400_000;
    expect(labels(timeTicks(start, after(5), ZONE, 6))[0]).toBe('Jan 11');
    expect(labels(timeTicks(start, after(200), ZONE, 8))).toEqual(['Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul']);
    expect(labels(timeTicks(start, after(2000), ZONE, 8))).toEqual(['2027', '2028', '2029', '2030', '2031']);
  });

  it('returns a bounded number of ticks', () => {
    expect(timeTicks(5, 5, ZONE, 8)).toEqual([]);
    expect(timeTicks(0, Date.UTC(2199, 0), ZONE, 8).length).toBeLessThanOrEqual(12);
  });
});
