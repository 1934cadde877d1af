import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { zoned } from '../data/period.ts';
import type { Formatter } from '../ui/format.ts';

interface Step {
  readonly unit: 'minutes' | 'days' | 'months' | 'years';
  readonly count: number;
  /** Nominal length, used to choose a step. */
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
 * Ticks of an axis over [start, end): round clock times and calendar days in the time zone, also on days of 23 and 25
 * hours; at most `maxTicks` ticks.
 */
export function timeTicks(start: number, end: number, zone: string, maxTicks: number): number[] {
  if (!(end > start) || maxTicks < 1) return [];
  const step = STEPS.find(({ ms }) => (end - start) / ms <= maxTicks) ?? STEPS.at(-1)!;
  const ticks: number[] = [];
  for (
    let tick = firstTick(start, zone, step);
    tick < end && ticks.length < 4 * maxTicks;
    tick = nextTick(tick, zone, step)
  ) {
    if (tick >= start) ticks.push(tick);
  }
  return ticks;
}

/** Label of a tick: the clock time; the day at midnight; the year on 1 January. */
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
    // Days count from the first of each month, so that ticks stay in place when the axis is panned.
    const restarts = unit === 'days' && count !== 7 && next.month !== at.month;
    return (restarts ? next.with({ day: 1 }) : next).epochMilliseconds;
  }
  const minutes = at.hour * 60 + at.minute;
  const due = Math.floor(minutes / count) * count + count;
  const nextDay = at.startOfDay().add({ days: 1 });
  if (due >= 1440) return nextDay.epochMilliseconds;
  const next = at.with({ hour: Math.floor(due / 60), minute: due % 60, second: 0, millisecond: 0 });
  // The wall clock runs backwards at the repeated hour; instants must ascend.
  return next.epochMilliseconds > tick ? next.epochMilliseconds : tick + count * MINUTE_MS;
}
