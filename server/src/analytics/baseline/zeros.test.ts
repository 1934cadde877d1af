import { expect, it } from 'vitest';
import { missingZeros } from './zeros.ts';

const count = (kwh: readonly number[]) => missingZeros(Float64Array.from(kwh)).reduce((sum, one) => sum + one, 0);
const hours = (at: (i: number) => number) => Array.from({ length: 500 }, (_, i) => at(i));

it('zeros of a meter with a fine resolution count as missing, and unknown values are not zeros', () => {
  expect(count(hours((i) => (i % 10 === 0 ? 0 : 40 + 7 * Math.sin(i))))).toBe(50);
  expect(count([...hours((i) => 3 + Math.sin(i)), 0, Number.NaN])).toBe(1);
  expect(count([0, 0, 0])).toBe(3);
});

it('zeros of a counter with a resolution as coarse as the energy of an hour are rounding', () => {
  expect(count(hours((i) => (i % 3 === 0 ? (i % 2 === 0 ? 2 : 1) : 0)))).toBe(0);
  expect(count(hours((i) => Math.floor((i + 1) * 0.7) - Math.floor(i * 0.7) + Math.floor(i % 9 === 0 ? 1 : 0)))).toBe(
    0,
  );
});
