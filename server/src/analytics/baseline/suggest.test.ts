import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastSquares } from './least-squares.ts';
import { suggestDrivers } from './suggest.ts';

const N = 600;
const column = (at: (i: number) => number) => Float64Array.from({ length: N }, (_, i) => at(i));
const count = column((i) => 50 + 30 * Math.sin(i * 2.3));
const degrees = column((i) => 10 + 8 * Math.sin(i / 40));
const noise = column((i) => 2 * Math.sin(i * 12.9898) + Math.sin(i * 78.233));
const idle = column((i) => Math.sin(i * 5.123) + Math.sin(i * 0.777));
const kwh = column((i) => 5 + 0.4 * count[i]! - 0.5 * degrees[i]! + noise[i]!);

describe('a suggestion of drivers', () => {
  it('selects the relevant drivers, and states for each of the others why it was excluded', () => {
    const again = degrees.map((value, i) => 1.8 * value + 32 + 0.01 * idle[i]!);
    const sum = count.map((value, i) => value + degrees[i]!);
    const carbon = kwh.map((value) => 0.45 * value);
    const found = suggestDrivers({ kwh, columns: [count, degrees, idle, again, kwh.map(() => 7), carbon, sum] });
    expect(found.adjustedRSquared).toBeGreaterThan(0.95);
    expect(found.pValues.every((p) => p < 0.05)).toBe(true);
    expect(found.leftOut).toContainEqual({ driver: 2, reason: 'idle', with: [] });
    expect(found.leftOut).toContainEqual({ driver: 4, reason: 'constant', with: [] });
    expect(found.leftOut).toContainEqual({ driver: 5, reason: 'derived', with: [] });
    // Two of the drivers 0, 1 (or 3, the same in other units) and 6 (their sum) contain all the information.
    expect(found.drivers).toHaveLength(2);
    const collinear = found.leftOut.filter(({ reason }) => reason === 'collinear');
    expect(collinear).toHaveLength(2);
    for (const { with: others } of collinear) expect(found.drivers).toEqual(expect.arrayContaining([...others]));
  });

  it('is the best of all subsets in which every driver has p below 0.05', () => {
    const driver = fc.tuple(fc.double({ min: 0.1, max: 9, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true }));
    fc.assert(
      fc.property(fc.array(driver, { minLength: 1, maxLength: 5 }), (drivers) => {
        const columns = drivers.map(([pace], d) => column((i) => Math.sin(i * pace + d) + Math.sin(i * (d + 3.7))));
        const y = column((i) => drivers.reduce((sum, [, weight], d) => sum + weight * columns[d]![i]!, noise[i]!));
        const found = suggestDrivers({ columns, kwh: y });
        for (let set = 1; set < 2 ** columns.length; set++) {
          const fit = leastSquares(
            columns.filter((_, d) => (set >> d) & 1),
            y,
          );
          if ('kind' in fit || fit.coefficients.some(({ pValue, vif }) => pValue > 0.0499 || vif > 9.99)) continue;
          expect(found.adjustedRSquared).toBeGreaterThan(fit.adjustedRSquared - 1e-9);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('accepts many drivers, and none', () => {
    const many = Array.from({ length: 20 }, (_, d) => column((i) => Math.sin(i * (d + 0.37) * 1.31)));
    expect(suggestDrivers({ kwh, columns: [...many, count, degrees] }).drivers).toEqual(
      expect.arrayContaining([20, 21]),
    );
    expect(suggestDrivers({ kwh, columns: [] })).toEqual({
      drivers: [],
      adjustedRSquared: 0,
      pValues: [],
      leftOut: [],
    });
  });
});
