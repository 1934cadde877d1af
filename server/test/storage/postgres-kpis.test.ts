import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Series } from '../../src/domain/columns/frame.ts';
import { splitMetric } from '../../src/domain/metric-catalogue.ts';
import { dayWindow } from '../../src/domain/time/site-time.ts';
import { KpiService } from '../../src/features/kpi/service.ts';
import { SqlGrowth } from '../../src/features/kpi/sql-growth.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { PostgresConnection } from '../../src/storage/records/records-options.ts';
import { batchOf, columnsBlock } from '../conformance/telemetry-blocks.ts';
import { every, SiteWorld } from '../energy/site-world.ts';
import { describeWith } from '../needs.ts';
import { startCitus } from './citus-server.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

const ZONE = 'Europe/Warsaw';
/** Three days; the middle one lacks an hour. */
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
      timestamps: Float64Array.from(kept, (i) => timestamps[i]!),
      values: Float64Array.from(kept, (i) => values[i]!),
    };
  };
  const minutes = every(MINUTE_MS, WINDOW.start - HOUR_MS, WINDOW.end + HOUR_MS, power);
  let total = 500;
  const counter = every(5 * MINUTE_MS, WINDOW.start - HOUR_MS, WINDOW.end + HOUR_MS, (at) => {
    total += (power(at) * 5) / 60;
    if (at === WINDOW.start + 30 * HOUR_MS) total = 0.2;
    return total;
  });
  /** Readings of the counter, distorted by `change`. */
  const spoilt = (change: (value: number, at: number) => number): Series => {
    let sum = 40_000;
    return every(5 * MINUTE_MS, WINDOW.start - 40 * HOUR_MS, WINDOW.end + 40 * HOUR_MS, (at) => {
      sum += (power(at) * 5) / 60;
      return change(sum, at - WINDOW.start);
    });
  };
  const withoutHours = ({ timestamps, values }: Series, from: number, to: number): Series => {
    const isKept = (_: number, i: number) => !during(timestamps[i]! - WINDOW.start, from, to);
    return { timestamps: timestamps.filter(isKept), values: values.filter(isKept) };
  };
  const during = (at: number, from: number, to: number) => at >= from * HOUR_MS && at < to * HOUR_MS;
  const pieces = every(15 * MINUTE_MS, WINDOW.start, WINDOW.end, (at) => Math.round(10 + 8 * Math.sin(at / 9e6)));

  it.each([
    ['power, with gaps', { 'energy.power_kw': withGaps(minutes), 'production.count': pieces }, 60],
    ['a counter with a reset', { 'energy.energy_kwh': counter, 'production.count': pieces }, 300],
    [
      'power and a counter',
      { 'energy.power_kw': minutes, 'energy.energy_kwh': counter, 'production.count': pieces },
      60,
    ],
    [
      'zeros, a reading 8 % too high and one 6 % too low',
      {
        'energy.energy_kwh': spoilt((value, at) =>
          during(at, 9, 9.2) ? 0 : during(at, 30, 30.09) ? value * 1.08 : during(at, 47.9, 48.2) ? value * 0.94 : value,
        ),
      },
      300,
    ],
    [
      'a replaced meter',
      { 'energy.energy_kwh': spoilt((value, at) => (at >= 31 * HOUR_MS ? value - 39_000 : value)) },
      300,
    ],
    [
      'a step back and an outage over two midnights',
      {
        'energy.energy_kwh': withoutHours(
          spoilt((value) => Math.round(value * 10) / 10),
          20,
          50,
        ),
      },
      300,
    ],
    ['nothing produced', { 'energy.power_kw': minutes }, 60],
  ] as const)('return the same as the API: %s', async (name, metrics, expectedIntervalS) => {
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
    const growth = new SqlGrowth({
      stores: [{ ...PostgresConnection.parse({ url: server.url() }), schema }],
      devices: world.devices,
      queries: world.queries,
      now: () => NOW,
    });
    await growth.sync(new AbortController().signal);
    const { rows } = await client.query(
      `select * from ${schema}.calculate_all_kpis($1, $2, $3, zone => $4, expected_s => $5)`,
      [machine.id, start, end, ZONE, expectedIntervalS],
    );
    const found = rows[0]!;
    // Sums in another order: compared to nine digits.
    const near = (value: number | null) => (value === null ? null : expect.closeTo(value, 9));
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

  it('return the same energy as the API, after any counter event and for any start of a window', async () => {
    const world = await SiteWorld.open(NOW, { timezone: ZONE });
    const schema = 'kpis_any';
    const [devices, queries, energy] = [world.devices, world.queries, world.energy];
    const store = await openTelemetryStore({ type: 'postgres', url: server.url(), schema });
    const client = new Client({ connectionString: server.url() });
    await client.connect();
    onTestFinished(async () => {
      await client.end();
      await store.close();
    });
    const growth = new SqlGrowth({
      stores: [{ ...PostgresConnection.parse({ url: server.url() }), schema }],
      devices,
      queries,
      now: () => NOW,
    });
    const kpis = new KpiService({ queries, devices, energy, now: () => NOW });
    const hour = fc.nat(5 * 24 * 4).map((quarter) => quarter / 4);
    const trouble = fc.record({
      kind: fc.constantFrom('zero', 'factor', 'offset', 'silence', 'blip'),
      from: hour,
      hours: fc.constantFrom(0.25, 1, 7, 30),
      size: fc.constantFrom(-39_000, -900, -3, 0.94, 1.08, 5, 12_000),
    });
    const numbers = fc.array(trouble, { maxLength: 4 });
    const window = fc.tuple(hour, fc.integer({ min: 1, max: 60 }));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(numbers, fc.array(window, { minLength: 3, maxLength: 3 }), async (troubles, windows) => {
        const name = `Press ${runs++}`;
        const machine = await world.device(name, 'machine', { expectedIntervalS: 900 });
        const origin = WINDOW.start - 24 * HOUR_MS;
        let sum = 40_000;
        const samples: (readonly [number, number])[] = [];
        for (let quarter = 0; quarter <= 5 * 24 * 4; quarter++) {
          const at = origin + quarter * 15 * MINUTE_MS;
          sum += power(at) / 4;
          let value = sum;
          let isSilent = false;
          for (const { kind, from, hours, size } of troubles) {
            const isDuring = quarter / 4 >= from && quarter / 4 < from + hours;
            if (kind === 'silence' && isDuring) isSilent = true;
            if (kind === 'zero' && isDuring) value = 0;
            if (kind === 'factor' && isDuring) value *= Math.abs(size) < 2 ? size : 1;
            if (kind === 'blip' && isDuring) value += size;
            if (kind === 'offset' && quarter / 4 >= from) value += size;
          }
          if (!isSilent) samples.push([at, Math.round(value * 100) / 100]);
        }
        const timestamps = Float64Array.from(samples, ([at]) => at);
        const series = { timestamps, values: Float64Array.from(samples, ([, value]) => value) };
        await world.report(machine, 'energy.energy_kwh', series);
        await store.write([batchOf(columnsBlock('energy', machine.id, timestamps, { energy_kwh: series.values }))]);
        await growth.sync(new AbortController().signal);
        for (const [from, hours] of windows) {
          const start = new Date(origin + from * HOUR_MS).toISOString();
          const end = new Date(origin + (from + hours) * HOUR_MS).toISOString();
          const wanted = (await kpis.all({ machine_id: name, start, end })).kpis.energy.value;
          const { rows } = await client.query(`select ${schema}.calculate_energy($1, $2, $3, 900) as kwh`, [
            machine.id,
            start,
            end,
          ]);
          expect(rows[0].kwh).toEqual(wanted === null ? null : expect.closeTo(wanted, 9));
        }
      }),
      { numRuns: 10 },
    );
  });

  it('return null for an unknown machine', async () => {
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
