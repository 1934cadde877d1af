import { DailyReport, EnergyBalance, SiteSummary } from '@wattkeeper/contract/analytics/energy.ts';
import { HOUR_MS, MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { expect, onTestFinished, test } from 'vitest';
import { chargingRoutes } from '../../src/features/charging/routes.ts';
import { ChargingService } from '../../src/features/charging/service.ts';
import { energyRoutes } from '../../src/features/energy/routes.ts';
import { reportRoutes } from '../../src/features/reports/routes.ts';
import { ReportService } from '../../src/features/reports/service.ts';
import { tariffRoutes } from '../../src/features/tariffs/routes.ts';
import { TariffService } from '../../src/features/tariffs/service.ts';
import { every, SiteWorld } from './site-world.ts';

const NOON = Date.UTC(2026, 5, 15, 10);

async function served() {
  const world = await SiteWorld.open(NOON);
  const inverter = await world.device('Inverter', 'inverter', { expectedIntervalS: 300 });
  const since = NOON - 48 * HOUR_MS;
  await world.report(
    inverter,
    'grid.power_kw',
    every(5 * MINUTE_MS, since, NOON, () => 1),
  );
  await world.report(
    inverter,
    'battery.power_kw',
    every(5 * MINUTE_MS, since, NOON, (t) => ((t / HOUR_MS) % 8 < 1 ? 1 : 0)),
  );
  const { records, energy, queries, devices } = world;
  const now = () => world.now;
  const app = Fastify();
  onTestFinished(() => app.close());
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  const api = app.withTypeProvider<ZodTypeProvider>();
  energyRoutes(api, energy);
  tariffRoutes(api, new TariffService({ tariffs: records.tariffs, energy, now }));
  const sessions = records.chargingSessions;
  chargingRoutes(api, new ChargingService({ sessions, devices, queries, energy, sites: records.sites, now }));
  const reports = new ReportService({ reports: records.reports, sites: records.sites, energy, devices, now });
  reportRoutes(api, reports);
  return { app, reports };
}

test('every response of analytics, tariffs, sessions and reports matches its schema', async () => {
  const { app, reports } = await served();
  const get = async (url: string) => {
    const answer = await app.inject({ url });
    expect([url, answer.statusCode, answer.body.slice(0, 300)]).toEqual([url, 200, expect.any(String)]);
    return answer.json();
  };
  expect(SiteSummary.parse(await get('/analytics/summary')).today.import_kwh).toBeCloseTo(12, 9);
  expect(DailyReport.parse(await get('/analytics/daily-report?date=2026-06-14')).grid_import_kwh).toBeCloseTo(24, 9);
  expect(EnergyBalance.parse(await get('/analytics/energy-balance?resolution=1h')).periods).toHaveLength(12);
  expect((await get('/charging-sessions')).items.length).toBeGreaterThan(3);
  expect(await reports.storeReports()).toBeGreaterThan(0);
  expect((await get('/analytics/reports')).items[0].content.date).toBe('2026-06-14');

  const created = await app.inject({
    method: 'POST',
    url: '/tariffs',
    payload: { name: 'Flat', import_price: { type: 'flat', price_per_kwh: 0.3 } },
  });
  expect(created.statusCode).toBe(201);
  const compared = await app.inject({
    method: 'POST',
    url: '/tariffs/compare',
    payload: { start: '2026-06-13T22:00:00Z', end: '2026-06-14T22:00:00Z', tariff_ids: ['Flat'] },
  });
  expect(compared.json().items[0].cost).toBeCloseTo(7.2, 9);
});
