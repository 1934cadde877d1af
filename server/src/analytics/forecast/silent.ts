import { MINUTES_PER_DAY } from '@wattkeeper/contract/durations.ts';
import type { History } from './slots.ts';

/** Weeks of history used. */
const WEEKS = 8;
/** Minimum number of days with readings, or of weeks for one day of the week. */
const MIN_DAYS = 7;
const MIN_WEEKS = 3;

/**
 * Marks the forecast slots at times of day, or of week, without any reading in recent weeks: consumption at those times is unknown. Days
 * and weeks without any reading, such as an outage, are ignored.
 */
export function silentSlots({ slots, values }: History, steps: number): boolean[] {
  const { perDay, minuteOfDay, weekday } = slots;
  const n = values.length;
  const from = Math.max(0, n - WEEKS * 7 * perDay);
  const byMinute = new ReadingCounts(MIN_DAYS);
  const byWeek = new ReadingCounts(MIN_WEEKS);
  const days = spansWithReadings(values, from, perDay);
  const weeks = spansWithReadings(values, from, 7 * perDay);
  const weekly = (s: number) => weekday[s]! * MINUTES_PER_DAY + minuteOfDay[s]!;
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

/** Whether each span of this many slots, counted backwards from the end, has any reading. */
function spansWithReadings(values: Float64Array, from: number, length: number): boolean[] {
  const spans = Array.from({ length: Math.ceil((values.length - from) / length) }, () => false);
  for (let s = from; s < values.length; s++) {
    if (values[s] === values[s]) spans[Math.floor((values.length - 1 - s) / length)] = true;
  }
  return spans;
}

/** Counts the observations and the readings of each time. */
class ReadingCounts {
  readonly #observed = new Map<number, number>();
  readonly #found = new Set<number>();
  readonly #min: number;

  constructor(min: number) {
    this.#min = min;
  }

  add(key: number, isKnown: boolean): void {
    this.#observed.set(key, (this.#observed.get(key) ?? 0) + 1);
    if (isKnown) this.#found.add(key);
  }

  isSilent(key: number): boolean {
    return (this.#observed.get(key) ?? 0) >= this.#min && !this.#found.has(key);
  }
}
