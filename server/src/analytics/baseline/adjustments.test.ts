import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adjustSlots } from './adjustments.ts';

describe('adjustments', () => {
  it('spread energy evenly over their window, including partial slots', () => {
    const edges = Float64Array.of(0, 10, 20, 30);
    expect(adjustSlots(edges, [{ start: 5, end: 25, kwh: 4 }]).kwh).toEqual(Float64Array.of(1, 2, 1));
    expect(adjustSlots(edges, [{ start: 10, end: 20, kwh: null }]).excluded).toEqual(Uint8Array.of(0, 1, 0));
    expect(adjustSlots(edges, [{ start: 19, end: 21, kwh: null }]).excluded).toEqual(Uint8Array.of(0, 1, 1));
  });

  it('add up to the full amount if the slots cover their window', () => {
    const widths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(widths, fc.double({ min: -100, max: 100, noNaN: true }), fc.nat(30), (steps, kwh, cut) => {
        const edges = Float64Array.from([0, ...steps.map((_, i) => steps.slice(0, i + 1).reduce((a, b) => a + b, 0))]);
        const end = edges.at(-1) as number;
        const start = Math.min(cut, end - 1);
        const added = adjustSlots(edges, [{ start, end, kwh }]).kwh.reduce((sum, value) => sum + value, 0);
        expect(added).toBeCloseTo(kwh, 9);
      }),
    );
  });
});
