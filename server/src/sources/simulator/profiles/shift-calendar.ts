import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { correlatedNormal, hash, Random } from '../random.ts';
import type { CalendarDay, SiteClock } from '../site-clock.ts';

/** Minutes on the wall clock. */
const EARLY = [360, 840] as const;
const LATE = [840, 1320] as const;
const NIGHT = [1320, 1800] as const;
const SATURDAY = [360, 780] as const;
const BREAKS = [
  [590, 610],
  [1080, 1100],
  [1560, 1580],
] as const;
/** Month and day of fixed holidays. */
const HOLIDAYS = new Set(['1-1', '1-6', '5-1', '8-15', '10-26', '11-1', '12-8']);
/** The plant is closed from 24 December to 2 January. */
const isShutdown = ({ month, dayOfMonth }: CalendarDay) =>
  (month === 12 && dayOfMonth >= 24) || (month === 1 && dayOfMonth <= 2);
const WARM_UP_MS = 45 * MINUTE_MS;
/** Orders above this require a night shift and Saturdays. */
const MANY_ORDERS = 0.88;

type Span = readonly [start: number, end: number];

/** Working times of a plant: two shifts on workdays, nights and Saturdays with many orders, none on holidays. */
export class ShiftCalendar {
  readonly #seed: number;
  readonly #clock: SiteClock;
  #dayNumber = Number.NaN;
  #shifts: Span[] = [];
  #breaks: Span[] = [];
  /** Orders of the week relative to the plant's capacity, about 0.45–1.1. */
  orders = 0;
  isWorking = false;
  isBreak = false;
  /** Ovens and heaters are switched on before a shift starts. */
  isWarmingUp = false;

  constructor(seed: number, clock: SiteClock) {
    this.#seed = seed;
    this.#clock = clock;
  }

  /** The clock must be set to `instant`. */
  moveTo(instant: number): void {
    if (this.#clock.day.number !== this.#dayNumber) this.#turnDay();
    this.isWorking = covers(this.#shifts, instant);
    this.isBreak = covers(this.#breaks, instant);
    this.isWarmingUp = !this.isWorking && covers(this.#shifts, instant + WARM_UP_MS);
  }

  #turnDay(): void {
    const { day } = this.#clock;
    this.#dayNumber = day.number;
    this.orders = this.#ordersOf(day.number);
    this.#shifts = [];
    this.#breaks = [];
    for (const number of [day.number - 1, day.number, day.number + 1]) this.#addShifts(this.#clock.dayAt(number));
  }

  #addShifts(day: CalendarDay): void {
    if (day.weekday === 7 || isShutdown(day) || HOLIDAYS.has(`${day.month}-${day.dayOfMonth}`)) return;
    const orders = this.#ordersOf(day.number);
    const random = new Random(hash(this.#seed, 'shifts', day.number));
    const add = (list: Span[], [from, to]: readonly [number, number]) =>
      list.push([this.#clock.instantAt(day, from), this.#clock.instantAt(day, to)]);
    if (day.weekday === 6) {
      if (orders > MANY_ORDERS || random.chance(0.25)) add(this.#shifts, SATURDAY);
      return;
    }
    add(this.#shifts, EARLY);
    if (orders > 0.6) add(this.#shifts, LATE);
    if (orders > MANY_ORDERS && day.weekday < 5) add(this.#shifts, NIGHT);
    for (const pause of BREAKS) add(this.#breaks, pause);
  }

  #ordersOf(dayNumber: number): number {
    // 1970-01-05 was a Monday.
    const week = Math.floor((dayNumber * UTC_DAY_MS - 4 * UTC_DAY_MS) / (7 * UTC_DAY_MS));
    return Math.min(1.1, Math.max(0.45, 0.84 + 0.13 * correlatedNormal(0.6, this.#seed, 'orders', week)));
  }
}

function covers(spans: readonly Span[], instant: number): boolean {
  for (let i = 0; i < spans.length; i++) {
    const [start, end] = spans[i]!;
    if (instant >= start && instant < end) return true;
  }
  return false;
}
