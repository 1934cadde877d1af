import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { MAX_PRICE, TariffCreate } from '@wattkeeper/contract/tariff.ts';
import { describe, expect, test } from 'vitest';
import { every, SiteWorld } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/time/site-time.ts';
import { TariffService } from './service.ts';

const { start: DAY, end: DAY_END } = dayWindow('2026-06-15', 'Europe/Warsaw');
const NONE = { export_price: { type: 'none' }, fixed_per_day: 0, demand_per_kw_month: 0 } as const;

describe('tariffs', () => {
  test('are compared by their cost of the same energy', async () => {
    const world = await SiteWorld.open(DAY_END + HOUR_MS);
    const meter = await world.device('Meter', 'meter', { expectedIntervalS: 900 });
    const peak = (instant: number) => instant >= DAY + 8 * HOUR_MS && instant < DAY + 20 * HOUR_MS;
    await world.report(
      meter,
      'grid.power_kw',
      every(15 * MINUTE_MS, DAY, DAY_END, (t) => (peak(t) ? 2 : -1)),
    );
    const service = new TariffService({ tariffs: world.records.tariffs, energy: world.energy, now: () => world.now });
    const flat = await service.create({
      ...NONE,
      name: 'Flat',
      import_price: { type: 'flat', price_per_kwh: 0.3 },
      fixed_per_day: 1,
    });
    const tou = await service.create({
      ...NONE,
      name: 'Day and night',
      import_price: {
        type: 'time_of_use',
        bands: [{ name: 'peak', price_per_kwh: 0.2, from: '08:00', to: '20:00', holidays: 'include' }],
        otherwise: { name: 'off-peak', price_per_kwh: 0.1 },
        holidays: [],
      },
      export_price: { type: 'flat', price_per_kwh: 0.05 },
      demand_per_kw_month: 30,
    });
    const comparison = await service.compare({
      start: new Date(DAY).toISOString(),
      end: new Date(DAY_END).toISOString(),
      tariff_ids: [tou.id, 'Flat'],
    });
    // 24 kWh bought in the peak, 12 kWh sold off it; the demand of 2 kW for one day of June's 30.
    expect(comparison.items).toEqual([
      {
        tariff_id: tou.id,
        name: 'Day and night',
        cost: expect.closeTo(4.8, 9),
        revenue: expect.closeTo(0.6, 9),
        fixed_cost: 0,
        demand_cost: expect.closeTo(2, 9),
        total: expect.closeTo(6.2, 9),
      },
      {
        tariff_id: flat.id,
        name: 'Flat',
        cost: expect.closeTo(7.2, 9),
        revenue: 0,
        fixed_cost: expect.closeTo(1, 9),
        demand_cost: 0,
        total: expect.closeTo(8.2, 9),
      },
    ]);
  });

  test('allow any amount that a currency needs, up to the stated limit', () => {
    // A kWh in IDR, VND, KRW, and in rials at a million to the dollar.
    for (const price of [1444.7, 3000, 131.5, 4_200_000, -20_000, MAX_PRICE]) {
      const dynamic = { type: 'dynamic', factor: 17_000, markup_per_kwh: price, fallback_per_kwh: price } as const;
      const imports: TariffCreate['import_price'][] = [
        { type: 'flat', price_per_kwh: price },
        { type: 'tiered', period: 'month', tiers: [{ up_to_kwh: null, price_per_kwh: price }] },
        {
          type: 'time_of_use',
          bands: [{ name: 'day', price_per_kwh: price, from: '08:00', to: '20:00', holidays: 'include' }],
          otherwise: { name: 'night', price_per_kwh: price },
          holidays: [],
        },
        dynamic,
      ];
      for (const import_price of imports) {
        for (const export_price of [{ type: 'flat', price_per_kwh: price } as const, dynamic]) {
          const terms = { name: 'Any', import_price, export_price, fixed_per_day: 3e7, demand_per_kw_month: 3e8 };
          expect(TariffCreate.parse(terms)).toEqual(terms);
        }
      }
    }
    const beyond = { name: 'Any', import_price: { type: 'flat', price_per_kwh: 2 * MAX_PRICE } };
    expect(TariffCreate.safeParse(beyond).error?.issues[0]?.path).toEqual(['import_price', 'price_per_kwh']);
  });

  test('that do not exist, or an empty window, are rejected', async () => {
    const world = await SiteWorld.open(DAY_END);
    const service = new TariffService({ tariffs: world.records.tariffs, energy: world.energy, now: () => world.now });
    const start = new Date(DAY).toISOString();
    await expect(service.compare({ start, tariff_ids: ['nowhere'] })).rejects.toMatchObject({ code: 'not_found' });
    await service.create({ ...NONE, name: 'Flat', import_price: { type: 'flat', price_per_kwh: 1 } });
    await expect(service.compare({ start, end: start, tariff_ids: ['Flat'] })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });
});
