import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketEdges, dayWindow } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';
import { priceEnergy, pricingStart } from './price-energy.ts';

const WARSAW = 'Europe/Warsaw';
const terms = (given: Partial<TariffTerms> & Pick<TariffTerms, 'import_price'>): TariffTerms => ({
  name: 'Test',
  export_price: { type: 'none' },
  fixed_per_day: 0,
  demand_per_kw_month: 0,
  ...given,
});
type TimeOfUse = Extract<TariffTerms['import_price'], { type: 'time_of_use' }>;
type Band = TimeOfUse['bands'][number];
const band = (given: Partial<Band> & Pick<Band, 'name' | 'price_per_kwh'>): Band => ({
  from: '00:00',
  to: '24:00',
  holidays: 'include',
  ...given,
});
const timeOfUse = (bands: Band[], holidays: string[] = []): TariffTerms =>
  terms({
    import_price: { type: 'time_of_use', bands, otherwise: { name: 'rest', price_per_kwh: 0.1 }, holidays },
  });

/** A constant load of 1 kW over a window, so that energy in kWh equals time in hours. */
function steady(window: Window, zone = WARSAW, bucket = '15m', kw = 1) {
  const edges = bucketEdges(window, bucket, zone);
  const importKwh = edges.subarray(1).map((end, i) => (kw * (end - edges[i]!)) / HOUR_MS);
  return { edges, importKwh, exportKwh: importKwh.map(() => 0), importPrice: null, exportPrice: null };
}
const hoursByBand = (tariff: TariffTerms, day: string, zone = WARSAW) =>
  Object.fromEntries(
    priceEnergy(tariff, steady(dayWindow(day, zone), zone), { timeZone: zone }).bands.map((one) => [
      one.band,
      // Sums of at most 100 quarters of an hour, which are exact in binary.
      one.energyKwh,
    ]),
  );

describe('time of use', () => {
  const peak = timeOfUse([band({ name: 'peak', price_per_kwh: 0.2, from: '08:00', to: '20:00' })]);

  test('the industrial default costs 12 h at 0.20 and 12 h at 0.10', () => {
    const { cost } = priceEnergy(peak, steady(dayWindow('2026-06-15', WARSAW)), { timeZone: WARSAW });
    expect(cost).toBeCloseTo(12 * 0.2 + 12 * 0.1, 12);
  });

  test('an hour skipped or repeated by daylight saving time belongs to the band of its clock time', () => {
    const night = timeOfUse([band({ name: 'night', price_per_kwh: 0.05, from: '01:00', to: '04:00' })]);
    expect(hoursByBand(night, '2026-06-15')).toEqual({ rest: 21, night: 3 });
    expect(hoursByBand(night, '2026-03-29')).toEqual({ rest: 21, night: 2 });
    expect(hoursByBand(night, '2026-10-25')).toEqual({ rest: 21, night: 4 });
  });

  test('weekdays follow the time zone of the site, not UTC', () => {
    const weekend = timeOfUse([band({ name: 'weekend', price_per_kwh: 0, weekdays: [6, 7] })]);
    expect(hoursByBand(weekend, '2026-06-14')).toEqual({ weekend: 24 });
    expect(hoursByBand(weekend, '2026-06-15')).toEqual({ rest: 24 });
    expect(hoursByBand(weekend, '2026-06-14', 'Pacific/Auckland')).toEqual({ weekend: 24 });
  });

  test('a band across midnight belongs to the day on which it starts', () => {
    const friday = timeOfUse([
      band({ name: 'friday night', price_per_kwh: 0, from: '22:00', to: '06:00', weekdays: [5] }),
    ]);
    expect(hoursByBand(friday, '2026-06-19')).toEqual({ rest: 22, 'friday night': 2 });
    expect(hoursByBand(friday, '2026-06-20')).toEqual({ 'friday night': 6, rest: 18 });
    expect(hoursByBand(friday, '2026-06-21')).toEqual({ rest: 24 });
  });

  test('a season includes its first and last day and may span the new year', () => {
    const winter = timeOfUse([band({ name: 'winter', price_per_kwh: 1, season: { from: '10-01', to: '03-31' } })]);
    const days = ['2026-09-30', '2026-10-01', '2026-12-31', '2027-01-01', '2027-03-31', '2027-04-01'];
    expect(days.map((day) => Object.keys(hoursByBand(winter, day)).join())).toEqual([
      'rest',
      'winter',
      'winter',
      'winter',
      'winter',
      'rest',
    ]);
  });

  test('bands may include holidays, exclude them, or apply on holidays only', () => {
    const holidays = ['2026-06-15'];
    const on = (rule: Band['holidays'], day: string) =>
      Object.keys(
        hoursByBand(timeOfUse([band({ name: 'band', price_per_kwh: 1, holidays: rule })], holidays), day),
      ).join();
    expect([on('include', '2026-06-15'), on('exclude', '2026-06-15'), on('only', '2026-06-15')]).toEqual([
      'band',
      'rest',
      'band',
    ]);
    expect([on('include', '2026-06-16'), on('exclude', '2026-06-16'), on('only', '2026-06-16')]).toEqual([
      'band',
      'band',
      'rest',
    ]);
  });

  test('the first matching band applies', () => {
    const both = timeOfUse([
      band({ name: 'noon', price_per_kwh: 0, from: '12:00', to: '13:00' }),
      band({ name: 'day', price_per_kwh: 1, from: '06:00', to: '22:00' }),
    ]);
    expect(hoursByBand(both, '2026-06-15')).toEqual({ rest: 8, day: 15, noon: 1 });
  });

  test('a slot that contains the edge of a band is split by time, also for hourly slots in a half-hour time zone', () => {
    const odd = timeOfUse([band({ name: 'odd', price_per_kwh: 1, from: '08:20', to: '08:50' })]);
    for (const zone of ['Asia/Kolkata', WARSAW]) {
      const { bands } = priceEnergy(odd, steady(dayWindow('2026-06-15', zone), zone, '1h'), { timeZone: zone });
      expect(bands.find((one) => one.band === 'odd')?.energyKwh).toBeCloseTo(0.5, 12);
    }
  });
});

describe('other prices', () => {
  test('dynamic prices use factor and markup, and the fallback if no price is known', () => {
    const tariff = terms({
      import_price: { type: 'dynamic', factor: 1.23, markup_per_kwh: 0.1, fallback_per_kwh: 0.9 },
      export_price: { type: 'dynamic', factor: 1, markup_per_kwh: -0.01, fallback_per_kwh: 0 },
    });
    const slots = {
      edges: Float64Array.of(0, 1, 2, 3).map((hour) => hour * HOUR_MS),
      importKwh: Float64Array.of(1, 2, 4),
      exportKwh: Float64Array.of(0, 0, 5),
      importPrice: Float64Array.of(0.2, -0.1, Number.NaN),
      exportPrice: Float64Array.of(0.2, -0.1, 0.05),
    };
    const { cost, revenue, bands, warnings } = priceEnergy(tariff, slots, { timeZone: 'UTC' });
    expect(cost).toBeCloseTo(0.346 + 2 * (-0.123 + 0.1) + 3.6, 12);
    expect(revenue).toBeCloseTo(5 * 0.04, 12);
    expect(bands).toEqual([
      { band: 'dynamic', energyKwh: 3, cost: expect.closeTo(0.3, 12) },
      { band: 'fallback', energyKwh: 4, cost: 3.6 },
    ]);
    expect(warnings).toEqual(['no price is known for 4.00 kWh of import: priced at the fallback of 0.9']);
  });

  test('an export price that follows the market uses the import price if no export price is published', () => {
    const tariff = terms({
      import_price: { type: 'flat', price_per_kwh: 0.3 },
      export_price: { type: 'dynamic', factor: 0.5, markup_per_kwh: 0.01, fallback_per_kwh: 0.04 },
    });
    const slots = {
      edges: Float64Array.of(0, 1, 2, 3).map((hour) => hour * HOUR_MS),
      importKwh: Float64Array.of(0, 0, 0),
      exportKwh: Float64Array.of(1, 2, 4),
      importPrice: Float64Array.of(0.2, 0.4, Number.NaN),
      exportPrice: null,
    };
    const imported = priceEnergy(tariff, slots, { timeZone: 'UTC' });
    expect([...imported.revenueBySlot]).toEqual([0.11, 0.42, 0.16].map((one) => expect.closeTo(one, 12)));
    expect(imported.warnings).toEqual(['no price is known for 4.00 kWh of export: priced at the fallback of 0.04']);
    const exportPrice = Float64Array.of(0.1, Number.NaN, 0);
    const both = priceEnergy(tariff, { ...slots, exportPrice }, { timeZone: 'UTC' });
    expect([...both.revenueBySlot]).toEqual([0.06, 0.42, 0.04].map((one) => expect.closeTo(one, 12)));
    expect(both.warnings).toEqual([]);
  });

  test('a fallback is reported from 1 % of the energy', () => {
    const price = { type: 'dynamic', factor: 1, markup_per_kwh: 0, fallback_per_kwh: 0.5 } as const;
    const warningsWhere = (unknownKwh: number) =>
      priceEnergy(
        terms({ import_price: price, export_price: price }),
        {
          edges: Float64Array.of(0, HOUR_MS, 2 * HOUR_MS),
          importKwh: Float64Array.of(100 - unknownKwh, unknownKwh),
          exportKwh: Float64Array.of(100 - unknownKwh, unknownKwh),
          importPrice: Float64Array.of(0.1, Number.NaN),
          exportPrice: Float64Array.of(0.1, Number.NaN),
        },
        { timeZone: 'UTC' },
      ).warnings.length;
    expect([0, 1, 1.01].map(warningsWhere)).toEqual([0, 0, 2]);
  });

  test('tiers fill per calendar month, and the slot that completes one is split', () => {
    const tariff = terms({
      import_price: {
        type: 'tiered',
        period: 'month',
        tiers: [
          { up_to_kwh: null, price_per_kwh: 3 },
          { up_to_kwh: 100, price_per_kwh: 1 },
          { up_to_kwh: 150.1, price_per_kwh: 2 },
        ],
      },
    });
    const window = { start: dayWindow('2026-05-25', WARSAW).start, end: dayWindow('2026-06-05', WARSAW).end };
    const { bands } = priceEnergy(tariff, steady(window), { timeZone: WARSAW });
    // 7 days of May, 168 kWh: 100 + 50.1 + 17.9. 5 days of June, 120 kWh: 100 + 20.
    expect(bands.map(({ band: name, energyKwh }) => [name, Number(energyKwh.toFixed(9))])).toEqual([
      ['tier 1', 200],
      ['tier 2', 70.1],
      ['tier 3', 17.9],
    ]);
  });

  test('the price of the last tier applies beyond its limit', () => {
    const tariff = terms({
      import_price: { type: 'tiered', period: 'day', tiers: [{ up_to_kwh: 10, price_per_kwh: 1 }] },
    });
    const { cost } = priceEnergy(tariff, steady(dayWindow('2026-06-15', WARSAW)), { timeZone: WARSAW });
    expect(cost).toBeCloseTo(24, 12);
  });

  test('pricing of tiers starts with the day or month, of other prices with the window', () => {
    const instant = dayWindow('2026-06-15', WARSAW).start + HOUR_MS;
    const tiered = (period: 'day' | 'month') =>
      terms({ import_price: { type: 'tiered', period, tiers: [{ up_to_kwh: null, price_per_kwh: 1 }] } });
    expect(pricingStart(tiered('month'), instant, WARSAW)).toBe(dayWindow('2026-06-01', WARSAW).start);
    expect(pricingStart(tiered('day'), instant, WARSAW)).toBe(instant - HOUR_MS);
    expect(pricingStart(terms({ import_price: { type: 'flat', price_per_kwh: 1 } }), instant, WARSAW)).toBe(instant);
  });

  test('a fixed charge accrues over the current day', () => {
    const tariff = terms({ import_price: { type: 'flat', price_per_kwh: 0 }, fixed_per_day: 2 });
    const window = dayWindow('2026-03-29', WARSAW);
    const at = (hours: number) =>
      priceEnergy(tariff, steady(window), { timeZone: WARSAW, asOf: window.start + hours * HOUR_MS }).fixedCost;
    expect([at(-1), at(11.5), at(23), at(100)]).toEqual([
      0,
      expect.closeTo(1, 12),
      expect.closeTo(2, 12),
      expect.closeTo(2, 12),
    ]);
  });

  test('a fixed charge applies to days with data only', () => {
    const tariff = terms({ import_price: { type: 'flat', price_per_kwh: 1 }, fixed_per_day: 2 });
    const window = { start: dayWindow('2026-03-27', WARSAW).start, end: dayWindow('2026-04-05', WARSAW).end };
    const slots = steady(window);
    const none = dayWindow('2026-03-29', WARSAW).start;
    slots.edges.forEach((edge, s) => {
      // Three days with energy, one of them for a quarter hour only; the 23-hour day has exports only.
      if (edge >= none + HOUR_MS / 4 && s < slots.importKwh.length)
        slots.importKwh[s] = slots.exportKwh[s] = Number.NaN;
      else if (edge === none) slots.importKwh[s] = Number.NaN;
    });
    const { fixedCost, fixedBySlot } = priceEnergy(tariff, slots, { timeZone: WARSAW });
    expect(fixedCost).toBeCloseTo(3 * 2, 12);
    expect(fixedBySlot.at(-1)).toBe(0);
  });

  test('a fixed charge applies once per day of 23, 24 or 25 hours', () => {
    const tariff = terms({ import_price: { type: 'flat', price_per_kwh: 0 }, fixed_per_day: 2 });
    for (const day of ['2026-03-29', '2026-06-15', '2026-10-25']) {
      const { fixedCost } = priceEnergy(tariff, steady(dayWindow(day, WARSAW)), { timeZone: WARSAW });
      expect(fixedCost).toBeCloseTo(2, 12);
    }
  });

  test('the demand charge uses the quarter hour with the highest mean power of each month', () => {
    const tariff = terms({ import_price: { type: 'flat', price_per_kwh: 0 }, demand_per_kw_month: 10 });
    const window = { start: dayWindow('2026-05-01', WARSAW).start, end: dayWindow('2026-06-30', WARSAW).end };
    const slots = steady(window);
    slots.importKwh[1000] = 2; // 8 kW in May
    slots.importKwh[3500] = 1.25; // 5 kW on 6 June
    expect(priceEnergy(tariff, slots, { timeZone: WARSAW }).demandCost).toBeCloseTo(10 * (8 + 5), 9);
    // Half of June: the peak and the charge of that half.
    const half = { start: dayWindow('2026-06-16', WARSAW).start, end: window.end };
    expect(priceEnergy(tariff, slots, { timeZone: WARSAW, window: half }).demandCost).toBeCloseTo(10 * 1 * 0.5, 9);
  });

  test('unknown energy costs nothing', () => {
    const slots = steady(dayWindow('2026-06-15', WARSAW));
    slots.importKwh.fill(Number.NaN, 0, 48);
    const tariff = terms({ import_price: { type: 'flat', price_per_kwh: 1 } });
    expect(priceEnergy(tariff, slots, { timeZone: WARSAW }).cost).toBeCloseTo(12, 12);
  });
});

test('the energy of all bands equals the imported energy for any bands, time zone and window', () => {
  const clock = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
    .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`);
  const anyBand = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    price_per_kwh: fc.constant(1),
    from: clock,
    to: clock,
    weekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
    holidays: fc.constantFrom('include' as const, 'exclude' as const, 'only' as const),
  });
  fc.assert(
    fc.property(
      fc.array(anyBand, { maxLength: 4, minLength: 1 }),
      fc.constantFrom(WARSAW, 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'),
      fc.constantFrom('2026-03-29', '2026-10-25', '2026-04-05', '2026-10-04', '2026-11-01', '2026-06-15'),
      (bands, zone, day) => {
        const slots = steady(dayWindow(day, zone), zone);
        const priced = priceEnergy(timeOfUse(bands, ['2026-06-15']), slots, { timeZone: zone });
        const bought = slots.importKwh.reduce((sum, kwh) => sum + kwh, 0);
        expect(priced.bands.reduce((sum, one) => sum + one.energyKwh, 0)).toBeCloseTo(bought, 9);
        expect(priced.costBySlot.reduce((sum, cost) => sum + cost, 0)).toBeCloseTo(priced.cost, 9);
      },
    ),
    { numRuns: 60 },
  );
});
