import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusters, machineHours, type OutlierSet, ring, wide } from '../../../test/reference/outlier-sets.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { attribute, growForest, scoreLimit, scoreRows } from './isolation-forest.ts';

const column = (...values: number[]) => Float64Array.from(values);

describe('an isolation forest', () => {
  it.each([
    ['clusters', clusters()],
    ['a ring', ring()],
    ['hours of a machine', machineHours()],
    ['many features, few of them informative', wide()],
  ] as const)('ranks the outliers of %s as well as scikit-learn does', (_, set) => {
    // The result of one seed varies by 0.003 to 0.013: means of ten seeds agree within 0.01.
    const mean = Array.from({ length: 10 }, (_, seed) => aucOf(set, seed)).reduce((sum, auc) => sum + auc / 10, 0);
    expect(Math.abs(mean - set.scikitLearnAuc)).toBeLessThan(0.01);
  });

  it('is the same for the same seed, and different for another', () => {
    const { columns } = clusters();
    const scores = (seed: number) => scoreRows(growForest(columns, { seed }), columns);
    expect(scores(7)).toEqual(scores(7));
    expect(scores(7)).not.toEqual(scores(8));
  });

  it('names the feature that isolates a row', () => {
    const { columns } = wide();
    const forest = growForest(columns, { seed: 1 });
    for (let odd = 0; odd < columns.length; odd++) {
      const row = columns.map((_, f) => (f === odd ? 9 : 0));
      const shares = attribute(forest, row);
      expect(shares[odd]).toBeGreaterThan(0.5);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }
  });

  it('scores a row with a missing value by its other values', () => {
    const { columns } = machineHours();
    const forest = growForest(columns, { seed: 1 });
    const score = (...row: number[]) =>
      scoreRows(
        forest,
        row.map((value) => column(value)),
      )[0]!;
    const usual = score(0, 80, 12, 32);
    expect(score(Number.NaN, 80, 12, 32)).toBeCloseTo(usual, 1);
    expect(score(Number.NaN, 80, 12, 70)).toBeGreaterThan(usual + 0.05);
    expect(scoreRows(forest, [column(0, 0), column(80, 80), column(12, 12), column(32, Number.NaN)])[0]).toBe(usual);
  });

  it('finds no differences among equal rows', () => {
    const same = new Float64Array(50).fill(4);
    const forest = growForest([same, same], { seed: 1 });
    const scores = scoreRows(forest, [same, same]);
    expect(new Set(scores).size).toBe(1);
    expect(scoreRows(growForest([column(1)], { seed: 1 }), [column(1, 99)])).toEqual(column(0.5, 0.5));
  });

  it('accepts missing and infinite values', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
            fc.double(),
          ),
          {
            minLength: 1,
            maxLength: 60,
          },
        ),
        fc.integer(),
        (rows, seed) => {
          const columns = [Float64Array.from(rows, ([a]) => a), Float64Array.from(rows, ([, b]) => b)];
          const forest = growForest(columns, { seed, trees: 5 });
          for (const score of scoreRows(forest, columns)) expect(score > 0 && score <= 1).toBe(true);
        },
      ),
    );
  });

  it('scores a row independently of the other rows', () => {
    const { columns } = machineHours();
    const forest = growForest(columns, { seed: 3 });
    const together = scoreRows(forest, columns);
    for (const row of [0, 1, 2046, 2047, 2048, 2999]) {
      const alone = columns.map((values) => values.slice(row, row + 1));
      expect(scoreRows(forest, alone)[0]).toBe(together[row]);
    }
  });

  it('classifies the given share of the rows as anomalous', () => {
    const { columns } = clusters();
    const scores = scoreRows(growForest(columns, { seed: 1 }), columns);
    for (const share of [0.01, 0.1, 0.5]) {
      const limit = scoreLimit(scores, share);
      expect(scores.filter((score) => score > limit).length / scores.length).toBeCloseTo(share, 2);
    }
  });

  it.each([0, -0.1, 0.51, Number.NaN])('rejects a contamination of %d', (share) => {
    expect(() => scoreLimit(column(0.4, 0.6), share)).toThrow(InvalidInput);
    expect(() => scoreLimit(column(0.4, 0.6), share)).toThrow(
      `contamination must be above 0 and at most 0.5; got ${share}`,
    );
  });

  it('rejects columns that it cannot grow on or score', () => {
    expect(() => growForest([], { seed: 1 })).toThrow('at least one row');
    expect(() => growForest([column(1, 2), column(1)], { seed: 1 })).toThrow('as many rows');
    expect(() => scoreRows(growForest([column(1, 2)], { seed: 1 }), [])).toThrow('grown on 1 features; got 0');
  });
});

/** Area under the ROC curve: the chance that an outlier scores above another row (ties count half). */
function aucOf({ columns, labels }: OutlierSet, seed: number): number {
  const scores = scoreRows(growForest(columns, { seed }), columns);
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  let [outliers, ranks] = [0, 0];
  for (let i = 0; i < order.length; ) {
    let j = i;
    while (j < order.length && scores[order[j]!] === scores[order[i]!]) j++;
    const rank = (i + 1 + j) / 2;
    for (; i < j; i++) {
      if (labels[order[i]!] !== 1) continue;
      outliers++;
      ranks += rank;
    }
  }
  return (ranks - (outliers * (outliers + 1)) / 2) / outliers / (order.length - outliers);
}
