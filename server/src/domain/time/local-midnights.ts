import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Temporal } from 'temporal-polyfill';

/**
 * Starts of calendar days at a site, requested in ascending order. Only days near a clock change are looked up in the calendar: a lookup
 * takes 7 µs, and a long window has tens of thousands of days.
 */
export class LocalMidnights {
  readonly #timeZone: string;
  /** Offset of the clock from UTC between two instants, epoch milliseconds. */
  #from: number;
  #until: number;
  #offsetMs: number;

  /** @param first instant before the first requested day */
  constructor(timeZone: string, first: number) {
    this.#timeZone = timeZone;
    const start = zoned(first - 3 * UTC_DAY_MS, timeZone);
    this.#from = start.epochMilliseconds;
    this.#offsetMs = start.offsetNanoseconds / 1e6;
    this.#until = nextChange(start);
  }

  /** The first instant of a day, epoch milliseconds. `day` is the midnight of the same date in UTC. */
  startOf(day: number): number {
    while (day - this.#offsetMs - UTC_DAY_MS > this.#until) this.#passChange();
    const midnight = day - this.#offsetMs;
    if (midnight - UTC_DAY_MS >= this.#from && midnight + UTC_DAY_MS <= this.#until) return midnight;
    const date = new Date(day).toISOString().slice(0, 10);
    return Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: this.#timeZone }).epochMilliseconds;
  }

  #passChange(): void {
    const change = zoned(this.#until, this.#timeZone);
    this.#from = this.#until;
    this.#offsetMs = change.offsetNanoseconds / 1e6;
    this.#until = nextChange(change);
  }
}

function nextChange(time: Temporal.ZonedDateTime): number {
  return time.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY;
}

function zoned(instant: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(instant)).toZonedDateTimeISO(timeZone);
}
