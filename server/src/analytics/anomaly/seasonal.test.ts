import { HOUR_MS, MINUTE_MS, UTC_DAY_MS, UTC_WEEK_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { detectSeasonal, SeasonalDetector } from './seasonal.ts';

/** A Monday. */
const START = Date.UTC(2025, 0, 6);

/** Repeatable noise, standard normal. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function series(days: number, stepMs: number, valueAt: (instant: number) => number, start = START) {
  const timestamps = Float64Array.from({ length: (days * UTC_DAY_MS) / stepMs }, (_, i) => start + i * stepMs);
  return { timestamps, values: timestamps.map(valueAt) };
}

const office = (instant: number) => {
  const day = Math.floor((instant - START) / UTC_DAY_MS) % 7;
  const hour = (instant % UTC_DAY_MS) / HOUR_MS;
  return day < 5 && hour >= 8 && hour < 18 ? 60 : 10;
};

const at = (timestamps: Float64Array, instant: number) => timestamps.indexOf(instant);
const maxScore = (scores: Float64Array, from: number, to: number) => Math.max(...scores.subarray(from, to));

describe('seasonal detection', () => {
  it('uses no value after the one that it scores', () => {
    const stepMs = 30 * MINUTE_MS;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.constant(Number.NaN)), {
          minLength: 2,
          maxLength: 900,
        }),
        fc.nat(),
        fc.double({ noNaN: true }),
        (numbers, cut, other) => {
          const known = cut % numbers.length;
          const whole = series(numbers.length / 48, stepMs, (t) => numbers[(t - START) / stepMs]!);
          const changed = { ...whole, values: whole.values.slice().fill(other, known) };
          const [a, b] = [whole, changed].map((one) => detectSeasonal(one, { probationMs: 0 }));
          for (const column of ['expected', 'sigma', 'score'] as const) {
            expect(a?.[column].slice(0, known)).toEqual(b?.[column].slice(0, known));
          }
          // The prediction made before a value is seen does not depend on it either.
          expect(a?.expected[known]).toEqual(b?.expected[known]);
          expect(a?.sigma[known]).toEqual(b?.sigma[known]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('continues from its state, plain JSON, as if it had not stopped', () => {
    const next = noise(3);
    const { timestamps, values } = series(20, HOUR_MS, (t) => office(t) + next());
    const whole = detectSeasonal({ timestamps, values });
    let detector = SeasonalDetector.begin();
    for (let i = 0; i < values.length; i++) {
      if (i % 100 === 0) detector = new SeasonalDetector(JSON.parse(JSON.stringify(detector.state())));
      const step = detector.step(timestamps[i]!, values[i]!);
      expect([step.expected, step.sigma, step.score]).toEqual([whole.expected[i], whole.sigma[i], whole.score[i]]);
    }
  });

  it('learns workdays and weekends, and does not score the next ones as anomalous', () => {
    const next = noise(5);
    const { timestamps, values } = series(42, 15 * MINUTE_MS, (t) => office(t) + next());
    const { expected, sigma, score } = detectSeasonal({ timestamps, values });
    const from = at(timestamps, START + 4 * UTC_WEEK_MS);
    let far = 0;
    for (let i = from; i < values.length; i++) {
      const truth = office(timestamps[i]!);
      if (Math.abs(expected[i]! - truth) > 4) far++;
      expect(sigma[i]).toBeLessThan(8);
    }
    expect(far).toBe(0);
    expect(maxScore(score, from, values.length)).toBeLessThan(0.99);
  });

  it('reports nothing in its first week, nor in noise alone', () => {
    const next = noise(7);
    const { timestamps, values } = series(60, 10 * MINUTE_MS, () => 20 + 3 * next());
    values[100] = 500;
    const { score } = detectSeasonal({ timestamps, values });
    const week = at(timestamps, START + UTC_WEEK_MS);
    expect(maxScore(score, 0, week)).toBe(0);
    // Five standard deviations of normal noise: once in a million values.
    expect(maxScore(score, week, score.length)).toBeLessThan(0.995);
  });

  it.each([
    ['a spike', (t: number) => (t === START + 30 * UTC_DAY_MS ? 80 : 0)],
    ['a missing peak', (t: number) => (t >= START + 30 * UTC_DAY_MS && t < START + 31 * UTC_DAY_MS ? -50 : 0)],
    ['a lasting change', (t: number) => (t >= START + 30 * UTC_DAY_MS ? 25 : 0)],
  ])('detects the start of %s', (_, fault) => {
    const next = noise(11);
    const clean = series(40, 10 * MINUTE_MS, (t) => office(t) + 2 * next());
    const values = clean.values.map((value, i) => value + fault(clean.timestamps[i]!));
    const { score } = detectSeasonal({ ...clean, values });
    const begin = at(clean.timestamps, START + 30 * UTC_DAY_MS);
    const before = maxScore(score, at(clean.timestamps, START + 3 * UTC_WEEK_MS), begin);
    const scored = maxScore(score, begin, begin + 6 * 12);
    expect(scored).toBeGreaterThan(0.99);
    expect(scored).toBeGreaterThan(before);
  });

  it('is not changed by a fault of some hours, and accepts a lasting change as normal', () => {
    const next = noise(13);
    const shifted = (from: number, until: number) =>
      series(60, 5 * MINUTE_MS, (t) => 20 + 0.3 * next() + (t >= from && t < until ? 8 : 0));
    const begin = START + 20 * UTC_DAY_MS;
    const short = shifted(begin, begin + 8 * HOUR_MS);
    const detection = detectSeasonal(short);
    const after = at(short.timestamps, begin + 8 * HOUR_MS);
    expect(Math.abs(detection.expected[after]! - 20)).toBeLessThan(1.5);
    expect((8 - 1.5) / detection.sigma[after - 1]!).toBeGreaterThan(3);
    const lasting = detectSeasonal(shifted(begin, Number.POSITIVE_INFINITY));
    const later = at(short.timestamps, begin + 15 * UTC_DAY_MS);
    expect(Math.abs(lasting.expected[later]! - 28)).toBeLessThan(1);
  });

  it('has a separate spread for each hour of the day', () => {
    const next = noise(17);
    const isDay = (t: number) => t % UTC_DAY_MS >= 8 * HOUR_MS && t % UTC_DAY_MS < 18 * HOUR_MS;
    const { timestamps, values } = series(60, 10 * MINUTE_MS, (t) => (isDay(t) ? 4 : 0.5) * next());
    const { sigma } = detectSeasonal({ timestamps, values });
    const [night, noon] = [2, 12].map((hour) => sigma[at(timestamps, START + 50 * UTC_DAY_MS + hour * HOUR_MS)]);
    expect(night).toBeGreaterThan(0.4);
    expect(night).toBeLessThan(0.8);
    expect(noon).toBeGreaterThan(3.4);
    expect(noon).toBeLessThan(4.8);
  });

  it('follows the clock of the site when it changes', () => {
    const timeZone = 'Europe/Berlin';
    const begin = Date.UTC(2025, 1, 24, 23);
    // Clocks go forward on 30 March 2025, 01:00 UTC: seven o'clock is 06:00 UTC before and 05:00 UTC after.
    const change = Date.UTC(2025, 2, 30, 1);
    const busy = (t: number) => {
      const clock = (t + HOUR_MS * (t < change ? 1 : 2)) % UTC_DAY_MS;
      return clock >= 7 * HOUR_MS && clock < 9 * HOUR_MS ? 5 : 1;
    };
    const one = series(40, 15 * MINUTE_MS, busy, begin);
    const { expected } = detectSeasonal({ ...one, timeZone });
    for (let t = change; t < change + 3 * UTC_DAY_MS; t += 15 * MINUTE_MS) {
      expect(Math.abs(expected[at(one.timestamps, t)]! - busy(t))).toBeLessThan(0.5);
    }
  });

  it('ignores missing values as if there were no row', () => {
    const next = noise(19);
    const whole = series(30, HOUR_MS, (t) => office(t) + next());
    const isThere = (i: number) => i % 7 !== 3 && !(i > 400 && i < 480);
    const holes = { ...whole, values: whole.values.map((value, i) => (isThere(i) ? value : Number.NaN)) };
    const rows = {
      timestamps: whole.timestamps.filter((_, i) => isThere(i)),
      values: whole.values.filter((_, i) => isThere(i)),
    };
    const [a, b] = [detectSeasonal(holes), detectSeasonal(rows)];
    for (const column of ['expected', 'sigma', 'score'] as const) {
      expect(a[column].filter((_, i) => isThere(i))).toEqual(b[column]);
    }
    const missing = whole.timestamps.findIndex((_, i) => i > 300 && !isThere(i));
    expect(a.score[missing]).toBe(0);
    expect(a.expected[missing]).toBeGreaterThan(0);
  });

  it('accepts irregular times', () => {
    const next = noise(23);
    const times: number[] = [];
    for (let t = START; t < START + 40 * UTC_DAY_MS; t += MINUTE_MS * (1 + Math.floor(30 * Math.abs(next()))))
      times.push(t);
    const timestamps = Float64Array.from(times);
    const values = timestamps.map((t) => office(t) + next());
    const fault = timestamps.findIndex((t) => t >= START + 35 * UTC_DAY_MS);
    values[fault] = 90;
    const { score, sigma } = detectSeasonal({ timestamps, values });
    expect(score[fault]).toBeGreaterThan(0.99);
    expect(sigma.subarray(1).every((spread) => spread > 0)).toBe(true);
  });

  it('expects no change of a constant series, and reports the first one', () => {
    const { timestamps, values } = series(30, HOUR_MS, () => 21);
    values.fill(22, 700);
    const { expected, sigma, score } = detectSeasonal({ timestamps, values });
    expect(maxScore(score, 0, 700)).toBe(0);
    expect(expected[699]).toBe(21);
    expect(sigma.subarray(1).every((spread) => spread > 0)).toBe(true);
    expect(score[700]).toBeGreaterThan(0.999);
  });

  it.each([1e-6, 1e6])('gives the same scores in other units: times %d', (factor) => {
    const next = noise(29);
    const { timestamps, values } = series(20, HOUR_MS, (t) => office(t) + next());
    values[400] = 300;
    const [own, other] = [values, values.map((value) => factor * value)].map((v) =>
      detectSeasonal({ timestamps, values: v }),
    );
    for (let i = 1; i < values.length; i++) {
      expect(other!.sigma[i]! / factor).toBeCloseTo(own!.sigma[i]!, 5);
      expect(other!.score[i]).toBeCloseTo(own!.score[i]!, 5);
    }
  });

  it('continues after impossible values', () => {
    const next = noise(31);
    const { timestamps, values } = series(20, HOUR_MS, (t) => office(t) + next());
    const clean = detectSeasonal({ timestamps, values: values.map((value, i) => (i === 300 ? Number.NaN : value)) });
    for (const absurd of [1e300, -1e300, Number.POSITIVE_INFINITY]) {
      values[300] = absurd;
      expect(detectSeasonal({ timestamps, values })).toEqual(clean);
    }
  });

  it('returns numbers for any input', () => {
    const wild = fc.oneof(
      fc.double({ noNaN: true }),
      fc.constantFrom(0, 1, -1e60, 1e60, 1e-300, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double({ min: 20, max: 21, noNaN: true }),
    );
    const wait = fc.constantFrom(0, 1, MINUTE_MS, HOUR_MS, 400 * UTC_DAY_MS);
    fc.assert(
      fc.property(fc.array(fc.tuple(wait, wild), { minLength: 2, maxLength: 300 }), (rows) => {
        let time = START;
        const timestamps = Float64Array.from(rows, ([passed]) => {
          time += passed;
          return time;
        });
        const values = Float64Array.from(rows, ([, value]) => value);
        const { expected, sigma, score } = detectSeasonal({ timestamps, values }, { probationMs: 0 });
        const first = values.findIndex((value) => Math.abs(value) <= 1e60);
        for (let i = first + 1; first >= 0 && i < values.length; i++) {
          expect(expected[i], 'expected').toSatisfy(Number.isFinite);
          expect(sigma[i], 'sigma').toSatisfy((number: number) => number > 0 && number < Number.POSITIVE_INFINITY);
          expect(score[i], 'score').toSatisfy((number: number) => number >= 0 && number <= 1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('needs constant memory', () => {
    const detector = SeasonalDetector.begin();
    const sizes: number[] = [];
    for (let i = 0; i < 40_000; i++) {
      detector.step(START + i * 5 * MINUTE_MS, i % 10);
      if (i % 10_000 === 9_999) sizes.push(JSON.stringify(detector.state()).length);
    }
    for (const size of sizes) expect(size).toBeLessThan(60_000);
  });

  it('rejects series that it cannot score', () => {
    expect(() => SeasonalDetector.begin({ slotMs: 7 * MINUTE_MS })).toThrow(/slotMs must divide an hour.*420000/);
    expect(() => SeasonalDetector.begin({}, { probationMs: -1 })).toThrow(/probationMs.*-1/);
    expect(() => detectSeasonal({ timestamps: new Float64Array(2), values: new Float64Array(3) })).toThrow(
      /2 timestamps.*3/,
    );
    const detector = SeasonalDetector.begin();
    detector.step(START, 1);
    expect(() => detector.step(START - 1, 1)).toThrow(/must ascend/);
    expect(() => new SeasonalDetector({ ...detector.state(), version: 2 as 1 })).toThrow(/version 2/);
  });
});
