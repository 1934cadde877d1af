import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, test } from 'vitest';
import { aggregateSeries } from '../columns/aggregate.ts';
import { lowerBound, type Series } from '../columns/frame.ts';
import { DEFAULT_CADENCE_MS, decidingWindow, MAX_HOLD_MS, type Reporting, validUntil } from './cadence.ts';

const DAY = Date.UTC(2026, 0, 15);
const at = (...minutes: number[]) => Float64Array.from(minutes, (minute) => DAY + minute * MINUTE_MS);
const holds = (instants: Float64Array, interval: number | null, holdsMs: number | null = null) =>
  [
    ...validUntil(
      { timestamps: instants, values: new Float64Array(instants.length) },
      { expectedIntervalMs: interval, holdsMs },
    ),
  ].map((end, i) => (end - instants[i]!) / MINUTE_MS);

describe('validity of a sample', () => {
  test('lasts until the next one; that of the last one is a cadence', () => {
    expect(holds(at(0, 10, 20, 30), 10 * MINUTE_MS)).toEqual([10, 10, 10, 10]);
  });

  test('spans exactly 2.5 cadences of silence; any longer silence is a gap', () => {
    expect(holds(at(0, 25), 10 * MINUTE_MS)).toEqual([25, 10]);
    expect(holds(at(0, 25.01), 10 * MINUTE_MS)).toEqual([10, 10]);
  });

  test('uses the median interval of the day, which a few silences do not change', () => {
    expect(holds(at(0, 5, 10, 60, 65, 70, 200), null)).toEqual([5, 5, 5, 5, 5, 5, 5]);
  });

  test('uses 15 minutes on an isolated day with fewer than three intervals', () => {
    const cadence = DEFAULT_CADENCE_MS / MINUTE_MS;
    expect(holds(at(0), null)).toEqual([cadence]);
    expect(holds(at(0, 30, 90), null)).toEqual([30, cadence, cadence]);
  });

  test('uses the cadence of the previous, otherwise of the next day if a day has fewer than three intervals', () => {
    const hourly = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => (from + i) * 60);
    expect(holds(at(...hourly(20, 26)), null)).toEqual([60, 60, 60, 60, 60, 60]);
    expect(holds(at(...hourly(22, 30)), null)).toEqual([60, 60, 60, 60, 60, 60, 60, 60]);
    // Two days later is not adjacent.
    const alone = DEFAULT_CADENCE_MS / MINUTE_MS;
    expect(holds(at(...hourly(0, 4), 2 * 1440), null)).toEqual([60, 60, 60, 60, alone]);
  });

  test('uses a separate cadence for each UTC day', () => {
    const slow = [0, 60, 120, 180].map((minute) => minute + 1440);
    expect(holds(at(0, 1, 2, 3, ...slow), null)).toEqual([1, 1, 1, 1, 60, 60, 60, 60]);
  });

  test('is limited to the maximum hold without a declared cadence', () => {
    const everySixHours = at(0, 360, 720, 1080);
    const maxHold = MAX_HOLD_MS / MINUTE_MS;
    expect(holds(everySixHours, null)).toEqual([maxHold, maxHold, maxHold, maxHold]);
    expect(holds(everySixHours, 6 * HOUR_MS)).toEqual([360, 360, 360, 360]);
  });
});

describe('a device that reports changes only', () => {
  /** A new value every 10 s, except for 2 kW from 10:00 to 15:00, on some days. */
  const changes = (days = 1): Series => {
    const seconds = Array.from({ length: days * 8640 }, (_, i) => i * 10).filter(
      (second) => second % 86_400 <= 36_000 || second % 86_400 >= 54_000,
    );
    return {
      timestamps: Float64Array.from(seconds, (second) => DAY + second * 1000),
      values: Float64Array.from(seconds, (second) =>
        second % 86_400 === 36_000 ? 2 : 0.03 + ((second / 10) % 7) / 1000,
      ),
    };
  };
  const polled = ({ timestamps, values }: Series): Series => ({
    timestamps,
    values: values.map((_, i) => Math.floor(i / 2) % 7),
  });
  const stoodAtTen = (series: Series, reporting: Reporting) => {
    const at = series.timestamps.indexOf(DAY + 10 * HOUR_MS);
    return validUntil(series, reporting)[at]! - series.timestamps[at]!;
  };

  test('is detected: its value is valid until the next one', () => {
    expect(stoodAtTen(changes(), { expectedIntervalMs: null })).toBe(5 * HOUR_MS);
    expect(stoodAtTen(changes(3), { expectedIntervalMs: null })).toBe(5 * HOUR_MS);
  });

  test('is not confused with a device that repeats its values and was silent', () => {
    expect(stoodAtTen(polled(changes()), { expectedIntervalMs: null })).toBe(10_000);
  });

  test('is not confused with a device whose values never recur', () => {
    const { timestamps, values } = changes();
    const noisy = { timestamps, values: values.map((_, i) => Math.sin(i) + i / 7) };
    expect(stoodAtTen(noisy, { expectedIntervalMs: null })).toBe(10_000);
  });

  test('is never detected contrary to a declaration', () => {
    expect(stoodAtTen(changes(), { expectedIntervalMs: 10_000 })).toBe(10_000);
  });

  test('with a declaration, has each value valid until the next one or until the timeout', () => {
    const reporting = { expectedIntervalMs: null, holdsMs: 6 * HOUR_MS };
    expect(holds(at(0, 30, 300, 900), null, 6 * HOUR_MS)).toEqual([30, 270, 360, 360]);
    expect(decidingWindow({ start: DAY, end: DAY + HOUR_MS }, reporting)).toEqual({
      start: DAY - 6 * HOUR_MS,
      end: DAY + 7 * HOUR_MS,
    });
  });

  test('contributes energy while its values are valid', () => {
    const edges = Float64Array.of(DAY, DAY + UTC_DAY_MS);
    const { integral, coveredMs } = aggregateSeries(changes(), edges, { expectedIntervalMs: null, asOf: edges[1]! });
    // 5 h at 2 kW, and 19 h at a mean of 33 W.
    expect(integral[0]).toBeCloseTo(10 + 19 * 0.033, 3);
    expect(coveredMs[0]).toBe(UTC_DAY_MS);
  });

  test('is detected equally from the samples of the deciding window and from all samples', () => {
    const series = changes(5);
    for (let hour = 48; hour < 72; hour++) {
      const edges = Float64Array.of(DAY + hour * HOUR_MS, DAY + (hour + 1) * HOUR_MS);
      const options = { expectedIntervalMs: null, asOf: Number.POSITIVE_INFINITY };
      const { start, end } = decidingWindow({ start: edges[0]!, end: edges[1]! }, options);
      const [from, to] = [lowerBound(series.timestamps, start), lowerBound(series.timestamps, end)];
      const part = { timestamps: series.timestamps.subarray(from, to), values: series.values.subarray(from, to) };
      expect(aggregateSeries(part, edges, options).integral).toEqual(aggregateSeries(series, edges, options).integral);
    }
  });
});

describe('the deciding window', () => {
  test('is a window plus a margin if the interval is declared', () => {
    const window = { start: DAY + HOUR_MS, end: DAY + 2 * HOUR_MS };
    expect(decidingWindow(window, { expectedIntervalMs: 10 * MINUTE_MS })).toEqual({
      start: DAY + 35 * MINUTE_MS,
      end: DAY + 2 * HOUR_MS + 25 * MINUTE_MS,
    });
  });

  test('consists of whole UTC days and adjacent days if the interval is derived from the data', () => {
    const window = { start: DAY + HOUR_MS, end: DAY + 3 * HOUR_MS };
    expect(decidingWindow(window, { expectedIntervalMs: null })).toEqual({
      start: DAY - 2 * UTC_DAY_MS,
      end: DAY + 2 * UTC_DAY_MS,
    });
  });
});
