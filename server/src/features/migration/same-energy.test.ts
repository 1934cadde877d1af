import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type CountedSeries, isSameName, repeatedSeries } from './same-energy.ts';

const DAYS = 4;

function counted(id: string, amounts: readonly number[], more: Partial<CountedSeries> & { everyMs?: number } = {}) {
  const { everyMs = HOUR_MS, ...fields } = more;
  const starts = Float64Array.from(amounts, (_, i) => i * everyMs);
  return { id, external: false, resets: false, starts, amounts: Float64Array.from(amounts), ...fields };
}

const amounts = fc.array(fc.double({ min: 0.05, max: 5, noNaN: true }), { minLength: 24 * DAYS, maxLength: 24 * DAYS });

test.each([
  ['sensor.pv_energy_today', 'sensor.pv_energy_total'],
  ['sensor.solaredge_lifetime_energy', 'sensor.solaredge_energy_this_month'],
  ['sensor.total_pv_generation', 'sensor.daily_pv_generation'],
  ['sensor.zaehler_bezug_gesamt', 'sensor.zaehler_bezug_heute'],
])('%s and %s are one name', (a, b) => expect(isSameName(a, b)).toBe(true));

test.each([
  ['sensor.pv1_energy_today', 'sensor.pv2_energy_today'],
  ['sensor.house_energy', 'sensor.garage_energy'],
])('%s and %s are two', (a, b) => expect(isSameName(a, b)).toBe(false));

describe('counters of the same energy', () => {
  it('are found for any names and resolutions', () => {
    fc.assert(
      fc.property(amounts, fc.constantFrom(0.001, 0.01, 0.1), (given, step) => {
        let [sum, shown] = [0, 0];
        const coarse = given.map((amount) => {
          sum += amount;
          const before = shown;
          shown = Math.floor(sum / step) * step;
          return shown - before;
        });
        const found = repeatedSeries([counted('sensor.a', given), counted('sensor.inverter_b', coarse)]);
        expect(found).toMatchObject([{ id: 'sensor.inverter_b', of: 'sensor.a', reason: 'same' }]);
      }),
      { numRuns: 50 },
    );
  });

  it('are found between daily values of a utility and hourly ones of the meter', () => {
    const hourly = Array.from({ length: 24 * DAYS }, (_, i) => 0.5 + (i % 7) / 10);
    const daily = Array.from({ length: DAYS }, (_, d) => hourly.slice(d * 24, d * 24 + 24).reduce((a, b) => a + b, 0));
    const utility = counted('linky:1', daily, { external: true, everyMs: 24 * HOUR_MS });
    expect(repeatedSeries([counted('sensor.grid_total', hourly), utility])).toMatchObject([{ id: 'linky:1' }]);
  });

  it('are a total and its parts', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        const whole = a.map((amount, i) => amount + b[i]!);
        const found = repeatedSeries([counted('x.pv1', a), counted('x.pv2', b), counted('x.pv', whole)]);
        expect(found.map(({ id, of, reason }) => [id, of, reason]).sort()).toEqual([
          ['x.pv1', 'x.pv', 'part'],
          ['x.pv2', 'x.pv', 'part'],
        ]);
      }),
      { numRuns: 50 },
    );
  });

  it('are not two similar consumers', () => {
    fc.assert(
      fc.property(amounts, fc.double({ min: 0.01, max: 0.2, noNaN: true }), (given, less) => {
        const other = given.map((amount) => amount * (1 - less));
        expect(repeatedSeries([counted('sensor.roof_a', given), counted('sensor.roof_b', other)])).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });
});
