import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviatingStretches, runsBeyondLimit } from './scan.ts';

const SLOTS = 28 * 96;

/** Autocorrelated deviations of unit variance, reproducible. */
function noise(seed: number, correlation: number): Float64Array {
  let state = seed;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 4_294_967_296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  let value = normal();
  return Float64Array.from({ length: SLOTS }, () => {
    value = correlation * value + Math.sqrt(1 - correlation ** 2) * normal();
    return value;
  });
}

const found = (z: Float64Array, factor?: number) => deviatingStretches({ z, isCalm: new Uint8Array(z.length) }, factor);
const shifted = (z: Float64Array, from: number, to: number, by: number) =>
  z.map((value, i) => (i >= from && i < to ? value + by : value));

describe('a deviating stretch', () => {
  it.each([0, 0.5, 0.85])('is almost never found in a year of noise with a correlation of %d', (correlation) => {
    const years = Array.from({ length: 13 }, (_, seed) => found(noise(seed + 1, correlation)));
    // 35,000 slots and 16 lengths: limits from 6 σ down to 4.2 σ leave less than one by chance.
    expect(years.flat().length).toBeLessThanOrEqual(2);
  });

  it.each([
    [2, 9, 0.5],
    [8, 6, 0.5],
    [24, 4, 0.5],
    [96, 2.5, 0.5],
    [8, 4, 0.85],
  ] as const)('is found at the place of a shift of %d slots by %d σ', (length, by, correlation) => {
    for (const sign of [1, -1]) {
      const stretches = found(shifted(noise(5, correlation), 1000, 1000 + length, sign * by));
      const near = stretches.filter(({ from, to }) => from < 1000 + length && to > 1000);
      expect(near).toHaveLength(1);
      const { from, to, strength } = near[0]!;
      expect(Math.sign(strength)).toBe(sign);
      expect(Math.abs(from - 1000)).toBeLessThanOrEqual(1 + length / 4);
      expect(Math.abs(to - 1000 - length)).toBeLessThanOrEqual(1 + length / 4);
    }
  });

  it('is stronger for a sudden step than for a drift to the same height', () => {
    const sudden = shifted(noise(9, 0.9), 1000, 1012, 4);
    const drift = noise(9, 0.9).map((value, i) => value + Math.max(0, 4 - Math.abs(i - 1006) / 10));
    const most = (z: Float64Array) => Math.max(0, ...found(z).map(({ strength }) => strength));
    expect(most(sudden)).toBeGreaterThan(most(drift));
  });

  it('is found next to gaps, and never within', () => {
    const z = shifted(noise(3, 0.6), 1000, 1016, 6).map((value, i) =>
      i % 7 === 0 || (i > 1200 && i < 1500) ? Number.NaN : value,
    );
    const stretches = found(z);
    expect(stretches).toHaveLength(1);
    expect(stretches[0]).toMatchObject({ from: expect.closeTo(1000, -1), to: expect.closeTo(1016, -1) });
    expect(found(new Float64Array(500).fill(Number.NaN))).toEqual([]);
  });

  it('is reported less often with a greater factor', () => {
    const z = shifted(noise(3, 0.6), 1000, 1016, 4);
    const [strongest] = found(z);
    const ratio = (strongest?.strength ?? 0) / (strongest?.limit ?? 1);
    expect(found(z, 0.98 * ratio)).toHaveLength(1);
    expect(found(z, 1.02 * ratio)).toEqual([]);
  });

  it('does not overlap another, ascends, and changes its sign with the values', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.array(
          fc.tuple(fc.nat(SLOTS - 300), fc.integer({ min: 1, max: 280 }), fc.double({ min: -9, max: 9, noNaN: true })),
          { maxLength: 4 },
        ),
        (seed, shifts) => {
          const z = shifts.reduce((all, [from, length, by]) => shifted(all, from, from + length, by), noise(seed, 0.7));
          const stretches = found(z);
          stretches.forEach(({ from, to }, i) => {
            expect(to).toBeGreaterThan(from);
            if (i > 0) expect(from).toBeGreaterThanOrEqual(stretches[i - 1]?.to ?? 0);
          });
          const turned = found(z.map((value) => -value));
          expect(turned.map(({ from, to, strength }) => [from, to, -strength])).toEqual(
            stretches.map(({ from, to, strength }) => [from, to, strength]),
          );
        },
      ),
      {
        numRuns: 30,
        examples: [
          [
            1,
            [
              [0, 162, 2.73264805952201],
              [1, 33, 5.126564587157658],
            ],
          ],
        ],
      },
    );
  });
});

describe('a run beyond the limit', () => {
  it('has at least two slots, and one sign', () => {
    const z = Float64Array.of(0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 6, 7, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, -8, -8, 8, 8, 0);
    expect(runsBeyondLimit(z)).toEqual([
      { from: 10, to: 13, strength: expect.closeTo(19 / 3, 12), limit: 5 },
      { from: 22, to: 24, strength: -8, limit: 5 },
      { from: 24, to: 26, strength: 8, limit: 5 },
    ]);
    expect(runsBeyondLimit(z, 2)).toEqual([]);
  });
});
