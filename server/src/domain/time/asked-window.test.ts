import { DayOrInstant } from '@wattkeeper/contract/common.ts';
import { expect, test } from 'vitest';
import { askedDays } from './asked-window.ts';

test('a day is the whole day of the site, even of 23 hours, and an instant is unchanged', () => {
  const day = askedDays({ start_date: '2026-03-29', end_date: '2026-03-29' }, 'Europe/Warsaw');
  expect(day).toEqual({ start: Date.parse('2026-03-28T23:00:00Z'), end: Date.parse('2026-03-29T22:00:00Z') });
  const mixed = askedDays({ start_date: '2026-03-29T01:00:00+02:00', end_date: '2026-03-30' }, 'Europe/Warsaw');
  expect(mixed).toEqual({ start: Date.parse('2026-03-28T23:00:00Z'), end: Date.parse('2026-03-30T22:00:00Z') });
  expect(askedDays({}, 'UTC')).toEqual({ start: undefined, end: undefined });
});

test.each(['2026-02-30', '2026-03-29T01:30:00', 'yesterday', '20260329'])(
  '%s is rejected as neither a day nor an instant',
  (text) => {
    expect(DayOrInstant.safeParse(text).error?.issues[0]?.message).toContain(text);
  },
);
