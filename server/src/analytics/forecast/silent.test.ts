import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { silentSlots } from './silent.ts';
import { slotsOf } from './slots.ts';

const STEPS = 7 * 24;
/** A Monday. */
const START = Date.UTC(2026, 5, 1);

/** Silent slots of the coming week after this many days in which some hours are known. */
function ahead(days: number, isKnown: (day: number, hour: number) => boolean): boolean[] {
  const starts = Float64Array.from({ length: days * 24 + STEPS }, (_, h) => START + h * HOUR_MS);
  const values = Float64Array.from({ length: days * 24 }, (_, h) =>
    isKnown(Math.floor(h / 24), h % 24) ? 5 : Number.NaN,
  );
  return silentSlots({ slots: slotsOf(starts, '1h', 'UTC'), values }, STEPS);
}
const isDay = (hour: number) => hour >= 6 && hour < 20;

it('a machine without readings at night is silent at night', () => {
  expect(ahead(14, (_, hour) => isDay(hour))).toEqual(Array.from({ length: STEPS }, (_, h) => !isDay(h % 24)));
});

it('a machine without readings on Sundays is silent on Sundays', () => {
  expect(ahead(28, (day) => day % 7 !== 6)).toEqual(Array.from({ length: STEPS }, (_, h) => Math.floor(h / 24) === 6));
});

it('an outage, a short history, or nights with readings in one week do not make slots silent', () => {
  expect(ahead(56, (day) => day < 14 || day > 40)).not.toContain(true);
  expect(ahead(5, (_, hour) => isDay(hour))).not.toContain(true);
  expect(ahead(28, (day, hour) => isDay(hour) || day >= 20)).not.toContain(true);
});
