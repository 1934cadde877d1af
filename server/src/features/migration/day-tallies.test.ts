import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addSample, emptyTally, isSum } from './day-tallies.ts';

const sample = fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const samples = fc.uniqueArray(sample, { selector: ([instant]) => instant, maxLength: 40 });

function tallyOf(given: readonly (readonly [number, number])[]) {
  const tally = emptyTally();
  for (const [instant, value] of given) addSample(tally, instant, value);
  return tally;
}

test('a tally is the sum of its parts, in any order', () => {
  fc.assert(
    fc.property(samples, fc.nat(), (all, seed) => {
      const cut = all.length === 0 ? 0 : seed % all.length;
      const [a, b] = [tallyOf(all.slice(0, cut)), tallyOf(all.slice(cut))];
      expect(isSum(tallyOf(all.toReversed()), a, b)).toBe(true);
    }),
  );
});

test('a single lost, duplicated, moved or altered value is detected, down to the last bit', () => {
  fc.assert(
    fc.property(samples, fc.nat(), (all, seed) => {
      fc.pre(all.length > 0);
      const place = seed % all.length;
      const [instant, value] = all[place]!;
      const bits = new BigUint64Array(Float64Array.of(value).buffer);
      bits[0] = bits[0]! ^ 1n;
      const altered = new Float64Array(bits.buffer)[0]!;
      fc.pre(altered !== value);
      const whole = tallyOf(all);
      for (const other of [
        all.toSpliced(place, 1),
        [...all, [instant, value] as const],
        all.with(place, [instant + 1, value]),
        all.with(place, [instant, altered]),
      ])
        expect(isSum(tallyOf(other), whole, emptyTally())).toBe(false);
    }),
  );
});
