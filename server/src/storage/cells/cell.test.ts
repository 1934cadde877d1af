import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Corrupt } from '../../domain/errors.ts';
import { packColumn, packIntegers, unpackColumn, unpackIntegers } from './cell.ts';

describe('a cell', () => {
  it('restores every double bit by bit, whatever the shape of the column', () => {
    const decimals = fc
      .tuple(fc.constantFrom(1, 4, 10, 1000, 1e6), fc.array(fc.integer({ min: -1e7, max: 1e7 })))
      .map(([scale, wholes]) => wholes.map((whole) => whole / scale));
    const kilo = fc
      .array(fc.integer({ min: 0, max: 1e6 }))
      .map((tenths) => tenths.map((tenth) => (tenth / 10) * 0.001));
    const walk = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 3000 }).map(runningSums);
    const doubles = fc.array(fc.double({ noDefaultInfinity: true }), { maxLength: 500 });
    const singles = fc.array(fc.float({ noDefaultInfinity: true }), { maxLength: 500 });
    const mixed = fc.array(fc.oneof(fc.integer(), fc.constant(Number.NaN), fc.double({ noDefaultInfinity: true })));
    fc.assert(
      fc.property(fc.oneof(decimals, kilo, walk, doubles, singles, mixed), (values) => {
        const column = Float64Array.from(values);
        const packed = packColumn(column);
        if (packed === null) expect(column.every(Number.isNaN)).toBe(true);
        else expect(unpacked(packed, column.length)).toEqual(column);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [[7881.81640625, -1125.383056640625]],
    [[1_000_000.5, 0.123456789012]],
    [[123_456_789.25, 3.000000000001, -987_654_321.75]],
  ])('restores large values with few decimal places next to small ones with many: %o', (values) => {
    const column = Float64Array.from(values);
    expect(unpacked(packColumn(column) as Uint8Array, column.length)).toEqual(column);
  });

  it('restores any sums of large and fine decimals', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 12 }))
      .map(([whole, places]) => whole / 10 ** places);
    fc.assert(
      fc.property(fc.array(decimal, { minLength: 1, maxLength: 50 }), (values) => {
        const column = Float64Array.from(values);
        expect(unpacked(packColumn(column) as Uint8Array, column.length)).toEqual(column.map((value) => value));
      }),
      { numRuns: 1000 },
    );
  });

  it('restores integers, including those with large differences', () => {
    const whole = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });
    fc.assert(
      fc.property(fc.array(fc.oneof(whole, fc.integer({ min: 0, max: 9 })), { maxLength: 400 }), (values) => {
        const back = new Float64Array(values.length);
        unpackIntegers(packIntegers(Float64Array.from(values)), back);
        expect([...back]).toEqual(values.map((value) => value + 0));
      }),
      { numRuns: 300 },
    );
  });

  it('takes almost no space for a constant column', () => {
    const minutes = Float64Array.from({ length: 1440 }, (_, i) => 1.75e12 + i * 60_000);
    expect(packIntegers(minutes).length).toBeLessThan(16);
    expect(packColumn(new Float64Array(1440).fill(230.1))?.length).toBeLessThan(8);
  });

  it('comes close to the entropy of a random walk', () => {
    // Steps of -1, 0 and 1 with a quarter, a half and a quarter: 1.5 bits each.
    const steps = Array.from({ length: 4000 }, (_, i) => [0, 1, 0, -1][(i * 7919 + ((i * i) % 61)) % 4]!);
    const bits = ((packColumn(Float64Array.from(runningSums(steps))) as Uint8Array).length * 8) / steps.length;
    expect(bits).toBeLessThan(1.65);
  });

  it('takes no more space for kilowatts converted from watts than for the watts', () => {
    const watts = Float64Array.from({ length: 1000 }, (_, i) => ((i * 7919) % 40_000) / 10);
    const plain = (packColumn(watts) as Uint8Array).length;
    for (const kilowatts of [watts.map((value) => value * 0.001), watts.map((value) => value / 1000)]) {
      expect((packColumn(kilowatts) as Uint8Array).length).toBeLessThan(plain * 1.02);
    }
  });

  it('reports truncated or changed bytes, and never hangs', () => {
    const column = Float64Array.from({ length: 300 }, (_, i) =>
      i % 50 === 7 ? Number.NaN : Math.round(Math.sin(i) * 1e4) / 10,
    );
    const packed = packColumn(column) as Uint8Array;
    for (let length = 0; length < packed.length - 1; length++) {
      expect(() => unpacked(packed.slice(0, length), 300)).toThrow(Corrupt);
    }
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const turned = packed.slice();
        turned[at] = turned[at]! ^ flip;
        try {
          unpacked(turned, 300);
        } catch (error) {
          expect(error).toBeInstanceOf(Corrupt);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

function unpacked(packed: Uint8Array, rows: number): Float64Array {
  const column = new Float64Array(rows);
  unpackColumn(packed, column);
  return column;
}

function runningSums(steps: readonly number[]): number[] {
  let sum = 0;
  return steps.map((step) => {
    sum += step;
    return sum;
  });
}
