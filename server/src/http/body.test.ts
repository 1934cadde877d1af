import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Body } from './body.ts';

/** Chunks of all sizes: single bytes, and sizes on both sides of the limit for storing without a copy. */
const chunks = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc
      .tuple(fc.constantFrom(8_000, 8_192, 40_000, 70_000), fc.nat(255))
      .map(([length, byte]) => new Uint8Array(length).fill(byte)),
  ),
  { maxLength: 30 },
);

test('a body is the concatenation of its chunks, whatever their sizes', () => {
  fc.assert(
    fc.property(chunks, fc.nat(300_000), fc.nat(300_000), fc.nat(255), (parts, a, b, byte) => {
      const body = new Body();
      for (const part of parts) body.add(part);
      const whole = Buffer.concat(parts);
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      expect(body.length).toBe(whole.length);
      expect(body.slice().equals(whole)).toBe(true);
      expect(body.slice(from, to).equals(whole.subarray(from, to))).toBe(true);
      expect(body.indexOf(byte, from)).toBe(whole.indexOf(byte, from));
    }),
    { numRuns: 200 },
  );
});
