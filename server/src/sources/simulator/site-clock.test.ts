import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { expect, test } from 'vitest';
import { localTime } from '../../domain/time/site-time.ts';
import { SiteClock } from './site-clock.ts';

test.each([
  ['Europe/Amsterdam', Date.UTC(2026, 2, 28, 20)],
  ['Europe/Amsterdam', Date.UTC(2026, 9, 24, 20)],
  ['Australia/Lord_Howe', Date.UTC(2026, 9, 3, 10)],
  ['America/St_Johns', Date.UTC(2026, 10, 1, 0)],
  ['Pacific/Apia', Date.UTC(2026, 5, 1)],
])('the wall clock of %s is correct in the hours around a clock change', (zone, start) => {
  const clock = new SiteClock(zone);
  for (let t = start; t < start + 36 * HOUR_MS; t += 7 * MINUTE_MS + 30_000) {
    clock.moveTo(t);
    const { day, weekday, minuteOfDay } = localTime(t, zone);
    expect(new Date(clock.day.number * 24 * HOUR_MS).toISOString().slice(0, 10)).toBe(day);
    expect(clock.day.weekday).toBe(weekday);
    expect(Math.floor(clock.minute)).toBe(minuteOfDay);
    expect(clock.dayAt(clock.day.number)).toEqual(clock.day);
  }
});

test('an event keeps its time on the wall clock, also on a day of 23 hours', () => {
  const clock = new SiteClock('Europe/Amsterdam');
  clock.moveTo(Date.UTC(2026, 2, 29, 12));
  expect(clock.instantAt(clock.day, 7 * 60 + 30.5)).toBe(Date.UTC(2026, 2, 29, 5, 30, 30));
  expect(clock.instantAt(clock.day, 1440 + 60)).toBe(Date.UTC(2026, 2, 29, 23));
  expect(clock.instantAt(clock.dayAt(clock.day.number - 1), 7 * 60 + 30)).toBe(Date.UTC(2026, 2, 28, 6, 30));
});
