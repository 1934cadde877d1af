import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Steps } from '../energy/steps.ts';
import { DEMAND_WINDOW_MS, peakDemand } from './peak-demand.ts';

/** Power as `[minutes, kW]` stretches; null is a gap. */
function steps(minutes: readonly (readonly [power: number | null, minutes: number])[]): Steps {
  const starts: number[] = [];
  const ends: number[] = [];
  const values: number[] = [];
  let at = 0;
  for (const [power, length] of minutes) {
    if (power !== null) {
      starts.push(at);
      ends.push(at + length * MINUTE_MS);
      values.push(power);
    }
    at += length * MINUTE_MS;
  }
  return { starts: Float64Array.from(starts), ends: Float64Array.from(ends), values: Float64Array.from(values) };
}

const day = { start: 0, end: 24 * 60 * MINUTE_MS };

describe('peak demand', () => {
  it('is the mean of the quarter hour with the highest mean, at any start', () => {
    // Ten minutes of 30 kW in 3 kW: (10 × 30 + 5 × 3) ÷ 15 = 21 kW; the first such window ends with the peak.
    expect(
      peakDemand(
        steps([
          [3, 60],
          [30, 10],
          [3, 60],
        ]),
        day,
      ),
    ).toEqual({ kw: 21, from: 55 * MINUTE_MS });
  });

  it('is not dominated by a short spike', () => {
    expect(
      peakDemand(
        steps([
          [4, 100],
          [600, 0.1],
          [4, 100],
        ]),
        day,
      )?.kw,
    ).toBeCloseTo(4 + (596 * 0.1) / 15, 9);
  });

  it('requires 80 % coverage of a quarter hour', () => {
    expect(peakDemand(steps([[50, 11]]), day)).toBeNull();
    expect(
      peakDemand(
        steps([
          [10, 30],
          [null, 2],
          [50, 13],
          [null, 60],
        ]),
        day,
      )?.kw,
    ).toBeCloseTo(50, 9);
  });

  it('is within the requested window', () => {
    const window = { start: 60 * MINUTE_MS, end: 120 * MINUTE_MS };
    expect(
      peakDemand(
        steps([
          [90, 65],
          [3, 300],
        ]),
        window,
      ),
    ).toEqual({
      kw: expect.closeTo((5 * 90 + 10 * 3) / 15, 9),
      from: 60 * MINUTE_MS,
    });
  });

  it('is at least the mean of any quarter hour', () => {
    const stretch = fc.tuple(fc.integer({ min: -5, max: 50 }), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 2, maxLength: 20 }), fc.nat(2000), (parts, minute) => {
        const all = steps(parts);
        const end = all.ends.at(-1) as number;
        const from = Math.min(minute * MINUTE_MS, end - DEMAND_WINDOW_MS);
        if (from < 0) return;
        let kwms = 0;
        for (const [i, start] of all.starts.entries()) {
          const covered = Math.min(all.ends[i]!, from + DEMAND_WINDOW_MS) - Math.max(start, from);
          if (covered > 0) kwms += covered * all.values[i]!;
        }
        const peak = peakDemand(all, { start: 0, end });
        expect(peak?.kw).toBeGreaterThanOrEqual(kwms / DEMAND_WINDOW_MS - 1e-9);
      }),
    );
  });
});
