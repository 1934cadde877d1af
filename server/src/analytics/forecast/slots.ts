import { MINUTES_PER_DAY } from '@wattkeeper/contract/durations.ts';
import { localTimes } from '../../domain/time/site-time.ts';

/** Consecutive slots of a series on the site's calendar: the known slots, then those to forecast. */
export interface Slots {
  /** Start of each slot, epoch milliseconds. */
  readonly starts: Float64Array;
  /** Slots of a 24-hour day: 96, 24 or 1. */
  readonly perDay: number;
  readonly minuteOfDay: Int16Array;
  /** 1 (Monday) to 7 (Sunday). */
  readonly weekday: Uint8Array;
  /** 1 on public holidays. */
  readonly holiday: Uint8Array;
  /** Outdoor temperature, measured or forecast at the time of the forecast; null if neither exists. */
  readonly temperatureC: Float64Array | null;
}

/** Data known at the time of the forecast: mean power (kW, NaN if missing) of the first slots. */
export interface History {
  readonly slots: Slots;
  readonly values: Float64Array;
}

/** A fitted model. */
export interface Fitted {
  /** Forecast of the slots after the history, kW. */
  predict(steps: number): Float64Array;
}

export const SLOTS_PER_DAY = { '15m': 96, '1h': 24, '1d': 1 } as const;
export type SlotWidth = keyof typeof SLOTS_PER_DAY;

/**
 * Builds slots on the calendar of a site.
 * @param starts of the slots, epoch milliseconds
 * @param holidays days (`YYYY-MM-DD`) with the load of a Sunday
 */
export function slotsOf(
  starts: Float64Array,
  width: SlotWidth,
  timeZone: string,
  holidays: ReadonlySet<string> = new Set(),
  temperatureC: Float64Array | null = null,
): Slots {
  const { days, dayIndex, minuteOfDay } = localTimes(starts, timeZone);
  const ofDay = <T>(pick: (day: (typeof days)[number]) => T) => {
    const picked = days.map(pick);
    return (slot: number) => picked[dayIndex[slot]!]!;
  };
  const weekdayOf = ofDay(({ weekday }) => weekday);
  const holidayOf = ofDay(({ day }) => (holidays.has(day) ? 1 : 0));
  return {
    starts,
    perDay: SLOTS_PER_DAY[width],
    minuteOfDay,
    weekday: Uint8Array.from(starts, (_, s) => weekdayOf(s)),
    holiday: Uint8Array.from(starts, (_, s) => holidayOf(s)),
    temperatureC,
  };
}

/** The slots starting at index `from`. */
export function slotsFrom(slots: Slots, from: number): Slots {
  const { starts, minuteOfDay, weekday, holiday, temperatureC } = slots;
  return {
    ...slots,
    starts: starts.subarray(from),
    minuteOfDay: minuteOfDay.subarray(from),
    weekday: weekday.subarray(from),
    holiday: holiday.subarray(from),
    temperatureC: temperatureC?.subarray(from) ?? null,
  };
}

/** The slot at the same clock time `away` slots (whole days) earlier; its distance differs across days that are not 24 h long. */
export function sameClock({ perDay, minuteOfDay }: Slots, slot: number, away: number): number {
  const before = slot - away;
  const minute = minuteOfDay[before];
  if (minute === undefined) return before;
  const late = ((minuteOfDay[slot]! - minute + 2160) % MINUTES_PER_DAY) - 720;
  return before + Math.round((late * perDay) / MINUTES_PER_DAY);
}

/** Fills gaps from the same time a week or a day away, otherwise with the mean. A series without values is unchanged. */
export function fillGaps(values: Float64Array, perDay: number): Float64Array {
  const filled = values.slice();
  const known = values.filter((value) => value === value);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  for (let s = 0; s < values.length; s++) {
    if (values[s] === values[s]) continue;
    filled[s] = mean;
    for (const away of [7 * perDay, perDay, 14 * perDay, 2 * perDay]) {
      const near = [filled[s - away], values[s + away]].filter((value) => value !== undefined && value === value);
      if (near.length === 0) continue;
      filled[s] = near.reduce((sum: number, value) => sum + (value as number), 0) / near.length;
      break;
    }
  }
  return filled;
}
