import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { suspicionOf } from './suspicion.ts';

const N = 500;
const column = (at: (i: number) => number) => Float64Array.from({ length: N }, (_, i) => at(i));
const kwh = column((i) => 6 + 4 * Math.sin(i * 2.3) + Math.sin(i * 12.9898));

describe('a suspicious driver', () => {
  it('is any multiple of the energy, rounded to any step that leaves three levels', () => {
    const steps = fc.constantFrom(0.01, 0.1, 0.5, 1, 2);
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1000, noNaN: true }), steps, (factor, step) => {
        const copy = kwh.map((value) => Math.round(value / step) * step * factor);
        expect(suspicionOf(copy, kwh)).not.toBeNull();
      }),
    );
  });

  it('explains more than 95 % alone, such as carbon at a varying grid intensity', () => {
    const carbon = kwh.map((value, i) => value * (0.45 + 0.02 * Math.sin(i / 5)));
    const found = suspicionOf(carbon, kwh);
    expect(found?.isCopy).toBe(false);
    expect(found?.rSquared).toBeGreaterThan(0.95);
  });

  it('does not include drivers that explain much, little or nothing', () => {
    expect(
      suspicionOf(
        kwh.map((value, i) => value + 2 * Math.sin(i * 5.1)),
        kwh,
      ),
    ).toBeNull();
    expect(
      suspicionOf(
        column((i) => (Math.sin(i * 2.3) > 0 ? 1 : 0)),
        kwh,
      ),
    ).toBeNull();
    expect(
      suspicionOf(
        column(() => 7),
        kwh,
      ),
    ).toBeNull();
  });
});
