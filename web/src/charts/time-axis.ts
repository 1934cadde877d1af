import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { zoned } from '../data/period.ts';
import type { Formatter } from '../ui/format.ts';

interface Step {
  readonly unit: 'minutes' | 'days' | 'months' | 'years';
  readonly count: number;
  /** Its usual length, for choosing a step. */
  readonly ms: number;
}

const STEPS: readonly Step[] = [
  ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(
    (count): Step => ({ unit: 'minutes', count, ms: count * MINUTE_MS }),
  ),
  ...[1, 2, 7].map((count): Step => ({ unit: 'days', count, ms: count * UTC_DAY_MS })),
  ...[1, 2, 3, 6].map((count): Step => ({ unit: 'months', count, ms: count * 30.4 * UTC_DAY_MS })),
  ...[1, 2, 5, 10, 20, 50].map((count): Step => ({ unit: 'years', count, ms: count * 365.25 * UTC_DAY_MS })),
];

/**
 * Instants to mark on an axis over [start, end): round clock times and calendar days of the zone, on days of 23 and 25
 * hours too, at most `most` of them.
 */
export function timeTicks(start: number, end: number, zone: string, most: number): number[] {
  if (!(end > start) || most < 1) return [];
  const step = STEPS.find(({ ms }) => (end - start) / ms <= most) ?? STEPS.at(-1)!;
  const ticks: number[] = [];
  for (
    let tick = firstTick(start, zone, step);
    tick < end && ticks.length < 4 * most;
    tick = nextTick(tick, zone, step)
  ) {
    if (tick >= start) ticks.push(tick);
  }
  return ticks;
}

/** What stands at a tick: a clock time, at midnight the day, at the first of a year the year. */
export function tickLabel(tick: number, ticks: readonly number[], format: Formatter): string {
  const at = zoned(tick, format.settings.timeZone);
  const spacing = ticks.length > 1 ? ticks[1]! - ticks[0]! : UTC_DAY_MS;
  if (spacing > 300 * UTC_DAY_MS) return format.date(tick, { year: 'numeric' });
  if (spacing > 20 * UTC_DAY_MS) {
    return format.date(tick, at.month === 1 ? { year: 'numeric' } : { month: 'short' });
  }
  const midnight = at.epochMilliseconds === at.startOfDay().epochMilliseconds;
  return midnight ? format.date(tick, { day: 'numeric', month: 'short' }) : format.clock(tick);
}

function firstTick(start: number, zone: string, { unit, count }: Step): number {
  const at = zoned(start, zone);
  const day = at.startOfDay();
  if (unit === 'minutes') return day.epochMilliseconds;
  if (unit === 'days') {
    return (count === 7 ? day.subtract({ days: day.dayOfWeek - 1 }) : day.with({ day: 1 })).epochMilliseconds;
  }
  const year = day.with({ month: 1, day: 1 });
  return (unit === 'months' ? year : year.with({ year: year.year - (year.year % count) })).epochMilliseconds;
}

function nextTick(tick: number, zone: string, { unit, count }: Step): number {
  const at = zoned(tick, zone);
  if (unit !== 'minutes') {
    const next = at.add({ [unit]: count });
    // Days count from the first of each month, so that a mark keeps its place when the axis is moved.
    const restarts = unit === 'days' && count !== 7 && next.month !== at.month;
    return (restarts ? next.with({ day: 1 }) : next).epochMilliseconds;
  }
  const minutes = at.hour * 60 + at.minute;
  const due = Math.floor(minutes / count) * count + count;
  const nextDay = at.startOfDay().add({ days: 1 });
  if (due >= 1440) return nextDay.epochMilliseconds;
  const next = at.with({ hour: Math.floor(due / 60), minute: due % 60, second: 0, millisecond: 0 });
  // In the hour that is repeated the wall clock runs backwards; time must not.
  return next.epochMilliseconds > tick ? next.epochMilliseconds : tick + count * MINUTE_MS;
}
