import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GOLDEN } from '../../../test/reference/statsmodels-ols.ts';
import { RIDGE } from '../../../test/reference/statsmodels-ridge.ts';
import { leverage } from './deviation.ts';
import { leastSquares, type Regression, upperTail } from './least-squares.ts';
import { RANK_TOLERANCE } from './triangle.ts';

/** Relative tolerance; statsmodels itself is accurate to about twelve digits on Longley. */
const DIGITS = 1e-8;

function close(found: readonly number[], wanted: readonly number[], tolerance = DIGITS): void {
  expect(found).toHaveLength(wanted.length);
  for (const [i, value] of wanted.entries()) {
    expect(Math.abs(found[i]! - value) / Math.abs(value), `${i}: ${found[i]} for ${value}`).toBeLessThan(tolerance);
  }
}

function fit(columns: readonly (readonly number[])[], y: readonly number[]): Regression {
  const result = leastSquares(
    columns.map((column) => Float64Array.from(column)),
    Float64Array.from(y),
  );
  if ('kind' in result) throw new Error(`degenerate: ${result.kind}`);
  return result;
}

describe.each(Object.entries(GOLDEN))('least squares on %s', (_name, golden) => {
  const found = fit(golden.x, golden.y);
  const estimates = [found.intercept, ...found.coefficients];

  it('equals statsmodels in every statistic', () => {
    close(
      estimates.map(({ value }) => value),
      golden.params,
    );
    close(
      estimates.map(({ standardError }) => standardError),
      golden.bse,
    );
    close(
      estimates.map(({ t }) => t),
      golden.t,
    );
    close(
      estimates.map(({ pValue }) => pValue),
      golden.p,
    );
    close(
      found.coefficients.map(({ vif }) => vif),
      golden.vif,
    );
    close(
      [
        found.rSquared,
        found.adjustedRSquared,
        found.fValue,
        found.fPValue,
        found.rmse,
        found.mae,
        found.autocorrelation,
      ],
      [golden.r2, golden.adj, golden.f, golden.fp, golden.rmse, golden.mae, golden.rho],
    );
  });
});

describe('ridge regression', () => {
  const columns = RIDGE.x.map((column) => Float64Array.from(column));
  const y = Float64Array.from(RIDGE.y);
  const groups = { of: RIDGE.groups, count: 4 };

  it('equals statsmodels, including the effective degrees of freedom of each column', () => {
    const found = leastSquares(columns, y, groups, RIDGE.penalties);
    if ('kind' in found) throw new Error(found.kind);
    const { coefficients, levels, freedom, rmse, rSquared, means } = found;
    const slopes = coefficients.map(({ value }) => value);
    close(slopes, RIDGE.params);
    close([...levels], RIDGE.levels);
    close(
      coefficients.map(({ standardError }) => standardError),
      RIDGE.bse,
    );
    close([freedom, rmse, rSquared], [RIDGE.freedom, RIDGE.rmse, RIDGE.r2]);
    close([leverage(found, RIDGE.at, RIDGE.group)], [RIDGE.leverage]);
    const prediction = slopes.reduce((sum, slope, c) => sum + slope * RIDGE.at[c]!, levels[RIDGE.group]!);
    close([prediction], [RIDGE.prediction]);
    expect(means).toHaveLength(12);
  });

  it('equals least squares without a penalty, and has zero slopes with an infinite one', () => {
    const plain = leastSquares(columns, y, groups) as Regression;
    const free = leastSquares(columns, y, groups, [0, 0, 0]) as Regression;
    close(
      free.coefficients.map(({ value }) => value),
      plain.coefficients.map(({ value }) => value),
    );
    close([free.freedom, free.rmse], [plain.freedom, plain.rmse]);
    const penalised = leastSquares(columns, y, groups, [1e12, 1e12, 1e12]) as Regression;
    for (const { value } of penalised.coefficients) expect(Math.abs(value)).toBeLessThan(1e-9);
    expect(penalised.freedom).toBeCloseTo(y.length - 4, 6);
  });
});

describe('least squares', () => {
  it('reports constant columns, linear combinations, and too few rows', () => {
    const a = [1, 2, 4, 8, 16, 3, 9, 7];
    const b = [5, 3, 8, 1, 2, 9, 4, 4];
    const y = [3, 1, 4, 1, 5, 9, 2, 6];
    const of = (...columns: number[][]) =>
      leastSquares(
        columns.map((column) => Float64Array.from(column)),
        Float64Array.from(y),
      );
    expect(
      of(
        a,
        b.map(() => 7.5),
      ),
    ).toEqual({ kind: 'constant', columns: [1] });
    expect(
      of(
        a,
        b,
        a.map((value, i) => 2 * value - b[i]!),
      ),
    ).toMatchObject({ kind: 'collinear' });
    expect(leastSquares([Float64Array.of(1, 2)], Float64Array.of(1, 2))).toEqual({ kind: 'too_few', n: 2, needed: 3 });
  });

  it('has finite statistics for a perfect fit, and rejects constant energy', () => {
    const a = Array.from({ length: 20 }, (_, i) => (i * 7) % 11);
    const perfect = fit(
      [a],
      a.map((value) => 2 * value + 1),
    );
    const { fValue, autocorrelation, effectiveN, rmse, coefficients } = perfect;
    for (const value of [fValue, autocorrelation, effectiveN, rmse, coefficients[0]?.t])
      expect(Number.isFinite(value)).toBe(true);
    expect(leastSquares([Float64Array.from(a)], new Float64Array(20).fill(3))).toEqual({ kind: 'flat' });
  });

  it('treats a column as collinear if its difference from another is within rounding', () => {
    const a = Array.from({ length: 20 }, (_, i) => (i * 7) % 11);
    const almost = a.map((value, i) => value + (i % 2) * 1e-8);
    const y = Float64Array.from(a, (_, i) => i % 5);
    const found = leastSquares([Float64Array.from(a), Float64Array.from(almost)], y);
    expect(found).toMatchObject({ kind: 'collinear' });
  });

  it('leaves residuals orthogonal to every column, in any units', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.float({ min: -100, max: 100, noNaN: true }),
            fc.float({ min: -100, max: 100, noNaN: true }),
            fc.float({ min: -100, max: 100, noNaN: true }),
          ),
          { minLength: 8, maxLength: 60 },
        ),
        fc.integer({ min: -6, max: 6 }),
        (rows, power) => {
          const scale = 10 ** power;
          const columns = [Float64Array.from(rows, ([a]) => a * scale), Float64Array.from(rows, ([, b]) => b)];
          const found = leastSquares(
            columns,
            Float64Array.from(rows, ([, , y]) => y),
          );
          if ('kind' in found) return;
          const size = Math.sqrt(found.residuals.reduce((sum, r) => sum + r * r, 0)) + 1;
          for (const [c, column] of columns.entries()) {
            const mean = found.means[c]!;
            const norm = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0));
            const dot = column.reduce((sum, value, i) => sum + ((value - mean) / norm) * found.residuals[i]!, 0);
            // The slopes of nearly collinear columns, and their rounding errors, are inversely proportional to the unshared part of each
            // column.
            expect(Math.abs(dot) / size).toBeLessThan((50 * Number.EPSILON) / RANK_TOLERANCE);
          }
        },
      ),
    );
  });
});

it('gives p = 1 if a term does not improve the fit', () => {
  // SciPy 1.17: scipy.stats.f.sf(3.1, 4, 120); with a penalised model the statistic may be below 0.
  expect(upperTail(3.1, 4, 120)).toBeCloseTo(0.018130510823, 10);
  expect(upperTail(0, 4, 120)).toBe(1);
  expect(upperTail(-9.6, 4, 120)).toBe(1);
});
