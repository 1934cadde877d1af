import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Series } from '../../src/domain/frame.ts';
import { splitMetric } from '../../src/domain/metric-catalogue.ts';
import { dayWindow } from '../../src/domain/site-time.ts';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '../../src/domain/window.ts';
import { KpiService } from '../../src/features/kpi/service.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { batchOf, columnsBlock } from '../conformance/telemetry-blocks.ts';
import { every, SiteWorld } from '../energy/site-world.ts';
import { describeWith } from '../needs.ts';
import { startCitus } from './citus-server.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

const ZONE = 'Europe/Warsaw';
/** Three days, of which the middle one lacks an hour. */
const WINDOW = { start: dayWindow('2026-03-28', ZONE).start, end: dayWindow('2026-03-30', ZONE).end };
const NOW = WINDOW.end + 5 * UTC_DAY_MS;

describeWith('POSTGRES_BIN', 'the SQL functions for key figures', (bin) => sameAsApi(() => startPostgresServer(bin)));
describeWith('CITUS', 'the SQL functions for key figures in Citus', (bin) => sameAsApi(() => startCitus(bin)));

function sameAsApi(start: () => Promise<PostgresServer>): void {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.remove());

  const power = (at: number) => 12 + 9 * Math.sin(at / 3.1e6) + (at % (7 * HOUR_MS) < 11 * MINUTE_MS ? 45 : 0);
  const withGaps = ({ timestamps, values }: Series): Series => {
    const kept = [...timestamps.keys()].filter((i) => i % 400 > 35 && i % 7 !== 3);
    return {
      timestamps: Float64Array.from(kept, (i) => timestamps[i] as number),
      values: Float64Array.from(kept, (i) => values[i] as number),
    };
  };
  const minutes = every(MINUTE_MS, WINDOW.start - HOUR_MS, WINDOW.end + HOUR_MS, power);
  let total = 500;
  const counter = every(5 * MINUTE_MS, WINDOW.start - HOUR_MS, WINDOW.end + HOUR_MS, (at) => {
    total += (power(at) * 5) / 60;
    if (at === WINDOW.start + 30 * HOUR_MS) total = 0.2;
    return total;
  });
  const pieces = every(15 * MINUTE_MS, WINDOW.start, WINDOW.end, (at) => Math.round(10 + 8 * Math.sin(at / 9e6)));

  it.each([
    ['power, with gaps', { 'energy.power_kw': withGaps(minutes), 'production.count': pieces }, 60],
    ['a counter with a reset', { 'energy.energy_kwh': counter, 'production.count': pieces }, 300],
    [
      'power and a counter',
      { 'energy.power_kw': minutes, 'energy.energy_kwh': counter, 'production.count': pieces },
      60,
    ],
    ['nothing produced', { 'energy.power_kw': minutes }, 60],
  ] as const)('give what the API gives: %s', async (name, metrics, expectedIntervalS) => {
    const world = await SiteWorld.open(NOW, { timezone: ZONE, emissionFactorKgPerKwh: 0.45 });
    const machine = await world.device('Press', 'machine', { expectedIntervalS });
    const schema = `kpis_${name.length}`;
    const store = await openTelemetryStore({ type: 'postgres', url: server.url(), schema });
    onTestFinished(() => store.close());
    for (const [metric, series] of Object.entries(metrics) as [string, Series][]) {
      await world.report(machine, metric, series);
      const { group, quantity } = splitMetric(metric);
      await store.write([batchOf(columnsBlock(group, machine.id, series.timestamps, { [quantity]: series.values }))]);
    }
    const kpis = new KpiService({
      queries: world.queries,
      devices: world.devices,
      energy: world.energy,
      now: () => NOW,
    });
    const [start, end] = [new Date(WINDOW.start).toISOString(), new Date(WINDOW.end).toISOString()];
    const wanted = (await kpis.all({ machine_id: 'Press', start, end })).kpis;

    const client = new Client({ connectionString: server.url() });
    await client.connect();
    onTestFinished(() => client.end());
    const { rows } = await client.query(
      `select * from ${schema}.calculate_all_kpis($1, $2, $3, zone => $4, expected_s => $5)`,
      [machine.id, start, end, ZONE, expectedIntervalS],
    );
    const found = rows[0] as Record<string, number | Date | null>;
    // Sums in another order: nine digits.
    const near = (value: number | null) => (value === null ? null : expect.closeTo(value, 6));
    expect(found).toEqual({
      sec: near(wanted.sec.value),
      peak_demand: near(wanted.peak_demand.value),
      peak_demand_at: new Date(wanted.peak_demand.timestamp as string),
      load_factor: near(wanted.load_factor.value),
      energy_cost: near(wanted.energy_cost.value),
      carbon_intensity: near(wanted.carbon_intensity.value),
    });
    const one = await client.query(`select ${schema}.calculate_peak_demand($1, $2, $3, $4) as kw`, [
      machine.id,
      start,
      end,
      expectedIntervalS,
    ]);
    expect(one.rows[0].kw).toEqual(near(wanted.peak_demand.value));
  });

  it('answer null for a machine that nobody knows', async () => {
    const store = await openTelemetryStore({ type: 'postgres', url: server.url(), schema: 'empty' });
    await store.close();
    const client = new Client({ connectionString: server.url() });
    await client.connect();
    onTestFinished(() => client.end());
    const { rows } = await client.query(
      `select * from empty.calculate_all_kpis('nobody', now() - interval '1 day', now())`,
    );
    expect(rows).toEqual([
      {
        sec: null,
        peak_demand: null,
        peak_demand_at: null,
        load_factor: null,
        energy_cost: null,
        carbon_intensity: null,
      },
    ]);
  });
}
