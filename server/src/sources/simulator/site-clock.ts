import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { dayWindow, instantOfLocal, localTime } from '../../domain/time/site-time.ts';

/** A calendar day at the site. */
export interface CalendarDay {
  /** Days from 1970-01-01 to the date. */
  readonly number: number;
  /** 1 Monday … 7 Sunday. */
  readonly weekday: number;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly start: number;
  readonly end: number;
}

/**
 * A site's wall clock for mostly ascending instants: the calendar is computed once a day, or for each instant on days with a clock
 * change.
 */
export class SiteClock {
  readonly timeZone: string;
  #day: CalendarDay = { number: 0, weekday: 0, month: 0, dayOfMonth: 0, start: 0, end: 0 };
  #minute = 0;

  constructor(timeZone: string) {
    this.timeZone = timeZone;
  }

  get day(): CalendarDay {
    return this.#day;
  }

  /** Minutes since 00:00 on the wall clock, with fraction. */
  get minute(): number {
    return this.#minute;
  }

  moveTo(instant: number): void {
    if (instant < this.#day.start || instant >= this.#day.end) this.#day = this.#find(instant);
    this.#minute =
      this.#day.end - this.#day.start === 24 * HOUR_MS
        ? (instant - this.#day.start) / MINUTE_MS
        : localTime(instant, this.timeZone).minuteOfDay + (instant % MINUTE_MS) / MINUTE_MS;
  }

  /** The day that is `days` after this one, or before it if negative. */
  dayAt(number: number): CalendarDay {
    // Noon UTC ± 12 h falls on the date in every zone up to +12; zones beyond +12 need 11 h earlier.
    const day = this.#find(number * UTC_DAY_MS + 11 * HOUR_MS);
    return day.number === number ? day : this.#find(number * UTC_DAY_MS - HOUR_MS);
  }

  /** The instant at which the wall clock shows `minute` on a day; 1440 and more continue into the next day. */
  instantAt(day: CalendarDay, minute: number): number {
    if (minute >= 1440) return day.end + (minute - 1440) * MINUTE_MS;
    if (day.end - day.start === 24 * HOUR_MS) return day.start + minute * MINUTE_MS;
    const whole = Math.floor(minute);
    const clock = `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`;
    const date = new Date(day.number * UTC_DAY_MS).toISOString().slice(0, 10);
    return instantOfLocal(`${date}T${clock}`, this.timeZone) + (minute - whole) * MINUTE_MS;
  }

  #find(instant: number): CalendarDay {
    const { day, weekday, month, dayOfMonth } = localTime(instant, this.timeZone);
    return { number: Date.parse(day) / UTC_DAY_MS, weekday, month, dayOfMonth, ...dayWindow(day, this.timeZone) };
  }
}
