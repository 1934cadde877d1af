import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Corrupt } from '../errors.ts';
import type { Block } from './batch.ts';
import { decodeBlocks, encodeBlocks } from './batch-codec.ts';

const anyBlock: fc.Arbitrary<Block> = fc
  .record({
    group: fc.string({ minLength: 1 }),
    quantities: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }),
    devices: fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }),
    rows: fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 7e12 }), fc.double()), { maxLength: 20 }),
  })
  .map(({ group, quantities, devices, rows }) => ({
    group,
    quantities,
    devices,
    device: Int32Array.from(rows, ([device]) => device % devices.length),
    timestamps: Float64Array.from(rows, ([, instant]) => instant),
    columns: quantities.map((_, c) => Float64Array.from(rows, ([, , value]) => (c === 0 ? value : Number.NaN))),
  }));

test('decoded blocks equal the encoded blocks, bit by bit', () => {
  fc.assert(
    fc.property(fc.array(anyBlock, { maxLength: 4 }), fc.nat(7), (blocks, shift) => {
      const bytes = encodeBlocks(blocks);
      const unaligned = new Uint8Array(bytes.length + shift);
      unaligned.set(bytes, shift);
      expect(decodeBlocks(unaligned.subarray(shift))).toEqual(blocks);
    }),
  );
});

test('any changed byte is detected', () => {
  fc.assert(
    fc.property(anyBlock, fc.nat(), fc.integer({ min: 1, max: 255 }), (block, at, change) => {
      const bytes = encodeBlocks([block]);
      bytes[at % bytes.length] = bytes[at % bytes.length]! ^ change;
      expect(() => decodeBlocks(bytes)).toThrow(Corrupt);
    }),
  );
});

test('a truncated entry is rejected', () => {
  const bytes = encodeBlocks([]);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeBlocks(bytes.slice(0, length))).toThrow(Corrupt);
  }
});
