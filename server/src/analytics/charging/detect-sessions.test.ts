import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Steps, splitSteps, stepsOf } from '../energy/steps.ts';
import { BATTERY_RULES, detectSessions } from './detect-sessions.ts';

const T0 = Date.UTC(2026, 5, 15);
const at = (minute: number) => T0 + minute * MINUTE_MS;
const LATER = at(10_000);

/** Power as consecutive `[minutes, kW]` stretches; null is a gap. */
function power(...stretches: readonly [minutes: number, kw: number | null][]): Steps {
  const starts: number[] = [];
  const ends: number[] = [];
  const values: number[] = [];
  let minute = 0;
  for (const [minutes, kw] of stretches) {
    if (kw !== null) {
      starts.push(at(minute));
      ends.push(at(minute + minutes));
      values.push(kw);
    }
    minute += minutes;
  }
  return { starts: Float64Array.from(starts), ends: Float64Array.from(ends), values: Float64Array.from(values) };
}
const detect = (steps: Steps, asOf = LATER) => detectSessions(steps, null, BATTERY_RULES, asOf);
const spans = (steps: Steps) =>
  detect(steps).map(({ startAt, endAt }) => [(startAt - T0) / MINUTE_MS, (endAt - T0) / MINUTE_MS]);

describe('charging sessions', () => {
  test('have a direction, a start, an end and energy', () => {
    const found = detect(power([60, 0], [120, 2], [30, 0], [60, -1.5], [30, 0]));
    expect(found).toEqual([
      {
        direction: 'charge',
        startAt: at(60),
        endAt: at(180),
        isRunning: false,
        energyKwh: 4,
        startSocPercent: null,
        endSocPercent: null,
      },
      {
        direction: 'discharge',
        startAt: at(210),
        endAt: at(270),
        isRunning: false,
        energyKwh: 1.5,
        startSocPercent: null,
        endSocPercent: null,
      },
    ]);
  });

  test('start at the upper threshold and continue down to the lower one', () => {
    expect(spans(power([20, 0.15], [20, 1], [20, 0.15], [20, 0.05], [60, 0]))).toEqual([[20, 60]]);
  });

  test('continue over a short break, with or without readings, and include its energy', () => {
    expect(spans(power([30, 1], [10, 0], [30, 1], [10, null], [30, 1]))).toEqual([[0, 110]]);
    expect(spans(power([30, 1], [11, 0], [30, 1]))).toEqual([
      [0, 30],
      [41, 71],
    ]);
    expect(detect(power([30, 1], [6, 0.05], [30, 1]))[0]?.energyKwh).toBeCloseTo(1.005, 12);
  });

  test('are not detected if too short or too small', () => {
    expect(spans(power([4, 5], [60, 0], [20, 0.25], [60, 0]))).toEqual([]);
  });

  test('are running until the maximum break has passed', () => {
    const steps = power([30, 1]);
    expect(detect(steps, at(35))[0]?.isRunning).toBe(true);
    expect(detect(steps, at(41))[0]?.isRunning).toBe(false);
  });

  test('use the state of charge nearest to start and end, unless it is stale', () => {
    const soc = { timestamps: Float64Array.of(at(55), at(175), at(400)), values: Float64Array.of(20, 60, 90) };
    const [first, second] = detectSessions(power([60, 0], [120, 2], [600, 0], [60, 1]), soc, BATTERY_RULES, LATER);
    expect([first?.startSocPercent, first?.endSocPercent]).toEqual([20, 60]);
    expect([second?.startSocPercent, second?.endSocPercent]).toEqual([null, null]);
  });

  test('do not overlap, satisfy the thresholds, contain at most the energy of the power, and are the same on repeated detection', () => {
    const anyPower = fc
      .array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom(0, 0.15, 1, 3, -0.15, -2)), { maxLength: 60 })
      .map((stretches) => power(...stretches));
    fc.assert(
      fc.property(anyPower, (steps) => {
        const found = detect(steps);
        expect(detect(steps)).toEqual(found);
        for (const [i, session] of found.entries()) {
          expect(session.endAt - session.startAt).toBeGreaterThanOrEqual(BATTERY_RULES.minMs);
          expect(session.energyKwh).toBeGreaterThanOrEqual(BATTERY_RULES.minKwh);
          expect(session.startAt).toBeGreaterThanOrEqual(found[i - 1]?.endAt ?? 0);
          const flowed = splitSteps(steps, Float64Array.of(session.startAt, session.endAt));
          const way = session.direction === 'charge' ? flowed.positive : flowed.negative;
          expect(session.energyKwh).toBeLessThanOrEqual(way[0]! + 1e-9);
        }
      }),
    );
  });

  test('are the same from samples as from steps', () => {
    const samples = {
      timestamps: Float64Array.from({ length: 60 }, (_, i) => at(i)),
      values: new Float64Array(60).fill(2),
    };
    const [session] = detect(stepsOf(samples, { expectedIntervalMs: MINUTE_MS, asOf: LATER }));
    expect(session?.energyKwh).toBeCloseTo(2, 12);
  });
});
