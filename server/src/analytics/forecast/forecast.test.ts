import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accuracyOf, meanAbsoluteError } from './accuracy.ts';
import { boost } from './boosted-trees.ts';
import { fitCalendarRegression, fitMixture } from './calendar-models.ts';
import { contest } from './contest.ts';
import { HORIZONS, originsOf } from './horizons.ts';
import { calibrate, intervalOf } from './intervals.ts';
import { fitSeasonalNaive } from './seasonal-naive.ts';
import { fillGaps, slotsOf } from './slots.ts';
import { fitAbsolute } from './weighted-fit.ts';

/** A Monday. */
const START = Date.UTC(2026, 0, 5);
const hours = (count: number) => Float64Array.from({ length: count }, (_, h) => START + h * HOUR_MS);
/** Reproducible values, uniform over 0–1. */
const chance = (i: number) => {
  const x = Math.sin((i + 1) * 12.9898) * 43758.5453;
  return x - Math.floor(x);
};

describe('slots', () => {
  it('follow the clock of the site, also across the change to summer time', () => {
    const starts = Float64Array.from({ length: 30 }, (_, h) => Date.parse('2026-03-28T23:00:00Z') + h * HOUR_MS);
    const slots = slotsOf(starts, '1h', 'Europe/Warsaw', new Set(['2026-03-30']));
    expect([...slots.minuteOfDay.subarray(0, 4)]).toEqual([0, 60, 180, 240]);
    expect(slots.weekday[0]).toBe(7);
    expect([slots.holiday[22], slots.holiday[23]]).toEqual([0, 1]);
  });

  it('fill gaps from the same time a week away, and leave known values unchanged', () => {
    const values = Float64Array.from({ length: 28 }, (_, d) => d % 7);
    values[10] = Number.NaN;
    expect(fillGaps(values, 1)[10]).toBe(3);
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 })), { minLength: 1, maxLength: 60 }),
        (list) => {
          const given = Float64Array.from(list, (value) => value ?? Number.NaN);
          const filled = fillGaps(given, 1);
          const isKnown = given.some((value) => value === value);
          for (const [s, value] of given.entries()) {
            if (value === value) expect(filled[s]).toBe(value);
            else expect(Number.isNaN(filled[s])).toBe(!isKnown);
          }
        },
      ),
    );
  });
});

describe('the seasonal naive forecast', () => {
  it('repeats the newest known season', () => {
    const starts = Float64Array.from({ length: 10 }, (_, d) => START + d * 24 * HOUR_MS);
    const slots = slotsOf(starts, '1d', 'UTC');
    const values = Float64Array.of(1, 2, 3, 4, Number.NaN, 6);
    expect([...fitSeasonalNaive({ slots, values }, 3).predict(4)]).toEqual([4, 2, 6, 4]);
  });
});

describe('models on the days that are not 24 hours long', () => {
  it('use the clock time, not the number of hours', () => {
    // From Friday; the clock skips an hour on Sunday, 2026-03-29.
    const starts = Float64Array.from({ length: 4 * 24 }, (_, h) => Date.parse('2026-03-26T23:00:00Z') + h * HOUR_MS);
    const slots = slotsOf(starts, '1h', 'Europe/Warsaw');
    const values = Float64Array.from({ length: 3 * 24 - 1 }, (_, h) => slots.minuteOfDay[h]!);
    const points = fitSeasonalNaive({ slots, values }, 24).predict(24);
    // Monday is forecast from Sunday; its hour from two, which Sunday lacked, from the following hour.
    expect([...points]).toEqual(Array.from({ length: 24 }, (_, h) => (h === 2 ? 180 : h * 60)));
  });
});

describe('a fit of minimum absolute errors', () => {
  it('is the median, not the mean, of skewed values', () => {
    // Quantiles of the exponential distribution: median ln 2, mean 1.
    const y = Float64Array.from({ length: 999 }, (_, i) => -Math.log(1 - (i + 0.5) / 999));
    const x = { rows: 999, columns: 1, values: new Float64Array(999).fill(1) };
    const [centre] = fitAbsolute(x, y, new Float64Array(999).fill(1));
    // Nine tenths of the distance from the mean to the median.
    expect(Math.abs((centre as number) - Math.LN2)).toBeLessThan((1 - Math.LN2) / 10);
  });
});

describe('boosted trees', () => {
  it('fit a step that no linear model fits', () => {
    const column = Float64Array.from({ length: 400 }, (_, r) => r % 20);
    const errors = column.map((value) => (value >= 7 && value < 12 ? 10 : -1));
    const options = { rounds: 60, learningRate: 0.2, depth: 3, minRows: 10 };
    const added = boost([column], errors, new Float64Array(400).fill(1), options);
    for (let r = 0; r < 400; r++) expect(added[r]).toBeCloseTo(errors[r]!, 2);
  });
});

describe('the calendar regression', () => {
  const load = (h: number) => {
    const isHoliday = Math.floor(h / 24) % 7 === 6 || Math.floor(h / 24) === 72;
    return (isHoliday ? 2 : 10) + 3 * Math.sin((2 * Math.PI * h) / 24);
  };

  it('predicts the load of a coming holiday', () => {
    // Day 72 is a Wednesday.
    const holidays = new Set(['2026-03-18', '2026-01-28', '2026-02-18']);
    const slots = slotsOf(hours(73 * 24), '1h', 'UTC', holidays);
    const values = Float64Array.from({ length: 72 * 24 }, (_, h) => {
      const day = Math.floor(h / 24);
      return day === 23 || day === 44 ? load(6 * 24 + (h % 24)) : load(h);
    });
    const points = fitCalendarRegression({ slots, values }, { steps: 24, halfLifeDays: 90 }).predict(24);
    const error = points.reduce((sum, point, k) => sum + Math.abs(point - load(72 * 24 + k)), 0) / 24;
    expect(error).toBeLessThan(1);
  });

  it('follows the forecast temperature', () => {
    const cold = (h: number) => 5 - 10 * chance(Math.floor(h / 24));
    const values = Float64Array.from({ length: 90 * 24 }, (_, h) => 4 + 0.5 * (15 - cold(h)));
    const temperature = hours(91 * 24).map((_, h) => (h < 90 * 24 ? cold(h) : -20));
    const slots = slotsOf(hours(91 * 24), '1h', 'UTC', new Set(), temperature);
    const points = fitCalendarRegression({ slots, values }, { steps: 24, halfLifeDays: 365 }).predict(24);
    for (const point of points) expect(Math.abs(point - (4 + 0.5 * 35))).toBeLessThan(1);
  });

  it('fits a machine that is either on or off, using trees', () => {
    const runs = (h: number) => (h % 24 >= 6 && h % 24 < 22 && Math.floor(h / 24) % 7 < 5 ? 40 : 2);
    const slots = slotsOf(hours(57 * 24), '1h', 'UTC');
    const values = Float64Array.from({ length: 56 * 24 }, (_, h) => runs(h) + chance(h));
    const points = fitMixture({ slots, values }, { steps: 24, halfLifeDays: 60 }).predict(24);
    for (const [k, point] of points.entries()) expect(Math.abs(point - runs(k) - 0.5)).toBeLessThan(2);
  });
});

/** Back-tests of a constant forecast of 10; measured values are uniform over 10 ± the width of their hour. */
function trialsWith(count: number) {
  const steps = 24;
  const slots = slotsOf(hours((count + 1) * 24), '1h', 'UTC');
  const values = Float64Array.from({ length: count * 24 }, (_, h) => 10 + (1 + (h % 24)) * 0.2 * (2 * chance(h) - 1));
  const origins = Array.from({ length: count }, (_, i) => i * 24);
  return { slots, values, origins, steps, predicted: new Float64Array(count * steps).fill(10) };
}

describe('intervals', () => {
  it('have the nominal coverage in each hour, despite different spreads', () => {
    const trials = trialsWith(200);
    const { coverage, mae } = accuracyOf(trials, 24);
    // Mean of 0.1 × (1 … 24).
    expect(mae).toBeCloseTo(1.25, 1);
    for (const { level, share } of coverage) expect(Math.abs(share - level)).toBeLessThan(0.02);
    const window = {
      slots: trials.slots,
      from: 0,
      predicted: new Float64Array(24).fill(10),
      limits: { min: 0, max: 100 },
    };
    const { lower, upper } = intervalOf(calibrate(trials), 0.8, window);
    expect(upper[23]! - lower[23]!).toBeGreaterThan(6 * (upper[0]! - lower[0]!));
  });

  it('are nested and within the limits of the load', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.double({ min: 0, max: 20, noNaN: true }), (count, level) => {
        const trials = trialsWith(count);
        const window = {
          slots: trials.slots,
          from: 0,
          predicted: new Float64Array(24).fill(level),
          limits: { min: 0, max: 15 },
        };
        const calibration = calibrate(trials);
        const [inner, outer] = [intervalOf(calibration, 0.8, window), intervalOf(calibration, 0.95, window)];
        for (let k = 0; k < 24; k++) {
          expect(outer.lower[k]).toBeLessThanOrEqual(inner.lower[k]!);
          expect(outer.upper[k]).toBeGreaterThanOrEqual(inner.upper[k]!);
          expect(outer.lower[k]).toBeGreaterThanOrEqual(0);
          expect(outer.upper[k]).toBeLessThanOrEqual(15);
        }
      }),
    );
  });

  it('have no accuracy if a forecast is missing', () => {
    const trials = trialsWith(5);
    expect(meanAbsoluteError(trials)).toBeGreaterThan(0);
    trials.predicted[3] = Number.NaN;
    expect(meanAbsoluteError(trials)).toBeNaN();
  });
});

describe('back-tests', () => {
  it('are followed by a complete horizon and preceded by half of the history', () => {
    for (const horizon of Object.values(HORIZONS)) {
      const perDay = { '15m': 96, '1h': 24, '1d': 1 }[horizon.width];
      for (const days of [horizon.minDays, 100, 400]) {
        const known = days * perDay;
        const origins = originsOf(horizon, perDay, known);
        expect(origins.length).toBeGreaterThan(0);
        expect(origins.at(-1)).toBe(known - horizon.steps);
        expect(origins[0]).toBeGreaterThanOrEqual((days * perDay) / 2);
      }
    }
  });
});

describe('model selection', () => {
  const perfect = { regression_quick: 0, naive_day: 3, naive_week: 2 } as Record<string, number>;
  const slots = slotsOf(hours(101 * 24), '1h', 'UTC');
  const values = Float64Array.from({ length: 100 * 24 }, (_, h) => 10 + (h % 24) + chance(h));
  const task = { slots, values, horizon: HORIZONS['24h'] };

  it('picks the minimum error and compares it with the better naive forecast', async () => {
    const found = await contest(task, async ({ candidate, origins, steps }) => {
      if (candidate === 'arima') return { failed: 'it took longer than 1 s and was ended' };
      const off = perfect[candidate] ?? 5;
      return {
        predicted: Float64Array.from(
          origins.flatMap((o) => Array.from({ length: steps }, (_, k) => values[o + k]! + off)),
        ),
      };
    });
    expect(found).toMatchObject({
      best: 'regression_quick',
      naive: { candidate: 'naive_week', mae: expect.closeTo(2, 9) },
      skill: 1,
      // The second half of 100 days: (2400 − 24 − 1200) ÷ 25, plus one.
      origins: 48,
    });
    expect(found?.entries.at(-1)).toEqual({
      candidate: 'arima',
      mae: null,
      reason: 'it took longer than 1 s and was ended',
    });
  });

  it('requires enough history', async () => {
    const few = { ...task, values: values.subarray(0, 5 * 24) };
    expect(await contest(few, async () => ({ failed: 'never called' }))).toBeNull();
  });
});
