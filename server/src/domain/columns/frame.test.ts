import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatRows, lowerBound, mergeRows, type Rows, seriesOf, sliceRows } from './frame.ts';

const NAN = Number.NaN;
const rows = (timestamps: number[], ...columns: number[][]): Rows => ({
  timestamps: Float64Array.from(timestamps),
  columns: columns.map((column) => Float64Array.from(column)),
});

describe('merging rows', () => {
  test('late and duplicate rows are sorted by time; the later arrival wins', () => {
    expect(mergeRows(rows([30, 10, 30, 20], [3, 1, 4, 2]))).toEqual(rows([10, 20, 30], [1, 2, 4]));
  });

  test('a missing value never hides an existing one', () => {
    expect(mergeRows(rows([10, 10], [1, NAN], [NAN, 7]))).toEqual(rows([10], [1], [7]));
  });

  test('rows without any value are dropped, wherever they are', () => {
    expect(mergeRows(rows([10, 20, 30], [NAN, 2, NAN]))).toEqual(rows([20], [2]));
    expect(mergeRows(rows([10, 20], [NAN, NAN]))).toEqual(rows([], []));
    expect(mergeRows(rows([10, 10, 20], [NAN, 5, NAN]))).toEqual(rows([10], [5]));
  });

  const anyRows = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.option(fc.integer()), fc.option(fc.integer())), {
      maxLength: 20,
    })
    .map((list) =>
      rows(
        list.map(([instant]) => instant),
        list.map(([, value]) => value ?? NAN),
        list.map(([, , value]) => value ?? NAN),
      ),
    );

  test('is associative: earlier rows may be merged before later ones arrive', () => {
    fc.assert(
      fc.property(anyRows, anyRows, anyRows, (a, b, c) => {
        const atOnce = mergeRows(concatRows([a, b, c], 2));
        const leftFirst = mergeRows(concatRows([mergeRows(concatRows([a, b], 2)), c], 2));
        const rightFirst = mergeRows(concatRows([a, mergeRows(concatRows([b, c], 2))], 2));
        expect(leftFirst).toEqual(atOnce);
        expect(rightFirst).toEqual(atOnce);
      }),
    );
  });

  test('agrees with a map from instant to the last value that arrived', () => {
    fc.assert(
      fc.property(anyRows, (given) => {
        const merged = mergeRows(given);
        const latest = given.columns.map(() => new Map<number, number>());
        given.timestamps.forEach((instant, row) => {
          given.columns.forEach((column, c) => {
            if (!Number.isNaN(column[row])) latest[c]?.set(instant, column[row]!);
          });
        });
        const instants = [...new Set(latest.flatMap((column) => [...column.keys()]))].sort((x, y) => x - y);
        expect([...merged.timestamps]).toEqual(instants);
        merged.columns.forEach((column, c) => {
          expect([...column]).toEqual(instants.map((instant) => latest[c]?.get(instant) ?? NAN));
        });
      }),
    );
  });
});

describe('reading frames', () => {
  test('a quantity is returned without missing samples; an unknown one is empty', () => {
    const frame = {
      deviceId: 'a',
      group: 'grid',
      quantities: ['power_kw', 'voltage_v'],
      ...rows([1, 2, 3], [5, NAN, 7], [NAN, 230, NAN]),
    };
    expect(seriesOf(frame, 'power_kw')).toEqual({ timestamps: Float64Array.of(1, 3), values: Float64Array.of(5, 7) });
    expect(seriesOf(frame, 'frequency_hz').timestamps).toHaveLength(0);
  });

  test('a slice is half-open', () => {
    expect(sliceRows(rows([1, 2, 3, 4], [1, 2, 3, 4]), 2, 4)).toEqual(rows([2, 3], [2, 3]));
  });

  test('the lower bound is the first element of at least the value', () => {
    expect([0, 1, 2, 5, 9].map((bound) => lowerBound([1, 2, 2, 5], bound))).toEqual([0, 0, 1, 3, 4]);
  });
});
