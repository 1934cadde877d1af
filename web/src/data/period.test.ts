import { describe, expect, it } from 'vitest';
import { dayOf, dayWindow, hourOfDay, periodOf, resolutionOf, shiftInstant, shiftPeriod } from './period.ts';

const WARSAW = 'Europe/Warsaw';
const hours = (window: { start: number; end: number }) => (window.end - window.start) / 3_600_000;

describe('periods of a site', () => {
  it.each([
    ['2026-03-29', 23],
    ['2026-06-21', 24],
    ['2026-10-25', 25],
  ])('a day has the hours that its zone gives it: %s has %i', (day, expected) => {
    expect(hours(periodOf('day', day, WARSAW))).toBe(expected);
  });

  it('a week begins on Monday and may lose an hour', () => {
    const week = periodOf('week', '2026-03-29', WARSAW);
    expect([week.firstDay, week.lastDay]).toEqual(['2026-03-23', '2026-03-29']);
    expect(hours(week)).toBe(7 * 24 - 1);
  });

  it('a month and a year end by the calendar', () => {
    expect(periodOf('month', '2028-02-10', WARSAW).lastDay).toBe('2028-02-29');
    const year = periodOf('year', '2026-11-20', WARSAW);
    expect([year.firstDay, year.lastDay]).toEqual(['2026-01-01', '2026-12-31']);
    expect(hours(year)).toBe(365 * 24);
  });

  it('the period after the 31st is the next month, not the month after it', () => {
    expect(shiftPeriod('month', '2026-01-31', 1)).toBe('2026-02-01');
    expect(shiftPeriod('year', '2028-02-29', -1)).toBe('2027-01-01');
    expect(shiftPeriod('day', '2026-03-01', -1)).toBe('2026-02-28');
    expect(shiftPeriod('week', '2026-01-01', 1)).toBe('2026-01-05');
  });

  it('periods follow one another without a gap', () => {
    for (const unit of ['day', 'week', 'month', 'year'] as const) {
      const now = periodOf(unit, '2026-10-25', WARSAW);
      expect(periodOf(unit, shiftPeriod(unit, '2026-10-25', 1), WARSAW).start).toBe(now.end);
    }
  });

  it('a day without midnight starts at its first instant', () => {
    expect(new Date(periodOf('day', '2018-11-04', 'America/Sao_Paulo').start).toISOString()).toBe(
      '2018-11-04T03:00:00.000Z',
    );
  });

  it('the day of an instant is that of the site', () => {
    const lateUtc = Date.parse('2026-06-30T22:30:00Z');
    expect(dayOf(lateUtc, WARSAW)).toBe('2026-07-01');
    expect(dayOf(lateUtc, 'America/New_York')).toBe('2026-06-30');
    expect(hourOfDay(lateUtc, WARSAW)).toBe(0.5);
    expect(hours(dayWindow(Date.parse('2026-10-25T12:00:00Z'), WARSAW))).toBe(25);
  });

  it('shifting by days keeps the clock time across a change of the clock', () => {
    const monday = Date.parse('2026-03-30T08:00:00+02:00');
    expect(new Date(shiftInstant(monday, WARSAW, { days: -7 })).toISOString()).toBe('2026-03-23T07:00:00.000Z');
  });

  it('bars get coarser with the period', () => {
    expect((['day', 'week', 'month', 'year'] as const).map(resolutionOf)).toEqual(['1h', '1d', '1d', '1mo']);
  });
});
