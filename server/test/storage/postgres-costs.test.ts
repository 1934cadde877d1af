import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { TariffTerms } from '@wattkeeper/contract/tariff.ts';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { splitMetric } from '../../src/domain/metric-catalogue.ts';
import { dayWindow } from '../../src/domain/time/site-time.ts';
import { KpiService } from '../../src/features/kpi/service.ts';
import { SqlTerms } from '../../src/features/kpi/sql-terms.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import type { DeviceRecord } from '../../src/storage/records/devices/device-record.ts';
import { PostgresConnection } from '../../src/storage/records/records-options.ts';
import { batchOf, columnsBlock } from '../conformance/telemetry-blocks.ts';
import { every, SiteWorld, samples } from '../energy/site-world.ts';
import { postReadings, startService, temporaryFolder } from '../journeys/service.ts';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

const ZONE = 'Europe/Warsaw';
/** From a Thursday in March, across the day without 02:00, into April. */
const WINDOW = { start: dayWindow('2026-03-26', ZONE).start, end: dayWindow('2026-04-02', ZONE).end };
const NOW = WINDOW.end + 5 * UTC_DAY_MS;
type Import = TariffTerms['import_price'];

const BANDS: Import = {
  type: 'time_of_use',
  bands: [
    { name: 'holiday', price_per_kwh: 0.01, from: '00:00', to: '24:00', holidays: 'only' },
    { name: 'odd', price_per_kwh: 0.9, from: '08:20', to: '08:50', holidays: 'include' },
    { name: 'friday night', price_per_kwh: 0.07, from: '22:00', to: '06:00', weekdays: [5], holidays: 'include' },
    {
      name: 'winter',
      price_per_kwh: 0.5,
      from: '16:00',
      to: '20:00',
      season: { from: '10-01', to: '03-30' },
      holidays: 'exclude',
    },
    { name: 'sunday', price_per_kwh: 0.11, from: '00:00', to: '24:00', weekdays: [7], holidays: 'include' },
  ],
  otherwise: { name: 'rest', price_per_kwh: 0.23 },
  holidays: ['2026-03-31'],
};
const tiers = (period: 'day' | 'month'): Import => ({
  type: 'tiered',
  period,
  tiers: [
    { up_to_kwh: 400, price_per_kwh: 0.3 },
    { up_to_kwh: 100, price_per_kwh: 0.1 },
    { up_to_kwh: 1000, price_per_kwh: 0.2 },
  ],
});
const dynamic: Import = { type: 'dynamic', factor: 1.23, markup_per_kwh: 0.05, fallback_per_kwh: 0.6 };

describeWith('POSTGRES_BIN', 'the SQL functions price a machine', (bin) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgresServer(bin);
  });
  afterAll(() => server.remove());

  async function sql<T>(text: string, values: unknown[]): Promise<T> {
    const client = new Client({ connectionString: server.url() });
    await client.connect();
    try {
      return (await client.query(text, values)).rows[0]!;
    } finally {
      await client.end();
    }
  }

  async function factory(schema: string) {
    const world = await SiteWorld.open(NOW, { timezone: ZONE, emissionFactorKgPerKwh: 0.61 });
    const store = await openTelemetryStore({ type: 'postgres', url: server.url(), schema });
    onTestFinished(() => store.close());
    const report = async (device: DeviceRecord, metric: string, series: ReturnType<typeof every>) => {
      await world.report(device, metric, series);
      const { group, quantity } = splitMetric(metric);
      await store.write([batchOf(columnsBlock(group, device.id, series.timestamps, { [quantity]: series.values }))]);
    };
    const machine = await world.device('Press', 'machine', { expectedIntervalS: 300 });
    const power = (at: number) => 12 + 9 * Math.sin(at / 3.1e6);
    const times = [WINDOW.start - HOUR_MS, WINDOW.end + HOUR_MS] as const;
    await report(machine, 'energy.power_kw', every(5 * MINUTE_MS, ...times, power));
    const terms = new SqlTerms({
      stores: [{ ...PostgresConnection.parse({ url: server.url() }), schema }],
      sites: world.records.sites,
      tariffs: world.records.tariffs,
      devices: world.devices,
      queries: world.queries,
    });
    const kpis = new KpiService({
      queries: world.queries,
      devices: world.devices,
      energy: world.energy,
      now: () => NOW,
    });
    /** Cost and carbon of a window from both the API and SQL, after the terms are synchronised. */
    const both = async (window = WINDOW) => {
      await terms.sync();
      const [start, end] = [new Date(window.start).toISOString(), new Date(window.end).toISOString()];
      const { kpis: wanted } = await kpis.all({ machine_id: 'Press', start, end });
      const found = await sql<{ energy_cost: number; carbon_intensity: number }>(
        `select energy_cost, carbon_intensity from ${schema}.calculate_all_kpis($1, $2, $3, expected_s => 300)`,
        [machine.id, start, end],
      );
      return {
        found,
        wanted: { energy_cost: wanted.energy_cost.value!, carbon_intensity: wanted.carbon_intensity.value! },
      };
    };
    return { world, machine, report, both, schema };
  }

  /** Both sum the same few thousand numbers, in different orders. */
  const near = (wanted: Record<string, number>) =>
    Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, expect.closeTo(value, 9)]));

  it('like the API, under every kind of tariff', async () => {
    const { world, both } = await factory('tariffs');
    const kinds: readonly (readonly [name: string, price: Import])[] = [
      ['flat', { type: 'flat', price_per_kwh: 131.5 }],
      ['bands', BANDS],
      ['tiers of a day', tiers('day')],
      ['tiers of a month', tiers('month')],
      ['dynamic, without a feed', dynamic],
    ];
    for (const [name, import_price] of kinds) {
      await world.tariff({ name, import_price });
      const { found, wanted } = await both();
      expect(found).toEqual(near(wanted));
    }
    // Neither edge is on a quarter hour.
    for (const [name, import_price] of kinds.slice(1, 3)) {
      await world.tariff({ name: `${name}, cut`, import_price });
      const { found, wanted } = await both({
        start: WINDOW.start + 127 * MINUTE_MS,
        end: WINDOW.end - 38 * HOUR_MS - 4 * MINUTE_MS,
      });
      expect(found).toEqual(near(wanted));
    }
  });

  it('by the published prices, the fallback price in their gaps, and their mean without a tariff', async () => {
    const { world, both, report } = await factory('feeds');
    const industrial = await both();
    expect(industrial.found).toEqual(near(industrial.wanted));
    const other = await world.device('A meter with prices', 'meter');
    const feed = await world.device('Prices', 'tariff_feed');
    const price = (at: number) => 0.2 + 0.3 * Math.sin(at / 7e6);
    await report(
      other,
      'price.import_per_kwh',
      every(HOUR_MS, WINDOW.start, WINDOW.start + 60 * HOUR_MS, () => 0.4),
    );
    await report(
      feed,
      'price.import_per_kwh',
      every(HOUR_MS, WINDOW.start + 9 * HOUR_MS, WINDOW.start + 40 * HOUR_MS, price),
    );
    await report(
      feed,
      'price.import_per_kwh',
      samples([WINDOW.start + 80.3 * HOUR_MS, 0.7], [WINDOW.start + 80.4 * HOUR_MS, -0.2]),
    );
    await report(feed, 'carbon.intensity_kg_per_kwh', every(HOUR_MS, WINDOW.start, WINDOW.start + 70 * HOUR_MS, price));
    const published = await both();
    expect(published.found).toEqual(near(published.wanted));
    expect(published.found.energy_cost).not.toBeCloseTo(industrial.found.energy_cost, 1);
    await world.tariff({ import_price: dynamic });
    const tariff = await both();
    expect(tariff.found).toEqual(near(tariff.wanted));
    expect(tariff.found.energy_cost).not.toBeCloseTo(published.found.energy_cost, 1);
  });

  it('with the prices given as arguments, whatever the tariff', async () => {
    const { world, machine, both, schema } = await factory('given');
    await world.tariff({ import_price: { type: 'flat', price_per_kwh: 7 } });
    await both();
    const { cost, kwh } = await sql<{ cost: number; kwh: number }>(
      `select ${schema}.calculate_energy_cost($1, $2, $3, peak_price => 2, off_peak_price => 2) as cost,
        ${schema}.calculate_energy($1, $2, $3) as kwh`,
      [machine.id, new Date(WINDOW.start), new Date(WINDOW.end)],
    );
    expect(cost).toBeCloseTo(2 * kwh, 9);
  });

  it('by the terms that the service writes when a tariff or a site changes', async () => {
    const folder = temporaryFolder();
    const service = await startService(folder.path, {
      WATTKEEPER_STORES__0__TYPE: 'postgres',
      WATTKEEPER_STORES__0__URL: server.url(),
    });
    onTestFinished(async () => {
      await service.stop();
      folder.remove();
    });
    const readings = [0, 1, 2].map((i) => ({
      device_id: 'Press',
      timestamp: new Date(WINDOW.start + i * HOUR_MS).toISOString(),
      values: { 'energy.energy_kwh': 100 + 10 * i },
    }));
    expect((await postReadings(service, readings)).status).toBe(202);
    const send = async <T>(method: string, path: string, body: unknown) => {
      const headers = { 'content-type': 'application/json' };
      return (await (await service.request(path, { method, headers, body: JSON.stringify(body) })).json()) as T;
    };
    const { id } = await service.json<{ id: string }>('/api/v1/devices/Press');
    const { items } = await service.json<{ items: { id: string }[] }>('/api/v1/sites');
    const cost = async () =>
      (
        await sql<{ cost: number | null }>(`select wattkeeper_telemetry.calculate_energy_cost($1, $2, $3) as cost`, [
          id,
          new Date(WINDOW.start),
          new Date(WINDOW.start + 3 * HOUR_MS),
        ])
      ).cost;
    const flat = (price_per_kwh: number) => ({ name: 'Flat', import_price: { type: 'flat', price_per_kwh } });
    const tariff = await send<{ id: string }>('POST', '/api/v1/tariffs', flat(3));
    await send('PATCH', `/api/v1/sites/${items[0]!.id}`, { tariff_id: tariff.id });
    await expect.poll(cost).toBeCloseTo(60, 9);
    await send('PATCH', `/api/v1/tariffs/${tariff.id}`, { import_price: flat(5).import_price });
    await expect.poll(cost).toBeCloseTo(100, 9);
  });
});
