import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeWith } from '../../../test/needs.ts';
import { anyCounter } from '../../../test/recorded-counter.ts';
import { aggregateSeries } from '../columns/aggregate.ts';
import { lowerBound, type Series } from '../columns/frame.ts';
import { counterOf, counterWindow } from './counter.ts';
import { counterHistory } from './growth.ts';

const UNDECLARED_COUNTER = counterOf('kWh');
const ALL = { start: -8.64e15, end: 8.64e15 };
const T0 = Date.UTC(2026, 7, 3, 10);

const historyOf = (series: Series, counter = UNDECLARED_COUNTER) => counterHistory(series, counter, ALL);
const grownBy = (series: Series, counter = UNDECLARED_COUNTER) =>
  historyOf(series, counter).growth.reduce((sum, { amount }) => sum + amount, 0);

/** Values one minute apart. */
const minutely = (...values: number[]): Series => ({
  timestamps: Float64Array.from(values, (_, i) => T0 + i * 60_000),
  values: Float64Array.from(values),
});
const hourly = (count: number, readingAt: (hour: number) => number): Series => ({
  timestamps: Float64Array.from({ length: count }, (_, hour) => T0 + hour * 3_600_000),
  values: Float64Array.from({ length: count }, (_, hour) => readingAt(hour)),
});
const kindsOf = (series: Series) => historyOf(series).events.map(({ kind }) => kind);

describe('a counter', () => {
  it('ignores a run of misreads that returns to the old level, and reports it', () => {
    const series = minutely(40_482.8, 0, 0, 40_482.9, 40_483);
    expect(grownBy(series)).toBeCloseTo(0.2, 9);
    expect(historyOf(series).events).toMatchObject([
      { kind: 'misread', start: T0 + 60_000, end: T0 + 120_000, before: 40_482.8, after: 0, counted: 0 },
    ]);
  });

  it('does not count the first reading after initial zeros', () => {
    const series = minutely(0, 5508.51, 5508.52);
    expect(grownBy(series)).toBeCloseTo(0.01, 9);
    expect(historyOf(series).events).toMatchObject([{ kind: 'misread', inDoubt: 5508.51 }]);
  });

  it('ignores a misread that is too high by a small share of the value', () => {
    const series = minutely(100_000, 106_553.6, 100_000.1, 100_000.2);
    expect(grownBy(series)).toBeCloseTo(0.2, 9);
    expect(kindsOf(series)).toEqual(['misread']);
  });

  it('counts all growth on the days after a misread that was too high', () => {
    const series = hourly(168, (hour) => (hour === 30 ? 21_600 : 20_000 + hour / 2));
    expect(grownBy(series)).toBeCloseTo(83.5, 9);
    for (let day = 0; day < 6; day++) {
      const window = { start: T0 + day * UTC_DAY_MS, end: T0 + (day + 1) * UTC_DAY_MS };
      const { growth } = counterHistory(series, UNDECLARED_COUNTER, window);
      expect(growth.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(12, 9);
    }
  });

  it('continues from the level of a replacement meter, and reports the replacement', () => {
    const series = hourly(168, (hour) => (hour < 48 ? 20_000 : 18_776) + hour / 2);
    expect(grownBy(series)).toBeCloseTo(83, 9);
    expect(historyOf(series).events).toMatchObject([{ kind: 'replacement', before: 20_023.5, after: 18_800 }]);
  });

  it('does not count a jump to another level that persists', () => {
    const series = hourly(168, (hour) => (hour < 48 ? 20_000 : 31_000) + hour / 2);
    expect(grownBy(series)).toBeCloseTo(83, 9);
    expect(historyOf(series).events).toMatchObject([{ kind: 'jump', counted: 0, inDoubt: 11_000.5 }]);
  });

  it('counts the reading after a reset, and reports the doubtful energy', () => {
    const series = hourly(96, (hour) => (hour < 48 ? 20_000 + hour / 2 : (hour - 47) / 2));
    expect(grownBy(series)).toBeCloseTo(47.5, 9);
    expect(historyOf(series).events).toMatchObject([{ kind: 'reset', before: 20_023.5, after: 0.5, counted: 0.5 }]);
  });

  it('counts across the end of its register', () => {
    const series = hourly(48, (hour) => (99_990 + hour) % 100_000);
    expect(grownBy(series)).toBeCloseTo(47, 9);
    expect(kindsOf(series)).toEqual(['wrap']);
  });

  it('treats a decrease by its resolution as jitter', () => {
    expect(grownBy(minutely(0, 0.3, 0.3, 0.2, 0.2, 0.4))).toBeCloseTo(0.4, 9);
    expect(kindsOf(minutely(0, 0.3, 0.3, 0.2, 0.2, 0.4))).toEqual([]);
  });

  it('counts growth over a gap of days', () => {
    const series = { timestamps: Float64Array.of(0, 3, 6, 9), values: Float64Array.of(500, 500.5, 572.5, 573) };
    const daily = { ...series, timestamps: series.timestamps.map((day) => T0 + day * UTC_DAY_MS) };
    expect(grownBy(daily)).toBeCloseTo(73, 9);
  });

  it('that is reset daily counts each day from zero, even if the reset is in an outage', () => {
    // 0.5 kWh per hour from 6:00 to 18:00; an outage from noon of the third day to noon of the fourth.
    const midnight = Date.UTC(2026, 7, 3);
    const hours = Array.from({ length: 6 * 24 }, (_, hour) => hour).filter((hour) => hour < 60 || hour >= 84);
    const series = {
      timestamps: Float64Array.from(hours, (hour) => midnight + hour * 3_600_000),
      values: Float64Array.from(hours, (hour) => (6 * Math.min(Math.max((hour % 24) - 6, 0), 12)) / 12),
    };
    // Energy of the third day after its last sample, at 11:00, is lost in the outage.
    expect(grownBy(series)).toBeCloseTo(6 * 6 - 3.5, 9);
    expect(kindsOf(series)).toEqual([]);
  });

  it('that is reset daily counts every day at any resolution', () => {
    for (const stepS of [10, 60, 300, 900]) {
      for (const resolution of [0.001, 0.01, 0.1]) {
        for (const dailyKwh of [1.5, 12, 240]) {
          const samples = Math.min((8 * 86_400) / stepS, 12_000);
          const seconds = Float64Array.from({ length: samples }, (_, i) => i * stepS);
          const energyAt = (second: number) =>
            Math.floor(((second % 86_400) / 86_400) * (dailyKwh / resolution)) * resolution;
          const series = {
            timestamps: seconds.map((second) => Date.UTC(2026, 7, 3) + second * 1000),
            values: seconds.map(energyAt),
          };
          const days = (samples * stepS) / 86_400;
          const lost = Math.ceil(days) * ((dailyKwh * stepS) / 86_400 + resolution) + 1e-6;
          expect(Math.abs(grownBy(series) - days * dailyKwh)).toBeLessThanOrEqual(lost);
        }
      }
    }
  });

  it('has negative values ignored', () => {
    expect(grownBy(hourly(48, (hour) => (hour % 10 === 7 ? -1 : 3 + hour / 2)))).toBeCloseTo(23, 9);
  });

  it('is evaluated in its own unit', () => {
    const leap = hourly(6, (hour) => 1000 * (hour < 3 ? hour : hour + 5000));
    expect(grownBy(leap, counterOf('Wh'))).toBeCloseTo(5_005_000, 3);
    expect(
      grownBy(
        hourly(48, (hour) => 1000 * (hour < 30 ? hour : hour + 5000)),
        counterOf('Wh'),
      ),
    ).toBeCloseTo(46_000, 3);
  });
});

describe('a declared counter', () => {
  it('that is net counts decreases as negative growth, except misreads', () => {
    const net = counterOf('kWh', { behaviour: 'net' });
    const series = hourly(72, (hour) => (hour === 30 ? 0 : 500 + 20 * Math.sin((hour / 12) * Math.PI)));
    const { growth, events } = historyOf(series, net);
    expect(growth.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(20 * Math.sin((71 / 12) * Math.PI), 9);
    expect(events).toMatchObject([{ kind: 'misread', after: 0 }]);
  });

  it('that is reset daily is reset at local midnight, even if it is higher after an outage', () => {
    const daily = counterOf('kWh', { behaviour: 'reset_daily', timeZone: 'Europe/Warsaw' });
    const evening = Date.UTC(2026, 7, 3, 18);
    const timestamps = Float64Array.of(evening, evening + 60_000, evening + 18 * 3_600_000, evening + 18.5 * 3_600_000);
    const series = { timestamps, values: Float64Array.of(3, 3, 5, 5.5) };
    expect(grownBy(series, daily)).toBeCloseTo(5.5, 9);
    expect(grownBy(series)).toBeCloseTo(2.5, 9);
    expect(historyOf(series, daily).events).toEqual([]);
  });

  it('counts the decided energy of an event on the day of its first sample, and leaves other days unchanged', () => {
    const series = hourly(168, (hour) => (hour === 30 ? 21_600 : (hour < 72 ? 20_000 : 31_000) + hour / 2));
    const [misread, jump] = historyOf(series).events;
    expect([misread?.kind, jump?.kind]).toEqual(['misread', 'jump']);
    const decided = new Map([
      [misread!.start, -5],
      [jump!.start, 11_000.5],
    ]);
    const counter = counterOf('kWh', { decided });
    expect(grownBy(series, counter)).toBeCloseTo(83 - 5 + 11_000.5, 9);
    expect(historyOf(series, counter).events).toMatchObject([
      { kind: 'misread', counted: -5, decided: true },
      { kind: 'jump', counted: 11_000.5, decided: true, inDoubt: 11_000.5 },
    ]);
    const edges = Float64Array.from({ length: 169 }, (_, hour) => T0 + hour * 3_600_000);
    const { increase } = aggregateSeries(series, edges, {
      expectedIntervalMs: null,
      asOf: Number.POSITIVE_INFINITY,
      counter,
    });
    expect(increase[30]).toBeCloseTo(-4.5, 9);
    expect(increase[72]).toBeCloseTo(11_001, 9);
    expect(increase.reduce((sum, value) => sum + (Number.isNaN(value) ? 0 : value), 0)).toBeCloseTo(
      83 - 5 + 11_000.5,
      9,
    );
  });

  it('grows at most at the rated power of its device', () => {
    const series = minutely(100, 100.1, 112, 112.1);
    expect(grownBy(series)).toBeCloseTo(12.1, 9);
    expect(grownBy(series, counterOf('kWh', { ratedPowerKw: 5 }))).toBeCloseTo(0.2, 9);
  });
});

describe('for any recorded counter', () => {
  it('true growth is recovered from misreads, resets, replacements and jitter', () => {
    fc.assert(
      fc.property(anyCounter, ({ series, grown, uncertainty }) => {
        expect(Math.abs(grownBy(series) - grown)).toBeLessThanOrEqual(uncertainty);
      }),
      { numRuns: 200 },
    );
  });

  it('the growth of a window is the sum of its parts, each from its surrounding samples', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 5 * 1440 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(anyCounter, cuts, ({ series }, minutes) => {
        const [first, last] = [series.timestamps[0]!, series.timestamps.at(-1)! + 1];
        const inside = minutes.map((minute) => Math.min(first + minute * 60_000, last));
        const edges = [first, ...inside.sort((a, b) => a - b), last];
        let total = 0;
        for (const [i, start] of edges.slice(0, -1).entries()) {
          const window = { start, end: edges[i + 1]! };
          const around = counterWindow(window);
          const [from, to] = [lowerBound(series.timestamps, around.start), lowerBound(series.timestamps, around.end)];
          const part = { timestamps: series.timestamps.subarray(from, to), values: series.values.subarray(from, to) };
          for (const { amount } of counterHistory(part, UNDECLARED_COUNTER, window).growth) total += amount;
        }
        expect(total).toBeCloseTo(grownBy(series), 6);
      }),
      { numRuns: 60 },
    );
  });

  it('the run time is bounded by the number of samples', () => {
    const values = Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 1000);
    expect(Number.isFinite(grownBy(minutely(...values)))).toBe(true);
  });
});

describeWith('REAL_DATA', 'faulty counters', (folder) => {
  interface Case {
    readonly name: string;
    readonly readings: readonly (readonly [at: string, value: number])[];
    readonly expected_increase_kwh: number;
    readonly tolerance_kwh: number;
  }
  const cases: Case[] = JSON.parse(readFileSync(join(folder, 'faults/counters.json'), 'utf8'));
  it.each(cases)('$name', ({ readings, expected_increase_kwh, tolerance_kwh }) => {
    const series: Series = {
      timestamps: Float64Array.from(readings, ([at]) => Date.parse(at)),
      values: Float64Array.from(readings, ([, value]) => value),
    };
    expect(Math.abs(grownBy(series) - expected_increase_kwh)).toBeLessThanOrEqual(tolerance_kwh);
  });
});
