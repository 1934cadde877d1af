import { expect, it } from 'vitest';
import { bestStrength } from './strength.ts';

/** Reproducible waves and noise: rows in blocks of ten in five folds, groups of four. */
const ROWS = Float64Array.from({ length: 200 }, (_, i) => i);
const columns = Array.from({ length: 10 }, (_, c) => ROWS.map((i) => Math.sin(12.9898 * (i + 1) * (c + 1))));
const parts = Uint8Array.from(ROWS, (i) => Math.floor(i / 10) % 5);
const groups = { of: Array.from(ROWS, (i) => i % 4), count: 4 };
const roughness = columns.map((_, c) => (c + 1) ** 2);

/** The penalty with the minimum error in scikit-learn 1.9.1 (`Ridge` on columns scaled within groups, leaving out one fold at a time). */
it.each([
  [0, 1e-4],
  [0.6, 0.01],
  [1, 0.03],
  [2, 0.1],
  [100, 1],
])('noise of %d gives a penalty of %d', (noise, strength) => {
  const [a, b, d] = [columns[0], columns[1], columns[3]] as [Float64Array, Float64Array, Float64Array];
  const y = ROWS.map((i) => 10 + (i % 4) + a[i]! + 0.4 * b[i]! + 0.2 * d[i]! + noise * Math.sin(78.233 * (i + 1) ** 2));
  expect(bestStrength({ columns, y, groups, roughness }, parts)).toBe(strength);
});

it('accepts a group that is entirely in one fold', () => {
  const lonely = { of: groups.of.map((group, i) => (i < 10 ? 4 : group)), count: 5 };
  expect(bestStrength({ columns, y: columns[0]!, groups: lonely, roughness }, parts)).toBe(1e-4);
});
