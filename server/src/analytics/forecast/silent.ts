import type { History } from './slots.ts';

/** Weeks before the forecast that are looked at. */
const WEEKS = 8;
/** Days with readings, or weeks for one day of the week, that have to agree. */
const MIN_DAYS = 7;
const MIN_WEEKS = 3;
const MINUTES_A_DAY = 1440;

/**
 * Which of the slots after a history come at a time of the day, or of the week, at which nothing was ever reported in the last weeks: nobody knows what is used
 * then. Days and weeks without any reading, such as an outage, prove nothing.
 */
export function silentSlots({ slots, values }: History, steps: number): boolean[] {
  const { perDay, minuteOfDay, weekday } = slots;
  const n = values.length;
  const from = Math.max(0, n - WEEKS * 7 * perDay);
  const byMinute = new Seen(MIN_DAYS);
  const byWeek = new Seen(MIN_WEEKS);
  const days = spansWithReadings(values, from, perDay);
  const weeks = spansWithReadings(values, from, 7 * perDay);
  const weekly = (s: number) => weekday[s]! * MINUTES_A_DAY + minuteOfDay[s]!;
  for (let s = from; s < n; s++) {
    const isKnown = values[s] === values[s];
    if (days[Math.floor((n - 1 - s) / perDay)]) byMinute.add(minuteOfDay[s]!, isKnown);
    if (weeks[Math.floor((n - 1 - s) / (7 * perDay))]) byWeek.add(weekly(s), isKnown);
  }
  return Array.from({ length: steps }, (_, k) => {
    const s = n + k;
    return byMinute.isSilent(minuteOfDay[s]!) || byWeek.isSilent(weekly(s));
  });
}

/** Whether spans of so many slots, counted backwards from the end, have any reading. */
function spansWithReadings(values: Float64Array, from: number, length: number): boolean[] {
  const spans = Array.from({ length: Math.ceil((values.length - from) / length) }, () => false);
  for (let s = from; s < values.length; s++) {
    if (values[s] === values[s]) spans[Math.floor((values.length - 1 - s) / length)] = true;
  }
  return spans;
}

/** How often something was looked for, and found. */
class Seen {
  readonly #looked = new Map<number, number>();
  readonly #found = new Set<number>();
  readonly #least: number;

  constructor(least: number) {
    this.#least = least;
  }

  add(key: number, isKnown: boolean): void {
    this.#looked.set(key, (this.#looked.get(key) ?? 0) + 1);
    if (isKnown) this.#found.add(key);
  }

  isSilent(key: number): boolean {
    return (this.#looked.get(key) ?? 0) >= this.#least && !this.#found.has(key);
  }
}
