import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { emptyBuckets } from '../../domain/columns/aggregate.ts';
import { flowEnergy } from './flow-energy.ts';

const DAY = Date.UTC(2026, 7, 3);
const SLOTS = 96;
const edgesOf = (days: number) => Float64Array.from({ length: days * SLOTS + 1 }, (_, s) => DAY + s * 900_000);
const ASOF = Number.POSITIVE_INFINITY;

/** Daily energy of a power without gaps and of a counter that is read in some slots; both continue for one more day like the last one. */
function energyOf(days: number, power: (day: number) => number, counter: (day: number) => number, perDay = SLOTS) {
  const slots = Array.from({ length: (days + 1) * SLOTS }, (_, s) => s);
  const dayOf = (s: number) => Math.min(Math.floor(s / SLOTS), days - 1);
  const buckets = emptyBuckets(slots.length);
  for (const s of slots) {
    buckets.increase[s] = counter(dayOf(s)) / SLOTS;
    buckets.count[s] = s % (SLOTS / perDay) === 0 ? 1 : 0;
  }
  const kwh = Float64Array.from(slots, (s) => power(dayOf(s)) / SLOTS);
  const knownMs = new Float64Array(slots.length).fill(900_000);
  const found = flowEnergy({ kwh, knownMs }, buckets, edgesOf(days + 1), ASOF).kwh;
  return Array.from({ length: days }, (_, day) =>
    found.subarray(day * SLOTS, (day + 1) * SLOTS).reduce((sum, value) => sum + value, 0),
  );
}

describe('the energy of a flow', () => {
  it('is the growth of the counter if power does not contradict it', () => {
    expect(
      energyOf(
        3,
        () => 10,
        () => 14,
      ),
    ).toEqual([14, 14, 14].map((kwh) => expect.closeTo(kwh, 9)));
  });

  it('is the integral of complete power on days on which the counter differs by a factor of two or more', () => {
    const counter = (day: number) => [10, 0, 25][day]!;
    expect(energyOf(3, () => 10, counter)).toEqual([10, 10, 10].map((kwh) => expect.closeTo(kwh, 9)));
  });

  it('is the growth of the counter if the difference is a step of a coarse counter', () => {
    expect(
      energyOf(
        1,
        () => 0.6,
        () => 1,
      )[0],
    ).toBeCloseTo(1, 9);
  });

  it('is not taken from power on days that share one reading of the counter', () => {
    const power = (day: number) => [2, 20, 8][day]!;
    const found = energyOf(3, power, () => 10, 1);
    expect(found.reduce((sum, kwh) => sum + kwh, 0)).toBeCloseTo(30, 9);
  });

  it('is the growth of the counter if power is incomplete', () => {
    const buckets = emptyBuckets(SLOTS);
    buckets.increase.fill(0.5);
    buckets.count.fill(1);
    const kwh = new Float64Array(SLOTS).fill(0.01);
    const knownMs = Float64Array.from({ length: SLOTS }, (_, s) => (s < 90 ? 900_000 : 0));
    const found = flowEnergy({ kwh, knownMs }, buckets, edgesOf(1), DAY + UTC_DAY_MS).kwh;
    expect(found.reduce((sum, value) => sum + value, 0)).toBeCloseTo(48, 9);
  });
});
