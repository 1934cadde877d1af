import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valueRange } from './uplot-options.ts';

describe('an axis of values', () => {
  it('of power includes zero, however far the values are from it', () => {
    expect(valueRange(24, 31, true)[0]).toBe(0);
    expect(valueRange(-31, -24, true)[1]).toBe(0);
  });

  it('of other quantities fits the range of the values', () => {
    expect(valueRange(224, 238, false)[0]).toBeGreaterThan(220);
  });

  it('contains every value and is never empty', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.boolean(), (a, b, fromZero) => {
        const [low, high] = valueRange(Math.min(a, b), Math.max(a, b), fromZero) as [number, number];
        expect(low).toBeLessThanOrEqual(Math.min(a, b));
        expect(high).toBeGreaterThanOrEqual(Math.max(a, b));
        expect(high).toBeGreaterThan(low);
        if (fromZero) expect(low <= 0 && high >= 0).toBe(true);
      }),
    );
  });
});
