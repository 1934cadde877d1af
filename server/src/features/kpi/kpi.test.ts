import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { every, SiteWorld, samples } from '../../../test/energy/site-world.ts';
import { InvalidInput, NotFound } from '../../domain/errors.ts';
import { dayWindow } from '../../domain/time/site-time.ts';
import { KpiService } from './service.ts';

const ZONE = 'Europe/Warsaw';
/** A day of 23 hours. */
const SHORT_DAY = dayWindow('2026-03-29', ZONE);
const NOW = Date.UTC(2026, 3, 2);
const iso = (instant: number) => new Date(instant).toISOString();
const period = (window: { start: number; end: number }) => ({ start: iso(window.start), end: iso(window.end) });

async function world() {
  const site = await SiteWorld.open(NOW, { timezone: ZONE, emissionFactorKgPerKwh: 0.45 });
  const kpis = new KpiService({
    queries: site.queries,
    devices: site.devices,
    energy: site.energy,
    now: () => site.now,
  });
  return { site, kpis };
}

/** 10 kW, and 40 kW from 10:00 to 10:30 local time; 5 units every quarter of an hour. */
async function press() {
  const { site, kpis } = await world();
  const machine = await site.device('Press', 'machine', { expectedIntervalS: 60 });
  const peak = Date.parse('2026-03-29T10:00:00+02:00');
  const power = (at: number) => (at >= peak && at < peak + 30 * MINUTE_MS ? 40 : 10);
  await site.report(machine, 'energy.power_kw', every(MINUTE_MS, SHORT_DAY.start, SHORT_DAY.end, power));
  await site.report(
    machine,
    'production.count',
    every(15 * MINUTE_MS, SHORT_DAY.start, SHORT_DAY.end, () => 5),
  );
  return { site, kpis, machine, peak };
}

describe('the cost of a machine', () => {
  it('warns about energy priced at the fallback of a dynamic price', async () => {
    const { site, kpis } = await press();
    const dynamic = { type: 'dynamic', factor: 1, markup_per_kwh: 0, fallback_per_kwh: 0.5 } as const;
    await site.tariff({ import_price: dynamic });
    const query = { machine_id: 'Press', ...period(SHORT_DAY) };
    const warnings = ['no price is known for 245.00 kWh of import: priced at the fallback of 0.5'];
    expect(await kpis.energyCost(query)).toMatchObject({ total_cost: expect.closeTo(122.5, 9), warnings });
    expect((await kpis.all(query)).warnings).toEqual(warnings);
    expect((await kpis.figures(query, new Set(['energy_cost']))).warnings).toEqual(warnings);
    expect((await kpis.sec(query)).warnings).toEqual([]);
  });
});

describe('key figures of a machine on a day of 23 hours', () => {
  // 23 h × 10 kW + 0.5 h × 30 kW = 245 kWh; 92 quarter hours × 5 units = 460 units.
  it('agree with a calculation by hand', async () => {
    const { kpis, peak } = await press();
    const query = { machine_id: 'Press', ...period(SHORT_DAY) };
    expect(await kpis.sec(query)).toMatchObject({
      total_energy_kwh: expect.closeTo(245, 9),
      total_production_units: 460,
      sec_kwh_per_unit: expect.closeTo(245 / 460, 12),
      time_period_hours: 23,
      coverage: 1,
      reason: null,
    });
    expect(await kpis.peakDemand(query)).toMatchObject({
      peak_demand_kw: expect.closeTo(40, 9),
      timestamp: iso(peak),
    });
    expect(await kpis.loadFactor(query)).toMatchObject({ load_factor: expect.closeTo(245 / 23 / 40, 12) });
    // Without a tariff: 0.20 from 08:00 to 20:00, else 0.10. The day is 120 + 15 kWh, the remainder 11 h × 10 kW.
    expect(await kpis.energyCost(query)).toMatchObject({
      total_cost: expect.closeTo(135 * 0.2 + 110 * 0.1, 9),
      tariff: 'industrial default',
      currency: 'PLN',
    });
    expect(await kpis.carbon(query)).toMatchObject({
      total_carbon_kg: expect.closeTo(245 * 0.45, 9),
      carbon_intensity_kg_per_kwh: expect.closeTo(0.45, 12),
    });
    const { kpis: all } = await kpis.all(query);
    expect(all.load_factor.percent).toBeCloseTo((100 * 245) / 23 / 40, 9);
    expect(all.sec).toEqual({ value: expect.closeTo(245 / 460, 12), unit: 'kWh/unit', reason: null });
  });

  it('use the site’s tariff in its local time', async () => {
    const { site, kpis } = await press();
    await site.tariff({
      import_price: {
        type: 'time_of_use',
        bands: [{ name: 'morning', price_per_kwh: 1, from: '00:00', to: '06:00', holidays: 'include' }],
        otherwise: { name: 'other', price_per_kwh: 0 },
        holidays: [],
      },
    });
    // On this day, midnight to six has five hours.
    expect(await kpis.energyCost({ machine_id: 'Press', ...period(SHORT_DAY) })).toMatchObject({
      total_cost: expect.closeTo(50, 9),
    });
  });
});

describe('key figures', () => {
  it('prefer a counter to the power, across a reset', async () => {
    const { site, kpis } = await world();
    const machine = await site.device('Oven', 'machine', { expectedIntervalS: 3600 });
    const start = SHORT_DAY.start;
    await site.report(
      machine,
      'energy.energy_kwh',
      samples([start, 100], [start + HOUR_MS, 112], [start + 2 * HOUR_MS, 3], [start + 3 * HOUR_MS, 8]),
    );
    const window = { start, end: start + 3 * HOUR_MS };
    // 12 kWh, then at least 3 kWh since the reset, then 5 kWh.
    expect(await kpis.sec({ machine_id: 'Oven', ...period(window) })).toMatchObject({
      total_energy_kwh: expect.closeTo(20, 9),
      sec_kwh_per_unit: null,
      reason: 'the machine reports no production.count in this window',
    });
    expect(await kpis.peakDemand({ machine_id: 'Oven', ...period(window) })).toMatchObject({ peak_demand_kw: 12 });
  });

  it('report their coverage, and the reason for a missing value', async () => {
    const { site, kpis } = await world();
    const machine = await site.device('Saw', 'machine', { expectedIntervalS: 60 });
    const { start } = SHORT_DAY;
    await site.report(
      machine,
      'energy.power_kw',
      every(MINUTE_MS, start, start + 6 * HOUR_MS, () => 4),
    );
    await site.report(
      machine,
      'production.count',
      every(HOUR_MS, start, start + 6 * HOUR_MS, () => 0),
    );
    const sec = await kpis.sec({ machine_id: 'Saw', start: iso(start), end: iso(start + 12 * HOUR_MS) });
    expect(sec).toMatchObject({ coverage: 0.5, sec_kwh_per_unit: null, reason: 'nothing was produced in this window' });
    expect(sec.warnings).toEqual(['the energy is known for 50.0 % of this window']);
    const later = { machine_id: 'Saw', start: iso(start + 8 * HOUR_MS), end: iso(start + 9 * HOUR_MS) };
    const { kpis: all } = await kpis.all(later);
    expect(all).toMatchObject({ sec: { value: null }, peak_demand: { value: null }, energy_cost: { value: null } });
    expect(all.load_factor).toMatchObject({ value: null, percent: null, reason: expect.stringContaining('80 %') });
  });

  it('reject an invalid machine or window', async () => {
    const { site, kpis } = await press();
    const meter = await site.device('Thermometer', 'meter');
    await site.report(meter, 'environment.indoor_temp_c', samples([NOW - HOUR_MS, 20]));
    await expect(kpis.sec({ machine_id: 'Thermometer' })).rejects.toThrow(NotFound);
    const backwards = { machine_id: 'Press', start: iso(SHORT_DAY.end), end: iso(SHORT_DAY.start) };
    await expect(kpis.all(backwards)).rejects.toThrow(InvalidInput);
    await expect(kpis.all({ machine_id: 'Press', start: '2020-01-01T00:00:00Z' })).rejects.toThrow(/at most 400 days/);
  });
});
