import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeWith } from '../../../test/needs.ts';
import type { Series } from '../../domain/columns/frame.ts';
import { interpolatedRuns, type Run, stuckRuns } from './runs.ts';

function every(stepMs: number, values: readonly number[]): Series {
  return { timestamps: Float64Array.from(values, (_, i) => i * stepMs), values: Float64Array.from(values) };
}

/** Noise without repeats, seeded by its index. */
function noise(i: number): number {
  return 20 + 5 * Math.sin(i * 12.9898) + 0.001 * Math.sin(i * 78.233);
}

describe('stuck values', () => {
  it('are found among changing values, with their first and last sample', () => {
    const values = Array.from({ length: 200 }, (_, i) => (i >= 80 && i < 100 ? 7.25 : noise(i)));
    expect(stuckRuns(every(5 * MINUTE_MS, values), [0])).toEqual([{ from: 80, to: 100 }]);
  });

  it('are not a fault at resting values', () => {
    const night = Array.from({ length: 200 }, (_, i) => (i < 120 ? 0 : noise(i)));
    expect(stuckRuns(every(5 * MINUTE_MS, night), [0])).toEqual([]);
    const full = Array.from({ length: 200 }, (_, i) => (i < 120 ? 100 : noise(i)));
    expect(stuckRuns(every(5 * MINUTE_MS, full), [0, 100])).toEqual([]);
  });

  it('are not a fault of a coarse thermometer with repeats all day', () => {
    const values = Array.from({ length: 1440 }, (_, i) => Math.round(2 * (20 + 3 * Math.sin(i / 200))) / 2);
    expect(stuckRuns(every(MINUTE_MS, values), [0])).toEqual([]);
  });

  it('are not a fault at a value to which the quantity returns, such as a set point', () => {
    const settled = (i: number) => i % 200 < 60;
    const values = Array.from({ length: 800 }, (_, i) => (settled(i) ? 18.5 : noise(i)));
    expect(stuckRuns(every(5 * MINUTE_MS, values), [0])).toEqual([]);
    const broken = values.map((value, i) => (i >= 680 && i < 760 ? 21.3 : value));
    expect(stuckRuns(every(5 * MINUTE_MS, broken), [0])).toEqual([{ from: 680, to: 760 }]);
  });

  it('shorter than an hour are ignored', () => {
    const values = Array.from({ length: 400 }, (_, i) => (i >= 80 && i < 100 ? 7.25 : noise(i)));
    expect(stuckRuns(every(1000, values), [0])).toEqual([]);
  });

  it('are found among any number of pairs of equal values', () => {
    const values = Array.from({ length: 600_000 }, (_, i) => (i < 500_000 ? i >> 1 : -1));
    expect(stuckRuns(every(1000, values), [0])).toEqual([{ from: 500_000, to: 600_000 }]);
  });

  it('have one value each, which differs from both neighbours', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 300 }), (values) => {
        for (const { from, to } of stuckRuns(every(10 * MINUTE_MS, values), [0])) {
          const held = values[from];
          expect(values.slice(from, to).every((value) => value === held)).toBe(true);
          expect(values[from - 1]).not.toBe(held);
          expect(values[to]).not.toBe(held);
        }
      }),
    );
  });
});

describe('interpolated values', () => {
  it('are found between measured ends', () => {
    const line = (i: number) => 20 + ((i - 50) * (31.4159 - 20)) / 20;
    const values = Array.from({ length: 120 }, (_, i) => (i >= 50 && i <= 70 ? line(i) : noise(i)));
    expect(interpolatedRuns(every(5 * MINUTE_MS, values))).toEqual([{ from: 51, to: 70 }]);
  });

  it('are not reported if a coarse sensor rises by its last digit', () => {
    const values = Array.from({ length: 100 }, (_, i) => Math.round(10 * (20 + 0.1 * (i % 30))) / 10);
    expect(interpolatedRuns(every(5 * MINUTE_MS, values))).toEqual([]);
  });

  it('are linear in time, not in sample number', () => {
    const timestamps = Float64Array.from({ length: 60 }, (_, i) => i * MINUTE_MS + (i % 3) * 17_000);
    const values = timestamps.map((instant, i) => (i >= 20 && i <= 40 ? 3 + instant / 777_777 : noise(i)));
    expect(interpolatedRuns({ timestamps, values })).toEqual([{ from: 21, to: 40 }]);
  });
});

describeWith('REAL_DATA', 'an inverter with labelled faults (pvanalytics)', (folder) => {
  it('finds exactly the labelled stuck values', () => {
    const { series, labels } = labelled(join(folder, 'quality/inverter-stale-labelled.csv.gz'));
    expect(marks(stuckRuns(series, [0]), series.values.length)).toEqual(labels);
  });

  it('finds interpolated values, except single ones and those between zeros, which cannot be distinguished', () => {
    const { series, labels } = labelled(join(folder, 'quality/inverter-interpolated-labelled.csv.gz'));
    const found = marks(interpolatedRuns(series), series.values.length);
    const wrong = found.filter((mark, i) => mark && !labels[i]);
    const missed = labels.flatMap((label, i) => (label && !found[i] && series.values[i] !== 0 ? [i] : []));
    expect(wrong).toHaveLength(0);
    expect(missed).toHaveLength(1);
    expect(labels.filter(Boolean)).toHaveLength(1254);
  });
});

function labelled(path: string): { series: Series; labels: boolean[] } {
  const rows = gunzipSync(readFileSync(path))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(','))
    .filter(([, value]) => value !== '');
  return {
    series: {
      timestamps: Float64Array.from(rows, ([time]) => Date.parse((time as string).replace(' ', 'T'))),
      values: Float64Array.from(rows, ([, value]) => Number(value)),
    },
    labels: rows.map(([, , label]) => label === 'True'),
  };
}

function marks(runs: readonly Run[], length: number): boolean[] {
  const marked = new Array<boolean>(length).fill(false);
  for (const { from, to } of runs) marked.fill(true, from, to);
  return marked;
}
