import { describe, expect, test } from 'vitest';
import { DEFAULT_CADENCE_MS, decidingWindow, LONGEST_HOLD_MS, standsUntil } from './cadence.ts';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from './window.ts';

const DAY = Date.UTC(2026, 0, 15);
const at = (...minutes: number[]) => Float64Array.from(minutes, (minute) => DAY + minute * MINUTE_MS);
const holds = (instants: Float64Array, interval: number | null) =>
  [...standsUntil(instants, interval)].map((end, i) => (end - (instants[i] as number)) / MINUTE_MS);

describe('how long a sample stands', () => {
  test('until the next one, and the last one for a cadence', () => {
    expect(holds(at(0, 10, 20, 30), 10 * MINUTE_MS)).toEqual([10, 10, 10, 10]);
  });

  test('exactly 2.5 cadences of silence are bridged, a moment more is a gap', () => {
    expect(holds(at(0, 25), 10 * MINUTE_MS)).toEqual([25, 10]);
    expect(holds(at(0, 25.01), 10 * MINUTE_MS)).toEqual([10, 10]);
  });

  test('the cadence is the median spacing of the day, so that a few silences do not change it', () => {
    expect(holds(at(0, 5, 10, 60, 65, 70, 200), null)).toEqual([5, 5, 5, 5, 5, 5, 5]);
  });

  test('a lone day with fewer than three spacings counts as sampled every 15 minutes', () => {
    const cadence = DEFAULT_CADENCE_MS / MINUTE_MS;
    expect(holds(at(0), null)).toEqual([cadence]);
    expect(holds(at(0, 30, 90), null)).toEqual([30, cadence, cadence]);
  });

  test('a day with fewer than three spacings takes the cadence of the day before it, else of the day after it', () => {
    const hourly = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => (from + i) * 60);
    expect(holds(at(...hourly(20, 26)), null)).toEqual([60, 60, 60, 60, 60, 60]);
    expect(holds(at(...hourly(22, 30)), null)).toEqual([60, 60, 60, 60, 60, 60, 60, 60]);
    // Two days later it is no neighbour.
    const alone = DEFAULT_CADENCE_MS / MINUTE_MS;
    expect(holds(at(...hourly(0, 4), 2 * 1440), null)).toEqual([60, 60, 60, 60, alone]);
  });

  test('each UTC day has its own cadence', () => {
    const slow = [0, 60, 120, 180].map((minute) => minute + 1440);
    expect(holds(at(0, 1, 2, 3, ...slow), null)).toEqual([1, 1, 1, 1, 60, 60, 60, 60]);
  });

  test('a sample of undeclared cadence never stands longer than the longest hold', () => {
    const everySixHours = at(0, 360, 720, 1080);
    const longest = LONGEST_HOLD_MS / MINUTE_MS;
    expect(holds(everySixHours, null)).toEqual([longest, longest, longest, longest]);
    expect(holds(everySixHours, 6 * HOUR_MS)).toEqual([360, 360, 360, 360]);
  });
});

describe('the window that decides', () => {
  test('is the margin around a window where the interval is declared', () => {
    const window = { start: DAY + HOUR_MS, end: DAY + 2 * HOUR_MS };
    expect(decidingWindow(window, 10 * MINUTE_MS)).toEqual({
      start: DAY + 35 * MINUTE_MS,
      end: DAY + 2 * HOUR_MS + 25 * MINUTE_MS,
    });
  });

  test('is whole UTC days and their neighbours where it is found in the data', () => {
    const window = { start: DAY + HOUR_MS, end: DAY + 3 * HOUR_MS };
    expect(decidingWindow(window, null)).toEqual({ start: DAY - 2 * UTC_DAY_MS, end: DAY + 2 * UTC_DAY_MS });
  });
});
