import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { EnergyDataQuery } from '@wattkeeper/contract/telemetry.ts';
import { expect, it, vi } from 'vitest';
import { every, SiteWorld, samples } from '../../../test/energy/site-world.ts';
import { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { PartialAnswers } from '../../domain/partial-answers.ts';
import { AnswerRoom } from './answer-room.ts';
import { energyData } from './energy-data.ts';
import { TelemetryService } from './service.ts';

const NOW = Date.UTC(2026, 3, 15, 12);

async function world() {
  const site = await SiteWorld.open(NOW);
  const roof = await site.device('Roof', 'inverter');
  const meter = await site.device('Meter', 'meter');
  const service = new TelemetryService({
    queries: site.queries,
    partial: new PartialAnswers(),
    directory: { ...site.devices, metricsOf: (id: string) => site.queries.metricsOf(id) } as never,
    sites: site.records.sites,
    catalogue: new MetricCatalogue(),
    now: () => NOW,
  });
  const ask = (query: object) =>
    energyData(EnergyDataQuery.parse(query), service, site.queries, new AnswerRoom().open());
  return { site, roof, meter, ask };
}

it('returns wide records by time and device, page by page', async () => {
  const { site, roof, meter, ask } = await world();
  const start = NOW - HOUR_MS;
  await site.report(
    roof,
    'solar.power_kw',
    every(MINUTE_MS, start, NOW, () => 3),
  );
  await site.report(
    roof,
    'grid.power_kw',
    every(2 * MINUTE_MS, start, NOW, () => -1),
  );
  await site.report(
    meter,
    'grid.power_kw',
    every(MINUTE_MS, start, NOW, () => 2),
  );
  const all: { device_name: string; timestamp: string; values: object }[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page = await ask({ limit: 50, ...(cursor ? { cursor } : {}) });
    all.push(...page.items);
    cursor = page.next_cursor;
    pages++;
  } while (cursor !== null);
  expect(pages).toBe(3);
  expect(all).toHaveLength(120);
  expect(new Set(all.map((one) => `${one.timestamp} ${one.device_name}`)).size).toBe(120);
  expect(all.map(({ timestamp }) => timestamp)).toEqual(all.map(({ timestamp }) => timestamp).toSorted());
  const first = all.filter(({ timestamp }) => timestamp === new Date(start).toISOString());
  expect(Object.fromEntries(first.map(({ device_name, values }) => [device_name, values]))).toEqual({
    Roof: { 'solar.power_kw': 3, 'grid.power_kw': -1 },
    Meter: { 'grid.power_kw': 2 },
  });
});

it('skips years without readings, and reads at most a day per page', async () => {
  const { site, roof, meter, ask } = await world();
  const old = Date.UTC(2001, 0, 1);
  await site.report(roof, 'solar.power_kw', samples([old, 1]));
  await site.report(
    meter,
    'grid.power_kw',
    every(MINUTE_MS, NOW - 30 * UTC_DAY_MS, NOW, () => 2),
  );
  const read = vi.spyOn(site.queries, 'frames');
  const { items, next_cursor: cursor } = await ask({ start_time: '1999-01-01T00:00:00Z', limit: 3 });
  expect(items.map(({ device_name, timestamp }) => [device_name, Date.parse(timestamp)])).toEqual([
    ['Roof', old],
    ['Meter', NOW - 30 * UTC_DAY_MS],
    ['Meter', NOW - 30 * UTC_DAY_MS + MINUTE_MS],
  ]);
  expect(cursor).not.toBeNull();
  expect(Math.max(...read.mock.calls.map(([{ window }]) => window.end - window.start))).toBeLessThanOrEqual(UTC_DAY_MS);
  expect(read.mock.calls.length).toBeLessThan(30);
});
