import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { dayWindow, instantOfLocal, localTime } from '../../domain/time/site-time.ts';

/** The site's calendar day that an instant falls on. */
export interface CalendarDay {
  /** Days from 1970-01-01 to this date. */
  readonly number: number;
  /** 1 Monday … 7 Sunday. */
  readonly weekday: number;
  readonly month: number;
  readonly dayOfMonth: number;
  readonly start: number;
  readonly end: number;
}

/** A site's wall clock for instants that mostly ascend: the calendar is asked once a day, or once an instant on days with a clock change. */
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

  /** The day that follows or precedes by `days`. */
  dayAt(number: number): CalendarDay {
    // Noon UTC ± 12 h still hits the date in every zone but those beyond +12, where 11 h earlier does.
    const day = this.#find(number * UTC_DAY_MS + 11 * HOUR_MS);
    return day.number === number ? day : this.#find(number * UTC_DAY_MS - HOUR_MS);
  }

  /** The instant at which this wall clock shows `minute` on a day; 1440 and more reach into the next day. */
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
