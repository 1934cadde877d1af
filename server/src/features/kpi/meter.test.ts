import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { every, SiteWorld, samples } from '../../../test/energy/site-world.ts';
import { dayWindow } from '../../domain/time/site-time.ts';
import { meterOf } from './meter.ts';
import { KpiService } from './service.ts';

const ZONE = 'Europe/Warsaw';
const DAY = dayWindow('2026-03-27', ZONE);
const NOW = Date.UTC(2026, 3, 2);
const iso = (instant: number) => new Date(instant).toISOString();
const period = { start: iso(DAY.start), end: iso(DAY.end) };

async function world() {
  const site = await SiteWorld.open(NOW, { timezone: ZONE, emissionFactorKgPerKwh: 0.5 });
  const { queries, devices, energy } = site;
  return { site, kpis: new KpiService({ queries, devices, energy, now: () => site.now }) };
}

describe('a meter', () => {
  it.each([
    [['load.power_kw', 'grid.power_kw', 'solar.power_kw'], 'load'],
    [['grid.energy_imported_kwh', 'grid.energy_exported_kwh'], 'grid'],
    [['vehicle.power_kw', 'vehicle.soc_percent'], 'vehicle'],
    [['load.power_kw', 'energy.energy_kwh'], 'energy'],
    [['weather.temperature_c', 'chiller.power_kw', 'boiler.energy_kwh'], 'boiler'],
    [['solar.power_kw', 'solar.energy_kwh', 'battery.power_kw', 'solar.roof.power_kw'], null],
    [['energy.power_factor', 'grid.voltage_v', 'grid.energy_exported_kwh'], null],
    [[], null],
  ])('of %j is in the group %s', (metrics, group) => {
    expect(meterOf({ metricsOf: () => metrics }, 'one')?.group ?? null).toBe(group);
  });

  it('of a building reports its import, not import minus export', async () => {
    const { site, kpis } = await world();
    const meter = await site.device('Main', 'meter', { expectedIntervalS: 60 });
    const exports = (at: number) => at >= DAY.start + 10 * HOUR_MS && at < DAY.start + 14 * HOUR_MS;
    await site.report(
      meter,
      'grid.power_kw',
      every(MINUTE_MS, DAY.start, DAY.end, (at) => (exports(at) ? -6 : 3)),
    );
    const { kpis: all, meter: group } = await kpis.all({ machine_id: 'Main', ...period });
    expect(group).toBe('grid');
    expect(all.energy.value).toBeCloseTo(60, 9);
    expect(all.mean_power.value).toBeCloseTo(2.5, 9);
    expect(all.peak_demand.value).toBeCloseTo(3, 9);
    expect(all.carbon.value).toBeCloseTo(30, 9);
  });

  it('with signed power counts the positive samples, in slots of any width', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 24, maxLength: 48 }), async (powers) => {
        const { site, kpis } = await world();
        const meter = await site.device('Main', 'meter', { expectedIntervalS: 420 });
        const step = 7 * MINUTE_MS;
        const end = DAY.start + powers.length * step;
        await site.report(
          meter,
          'grid.power_kw',
          every(step, DAY.start, end, (at) => powers[(at - DAY.start) / step]!),
        );
        const { kpis: all } = await kpis.all({ machine_id: 'Main', start: iso(DAY.start), end: iso(end) });
        const wanted = powers.reduce((sum, kw) => sum + Math.max(kw, 0) * (7 / 60), 0);
        expect(all.energy.value).toBeCloseTo(wanted, 9);
      }),
      { numRuns: 15 },
    );
  });
});

describe('all key figures', () => {
  it('have energy, production, mean power, carbon and its intensity, and name the demand charge', async () => {
    const { site, kpis } = await world();
    const press = await site.device('Press', 'machine', { expectedIntervalS: 60 });
    const peak = DAY.start + 12 * HOUR_MS;
    const power = (at: number) => (at >= peak && at < peak + HOUR_MS ? 34 : 10);
    await site.report(press, 'energy.power_kw', every(MINUTE_MS, DAY.start, DAY.end, power));
    await site.report(press, 'production.count', samples([DAY.start + HOUR_MS, 132]));
    await site.tariff({
      import_price: { type: 'flat', price_per_kwh: 0.25 },
      fixed_per_day: 7,
      demand_per_kw_month: 31,
    });
    const query = { machine_id: 'Press', ...period };
    const { kpis: all } = await kpis.all(query);
    // 24 h × 10 kW + 1 h × 24 kW; one day of 31 of the charge on 34 kW.
    expect(all).toMatchObject({
      energy: { value: expect.closeTo(264, 9), unit: 'kWh', reason: null },
      production: { value: 132, unit: 'units', reason: null },
      sec: { value: expect.closeTo(2, 9) },
      mean_power: { value: expect.closeTo(11, 9), unit: 'kW' },
      carbon: { value: expect.closeTo(132, 9), unit: 'kg CO2' },
      carbon_intensity_per_kwh: { value: expect.closeTo(0.5, 12), unit: 'kg CO2/kWh' },
      carbon_intensity: { value: expect.closeTo(132, 9), unit: 'kg CO2' },
    });
    const { value, demand_charge: demand, total } = all.energy_cost;
    expect(value).toBeCloseTo(66, 9);
    // March has 743 hours here.
    expect(demand).toBeCloseTo((34 * 31 * 24) / 743, 6);
    expect(total).toBeCloseTo(value! + demand!, 9);
    expect(await kpis.energyCost(query)).toMatchObject({
      total_cost: value,
      demand_charge: demand,
      total_with_demand_charge: total,
    });
  });

  it('equal the site totals if there is only one meter', async () => {
    const { site, kpis } = await world();
    const meter = await site.device('Main', 'meter', { expectedIntervalS: 60 });
    await site.report(
      meter,
      'grid.power_kw',
      every(MINUTE_MS, DAY.start, DAY.end, (at) => 8 * Math.sin(at / 4e6)),
    );
    await site.tariff({ import_price: { type: 'flat', price_per_kwh: 0.25 }, demand_per_kw_month: 31 });
    const { kpis: all } = await kpis.all({ machine_id: 'Main', ...period });
    const { totals } = await site.energy.balance({ ...period, resolution: '1d' });
    expect(all.energy.value).toBeCloseTo(totals.import_kwh!, 9);
    expect(all.energy_cost.value).toBeCloseTo(totals.cost!, 9);
    expect(all.energy_cost.demand_charge).toBeCloseTo(totals.demand_cost!, 9);
    expect(all.carbon.value).toBeCloseTo(totals.carbon_kg!, 9);
  });
});
