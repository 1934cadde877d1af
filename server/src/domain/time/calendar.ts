import type { CalendarPeriod } from '@wattkeeper/contract/analytics/calendar.ts';
import { MINUTES_PER_DAY } from '@wattkeeper/contract/durations.ts';
import { addDays, type LocalDay, localTimes } from './site-time.ts';

/** Categories of a site's calendar, by its local time. */
export interface Categories {
  readonly defaultCategory: string;
  readonly periods: readonly CalendarPeriod[];
}

interface Stretch {
  readonly category: string;
  readonly from: number;
  readonly to: number;
}

/** The category of each instant: that of the first matching period. Instants ascend. */
export function categoriesAt(
  { defaultCategory, periods }: Categories,
  instants: Float64Array,
  timeZone: string,
): string[] {
  const { days, dayIndex, minuteOfDay } = localTimes(instants, timeZone);
  const stretches = days.map((day) => periods.flatMap((period) => stretchesOf(period, day)));
  return Array.from(instants, (_, i) => {
    const minute = minuteOfDay[i]!;
    const found = stretches[dayIndex[i]!]!.find(({ from, to }) => minute >= from && minute < to);
    return found?.category ?? defaultCategory;
  });
}

/** Stretches of a day in which a period applies, in minutes; a stretch across midnight belongs to the day on which it starts. */
function stretchesOf(period: CalendarPeriod, { day, weekday }: LocalDay): Stretch[] {
  const { category } = period;
  const [from, to] = [minutesOf(period.from_time), minutesOf(period.to_time)];
  const isOvernight = to <= from;
  const today = holdsOn(period, day, weekday) ? [{ category, from, to: isOvernight ? MINUTES_PER_DAY : to }] : [];
  const isFromYesterday = isOvernight && holdsOn(period, addDays(day, -1), weekday === 1 ? 7 : weekday - 1);
  return isFromYesterday ? [...today, { category, from: 0, to }] : today;
}

function holdsOn({ from, to, weekdays }: CalendarPeriod, day: string, weekday: number): boolean {
  return (from ?? day) <= day && day <= (to ?? day) && (weekdays === undefined || weekdays.includes(weekday));
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return hours! * 60 + minutes!;
}
