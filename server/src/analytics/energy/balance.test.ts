import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { completeBalance, type MeasuredCorners, type SiteSlots } from './balance.ts';
import { darkBySun, sunAltitudeDeg } from './darkness.ts';
import type { FlowEnergy } from './flow-energy.ts';
import { allocateFlows, FLOWS, RESIDUALS, spanFlows } from './flows.ts';
import { heldMeans } from './held-means.ts';
import { joinSlots, sliceSlots } from './slot-columns.ts';
import { totalsBySpan } from './totals.ts';

const QUARTER = 900_000;
const edgesOf = (count: number) => Float64Array.from({ length: count + 1 }, (_, i) => i * QUARTER);

/** One flow; null for an unknown slot. */
function flow(...kwh: readonly (number | null)[]): FlowEnergy {
  return {
    kwh: Float64Array.from(kwh, (value) => value ?? Number.NaN),
    knownMs: Float64Array.from(kwh, (value) => (value === null ? 0 : QUARTER)),
  };
}
const complete = (count: number, given: Partial<MeasuredCorners>): SiteSlots =>
  completeBalance({
    edges: edgesOf(count),
    asOf: Number.POSITIVE_INFINITY,
    solar: null,
    battery: null,
    grid: null,
    load: null,
    vehicle: null,
    machines: null,
    dark: null,
    gridDerivedFrom: null,
    ...given,
  });

describe('completing a balance', () => {
  test('derives a corner only in the slots where it is silent', () => {
    const slots = complete(3, {
      solar: flow(2, 2, 2),
      grid: { positive: flow(1, null, 0), negative: flow(0, null, 1) },
      load: flow(3.1, 3, null),
    });
    expect([...slots.imported]).toEqual([1, 1, 0]);
    expect([...slots.exported]).toEqual([0, 0, 1]);
    expect([...slots.load]).toEqual([3.1, 3, 1]);
    expect(slots.derived.map(({ corner, from, slots: marked }) => [corner, from, [...marked]])).toEqual([
      ['grid', 'solar, load', [0, 1, 0]],
      ['load', 'solar, grid', [0, 0, 1]],
    ]);
  });

  test('any corner removed from a closed balance is recovered', () => {
    const kwh = fc.double({ min: 0, max: 10, noNaN: true });
    const silent = { positive: flow(null), negative: flow(null) };
    fc.assert(
      fc.property(kwh, fc.double({ min: -5, max: 5, noNaN: true }), kwh, (solar, battery, load) => {
        const grid = load + battery - solar;
        const oneWay = (net: number) => ({ positive: flow(Math.max(net, 0)), negative: flow(Math.max(-net, 0)) });
        const closed = { solar: flow(solar), battery: oneWay(battery), grid: oneWay(grid), load: flow(load) };
        const found = {
          solar: complete(1, { ...closed, solar: flow(null) }).solar[0],
          load: complete(1, { ...closed, load: flow(null) }).load[0],
          charge: complete(1, { ...closed, battery: silent }).charge[0],
          discharge: complete(1, { ...closed, battery: silent }).discharge[0],
          imported: complete(1, { ...closed, grid: silent }).imported[0],
          exported: complete(1, { ...closed, grid: silent }).exported[0],
        };
        // Sums of four numbers of at most 20: rounding errors stay below 1e-14.
        expect(found).toEqual({
          solar: expect.closeTo(solar, 12),
          load: expect.closeTo(load, 12),
          charge: expect.closeTo(Math.max(battery, 0), 12),
          discharge: expect.closeTo(Math.max(-battery, 0), 12),
          imported: expect.closeTo(Math.max(grid, 0), 12),
          exported: expect.closeTo(Math.max(-grid, 0), 12),
        });
      }),
    );
  });

  test('measured import is unchanged if only the export is missing', () => {
    const slots = complete(1, { solar: flow(5), grid: { positive: flow(1), negative: flow(null) }, load: flow(2) });
    expect([slots.imported[0], slots.exported[0]]).toEqual([1, 4]);
  });

  test('without other data, the load is the sum of the machines, and the grid is derived from it', () => {
    const slots = complete(2, { machines: flow(4, null) });
    expect([...slots.load]).toEqual([4, Number.NaN]);
    expect([...slots.imported]).toEqual([4, Number.NaN]);
  });

  test('two unknown corners are not derived', () => {
    const slots = complete(1, {
      solar: flow(2),
      battery: { positive: flow(null), negative: flow(null) },
      load: flow(1),
    });
    expect([slots.imported[0], slots.charge[0]]).toEqual([Number.NaN, Number.NaN]);
  });

  test('consecutive parts of a site concatenate to the original', () => {
    const slots = complete(4, { solar: flow(1, 2, null, 4), load: flow(1, 1, 1, 1) });
    const joined = joinSlots([sliceSlots(slots, 0, 1), sliceSlots(slots, 1, 3), sliceSlots(slots, 3, 4)]);
    expect(joined).toEqual(slots);
  });
});

describe('allocation of flows', () => {
  test('solar supplies the load, then the battery, then the grid', () => {
    const slots = complete(1, {
      solar: flow(5),
      battery: { positive: flow(2), negative: flow(0) },
      grid: { positive: flow(0), negative: flow(2) },
      load: flow(1),
    });
    expect(Object.fromEntries(FLOWS.map((name) => [name, allocateFlows(slots)[name][0]]))).toEqual({
      solar_to_load_kwh: 1,
      solar_to_battery_kwh: 2,
      solar_to_grid_kwh: 2,
      battery_to_load_kwh: 0,
      battery_to_grid_kwh: 0,
      grid_to_load_kwh: 0,
      grid_to_battery_kwh: 0,
    });
  });

  test('no flow exceeds its source or its target, and a closed balance leaves no residual', () => {
    const kwh = fc.double({ min: 0, max: 10, noNaN: true });
    fc.assert(
      fc.property(kwh, kwh, kwh, kwh, kwh, (solar, charge, discharge, imported, exported) => {
        const load = solar + discharge + imported - charge - exported;
        fc.pre(load >= 0);
        const flows = allocateFlows(
          complete(1, {
            solar: flow(solar),
            battery: { positive: flow(charge), negative: flow(discharge) },
            grid: { positive: flow(imported), negative: flow(exported) },
            load: flow(load),
          }),
        );
        const sum = (part: string) =>
          FLOWS.filter((name) => name.includes(part)).reduce((total, name) => total + flows[name][0]!, 0);
        const limits: [string, number][] = [
          ['solar_to', solar],
          ['battery_to', discharge],
          ['grid_to', imported],
          ['to_load', load],
          ['to_battery', charge],
          ['to_grid', exported],
        ];
        for (const [part, limit] of limits) expect(sum(part)).toBeLessThanOrEqual(limit + 1e-9);
        // Energy that circulates within a slot (a battery charged and discharged, import and export) may remain.
        expect(sum('to_load')).toBeCloseTo(load, 9);
      }),
    );
  });
});

describe('self-sufficiency and self-consumption', () => {
  const shares = (slots: SiteSlots) => {
    const found = spanFlows(allocateFlows(slots), 0, slots.load.length);
    return [found?.selfSufficiency, found?.selfConsumption];
  };

  test('follow the flows if a battery is charged from the grid and discharged to it', () => {
    // Night: 8 kWh from the grid to the battery. Day: 5 kWh of solar and 2 kWh of the battery to the load, 6 kWh of the battery exported.
    const slots = complete(2, {
      solar: flow(0, 5),
      battery: { positive: flow(8, 0), negative: flow(0, 8) },
      grid: { positive: flow(8, 0), negative: flow(0, 6) },
      load: flow(0, 7),
    });
    expect(shares(slots)).toEqual([1, 1]);
  });

  test('count energy imported and exported within one slot as imported', () => {
    // In half of the slot, 2 kWh of solar are exported; in the other half, the load imports 2 kWh. So no solar supplied the load.
    const slots = complete(1, { solar: flow(2), grid: { positive: flow(2), negative: flow(2) }, load: flow(2) });
    expect(shares(slots)).toEqual([0, 0]);
  });

  test('exclude slots with an unknown origin of the energy', () => {
    const slots = complete(2, {
      solar: flow(1, 1),
      grid: { positive: flow(1, 2), negative: flow(0, 0) },
      battery: { positive: flow(0, null), negative: flow(0, null) },
      load: flow(2, null),
    });
    expect(shares(slots)).toEqual([0.5, 1]);
  });
});

describe('totals, flows and shares', () => {
  test('agree for measured, missing and contradictory corners', () => {
    const kwh = fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: null });
    const slot = fc.record({ solar: kwh, charge: kwh, discharge: kwh, imported: kwh, exported: kwh, load: kwh });
    fc.assert(
      fc.property(
        fc.array(slot, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        fc.boolean(),
        (given, panels, battery) => {
          const column = (key: keyof (typeof given)[number]) => flow(...given.map((one) => one[key]));
          const slots = complete(given.length, {
            solar: panels ? column('solar') : null,
            battery: battery ? { positive: column('charge'), negative: column('discharge') } : null,
            grid: { positive: column('imported'), negative: column('exported') },
            load: column('load'),
          });
          const columns = allocateFlows(slots);
          const totals = totalsBySpan(slots, columns, new Float64Array(given.length), new Set())(0, given.length);
          const flows = totals.flows?.flows ?? null;
          fc.pre(flows !== null);
          const sumOf = (part: string) =>
            [...FLOWS, ...RESIDUALS].reduce(
              (sum, name) => sum + (name.includes(part) ? (flows?.[name] ?? Number.NaN) : 0),
              0,
            );
          // Sums of at most 24 numbers of at most 10: rounding errors stay below 1e-12.
          expect({
            solar_to: sumOf('solar_to'),
            battery_to: sumOf('battery_to'),
            grid_to: sumOf('grid_to'),
            to_load: sumOf('to_load'),
            to_battery: sumOf('to_battery'),
            to_grid: sumOf('to_grid'),
          }).toEqual({
            solar_to: expect.closeTo(totals.solarKwh ?? 0, 10),
            battery_to: expect.closeTo(totals.dischargedKwh ?? 0, 10),
            grid_to: expect.closeTo(totals.importKwh ?? 0, 10),
            to_load: expect.closeTo(totals.consumptionKwh ?? 0, 10),
            to_battery: expect.closeTo(totals.chargedKwh ?? 0, 10),
            to_grid: expect.closeTo(totals.exportKwh ?? 0, 10),
          });
          for (const name of [...FLOWS, ...RESIDUALS]) expect(flows?.[name]).toBeGreaterThanOrEqual(0);
          const isDetermined = columns.grid_to_load_kwh.every((value) => value === value);
          if (!isDetermined || !totals.consumptionKwh) return;
          expect(totals.flows?.selfSufficiency).toBeCloseTo(
            1 - (flows?.grid_to_load_kwh ?? 0) / totals.consumptionKwh,
            10,
          );
        },
      ),
    );
  });

  test('have no residuals if coarse meters balance over the period', () => {
    // A load of 5 Wh per slot; both counters step by 10 Wh at different times. In the last slot, only the import is known.
    const slots = complete(5, {
      solar: flow(0, 0, 0, 0, null),
      grid: { positive: flow(0.01, 0, 0.01, 0, 7), negative: flow(0, 0, 0, 0, 0) },
      load: flow(0, 0.01, 0, 0.01, null),
    });
    const found = spanFlows(allocateFlows(slots), 0, 5);
    expect(found?.selfSufficiency).toBeCloseTo(0, 12);
    expect(found?.flows).toMatchObject({ grid_to_load_kwh: 0.02, grid_to_other_kwh: 7, other_to_load_kwh: 0 });
  });

  test('leave no residual of a closed balance, even with energy in both directions within a slot', () => {
    const kwh = fc.double({ min: 0.1, max: 10, noNaN: true });
    fc.assert(
      fc.property(fc.array(kwh, { minLength: 7, maxLength: 7 }), (ways) => {
        const [a, b, c, d, e, f, g] = ways as [number, number, number, number, number, number, number];
        const slots = complete(1, {
          solar: flow(a + b + c),
          battery: { positive: flow(b + g), negative: flow(d + e) },
          grid: { positive: flow(f + g), negative: flow(c + e) },
          load: flow(a + d + f),
        });
        const columns = allocateFlows(slots);
        for (const name of RESIDUALS) expect(columns[name][0]).toBeCloseTo(0, 9);
      }),
    );
  });
});

describe('night', () => {
  test('the altitude of the sun agrees with the almanac', () => {
    // NREL SPA's worked example (Reda & Andreas 2004, table A5.1): 17 Oct 2003 12:30:30 at −7 h, 39.742476° N, 105.1786° W,
    // zenith 50.1116°, topocentric with refraction; 0.05° for refraction (0.016°) and the almanac's own error.
    expect(sunAltitudeDeg(Date.UTC(2003, 9, 17, 19, 30, 30), 39.742476, -105.1786)).toBeCloseTo(90 - 50.1116, 1);
  });

  test('lasts from sunset to sunrise', () => {
    const start = Date.UTC(2026, 5, 14, 22);
    const edges = Float64Array.from({ length: 97 }, (_, i) => start + i * QUARTER);
    const dark = darkBySun(edges, 52.23, 21.01);
    const light = [...dark.keys()].filter((s) => dark[s] === 0);
    // Warsaw, 15 June: the sun rises at 4:14 and sets at 20:59 (UTC+2), so slots 16 (4:00) to 83 (20:45) have light.
    expect([light[0], light.at(-1), light.length]).toEqual([16, 83, 68]);
  });
});

describe('published values', () => {
  const hours = (...list: number[]) => Float64Array.from(list, (hour) => hour * 4 * QUARTER);

  test('are valid until the next value, with a time-weighted mean per slot', () => {
    const means = heldMeans({ timestamps: hours(0, 1.5, 3), values: Float64Array.of(1, 4, 7) }, hours(0, 1, 2, 3));
    expect([...means]).toEqual([1, 2.5, 4]);
  });

  test('expire: hourly values are valid for 2.5 hours', () => {
    const hourly = { timestamps: hours(0, 1, 2), values: Float64Array.of(1, 1, 1) };
    expect(heldMeans(hourly, hours(-1, 0, 4, 4.5, 5))).toEqual(Float64Array.of(Number.NaN, 1, 1, Number.NaN));
  });
});
