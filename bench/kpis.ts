/**
 * All key figures of many machines over 90 days: the API on its default store compared with the SQL function `calculate_all_kpis` on PostgreSQL with the
 * same readings, machine by machine in turn, first with cold caches and then again; a difference between results ends the program.
 * Run: WATTKEEPER_TEST_POSTGRES_BIN=/folder/with/postgres node bench/kpis.ts [--machines 100] [--days 90]
 */

import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { AllKpis } from '@wattkeeper/contract/analytics/kpi.ts';
import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Client } from 'pg';
import type { Block } from '../server/src/domain/columns/batch.ts';
import type { TelemetryStore } from '../server/src/storage/backend.ts';
import { openTelemetryStore } from '../server/src/storage/open-store.ts';
import { type Service, startService, temporaryFolder } from '../server/test/journeys/service.ts';
import { startPostgresServer } from '../server/test/storage/postgres-server.ts';

const END = Date.UTC(2026, 0, 1);
const POWER_S = 300;
const ZONE = 'Europe/Warsaw';
const SCHEMA = 'kpis';
/** Days per write, for all machines. */
const DAYS_AT_ONCE = 5;

const { values: options } = parseArgs({
  options: { machines: { type: 'string', default: '100' }, days: { type: 'string', default: '90' } },
});
const [MACHINES, DAYS] = [Number(options.machines), Number(options.days)];
const bin = process.env.WATTKEEPER_TEST_POSTGRES_BIN;
if (bin === undefined) throw new Error('set WATTKEEPER_TEST_POSTGRES_BIN to the folder with PostgreSQL’s programs');

/** Metrics of a machine's meter: with `counter` also its energy. */
const METERS = { power: ['power_kw'], counter: ['power_kw', 'energy_kwh'] } as const;
type Meter = keyof typeof METERS;
const nameOf = (meter: Meter, machine: number) => `${meter}-${machine}`;

/** Two shifts on working days, otherwise idle; resolution 1 W. */
function powerKw(at: number, machine: number): number {
  const hour = (at / HOUR_MS) % 24;
  const works = hour >= 6 && hour < 22 && Math.floor(at / UTC_DAY_MS) % 7 < 5;
  const noise = Math.abs(Math.sin(at * 1.29898e-4 + machine * 78.233) * 43_758.5453) % 1;
  return Math.round((works ? 20 + (machine % 30) + 15 * noise : 1 + noise) * 1000) / 1000;
}

/** Power and counter every five minutes, and pieces every quarter hour, of one machine for some days. */
function blocksOf(meter: Meter, machine: number, from: number, to: number, counters: Float64Array): Block[] {
  const device = nameOf(meter, machine);
  const column = (stepMs: number, valueAt: (at: number) => number) => {
    const timestamps = Float64Array.from({ length: (to - from) / stepMs }, (_, i) => from + i * stepMs);
    return { timestamps, values: timestamps.map(valueAt) };
  };
  const power = column(POWER_S * 1000, (at) => powerKw(at, machine));
  const energy = power.values.map((kw) => {
    const before = counters[machine]!;
    counters[machine] = before + (kw * POWER_S) / 3600;
    return Math.round(before * 100) / 100;
  });
  const pieces = column(15 * MINUTE_MS, (at) => Math.round(powerKw(at, machine)));
  const block = (group: string, quantities: readonly string[], timestamps: Float64Array, columns: Float64Array[]) => ({
    ...{ group, quantities, timestamps, columns },
    devices: [device],
    device: new Int32Array(timestamps.length),
  });
  return [
    block('energy', METERS[meter], power.timestamps, [power.values, energy].slice(0, METERS[meter].length)),
    block('production', ['count'], pieces.timestamps, [pieces.values]),
  ];
}

/** Fills a store, with the same blocks each time. */
async function fill(take: (blocks: Block[]) => Promise<void>): Promise<void> {
  for (const meter of Object.keys(METERS) as Meter[]) {
    const counters = new Float64Array(MACHINES);
    // One more day at both ends: the growth of a counter at an edge of the window needs samples on both sides.
    const end = END + UTC_DAY_MS;
    for (let from = END - (DAYS + 1) * UTC_DAY_MS; from < end; from += DAYS_AT_ONCE * UTC_DAY_MS) {
      const to = Math.min(from + DAYS_AT_ONCE * UTC_DAY_MS, end);
      await take(Array.from({ length: MACHINES }, (_, m) => blocksOf(meter, m, from, to, counters)).flat());
    }
  }
}

function linesOf({ group, quantities, devices, timestamps, columns }: Block): string {
  const lines = Array.from(timestamps, (at, i) => {
    const fields = quantities.map((quantity, q) => `${quantity}=${columns[q]?.[i]}`);
    return `${group},host=${devices[0]} ${fields.join(',')} ${at}000000`;
  });
  return lines.join('\n');
}

async function fillOurs(folder: string): Promise<void> {
  const service = await startService(folder, { WATTKEEPER_BACKUP__POINT_IN_TIME: 'false' });
  try {
    const { items } = await service.json<{ items: { id: string }[] }>('/api/v1/sites');
    await change(service, `/api/v1/sites/${items[0]?.id}`, { timezone: ZONE });
    await fill(async (blocks) => {
      const { status } = await service.request('/write', { method: 'POST', body: blocks.map(linesOf).join('\n') });
      if (status !== 204) throw new Error(`/write answered ${status}`);
    });
    for (const meter of Object.keys(METERS) as Meter[]) {
      for (let machine = 0; machine < MACHINES; machine++) {
        await change(service, `/api/v1/devices/${nameOf(meter, machine)}`, { expected_interval_s: POWER_S });
      }
    }
  } finally {
    await service.stop();
  }
  const store = await openTelemetryStore({ type: 'duckdb', path: join(folder, 'telemetry.duckdb') });
  await store.compact(Date.now(), new AbortController().signal);
  await store.close();
}

async function change(service: Service, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await service.request(path, { method: 'PATCH', headers, body: JSON.stringify(body) });
  if (status !== 200) throw new Error(`PATCH ${path} answered ${status}`);
}

async function fillPeer(store: TelemetryStore, client: Client): Promise<void> {
  let sequence = 0;
  await fill((blocks) => store.write([{ sequence: ++sequence, blocks }]));
  await client.query('vacuum analyze');
}

const window = { start: new Date(END - DAYS * UTC_DAY_MS).toISOString(), end: new Date(END).toISOString() };
type Figures = Record<'sec' | 'peak_demand' | 'load_factor' | 'energy_cost' | 'carbon_intensity', number>;

async function ours(service: Service, machine: string): Promise<Figures> {
  const { kpis } = await service.json<AllKpis>(
    `/api/v1/kpi/all?${new URLSearchParams({ machine_id: machine, ...window })}`,
  );
  const values = Object.entries(kpis).map(([name, { value }]) => [name, value ?? Number.NaN]);
  return Object.fromEntries(values) as Figures;
}

async function theirs(client: Client, machine: string): Promise<Figures> {
  const { rows } = await client.query(
    `select * from ${SCHEMA}.calculate_all_kpis($1, $2, $3, zone => $4, expected_s => $5)`,
    [machine, window.start, window.end, ZONE, POWER_S],
  );
  return rows[0]!;
}

async function timed<T>(work: () => Promise<T>): Promise<{ answer: T; ms: number }> {
  const began = performance.now();
  const answer = await work();
  return { answer, ms: performance.now() - began };
}

/** One pass over all machines of a kind. */
async function round(service: Service, client: Client, meter: Meter, reading: string) {
  const [own, peer]: [number[], number[]] = [[], []];
  for (let m = 0; m < MACHINES; m++) {
    const [a, b] = [
      await timed(() => ours(service, nameOf(meter, m))),
      await timed(() => theirs(client, nameOf(meter, m))),
    ];
    for (const [name, value] of Object.entries(a.answer)) {
      const other = b.answer[name as keyof Figures];
      if (!(Math.abs(value - other) <= 1e-7 * Math.abs(other))) {
        throw new Error(`${name} of ${nameOf(meter, m)} is ${value} here and ${other} in PostgreSQL`);
      }
    }
    own.push(a.ms);
    peer.push(b.ms);
  }
  const sum = (times: number[]) => times.reduce((total, ms) => total + ms, 0);
  const median = (times: number[]) => +times.toSorted((x, y) => x - y)[times.length >> 1]!.toFixed(1);
  return {
    'readings of a machine': METERS[meter].join(', '),
    reading,
    'ours, all machines, s': +(sum(own) / 1000).toFixed(2),
    'PostgreSQL, s': +(sum(peer) / 1000).toFixed(2),
    'times faster': +(sum(peer) / sum(own)).toFixed(1),
    'ours, a machine, p50 ms': median(own),
    'PostgreSQL, p50 ms': median(peer),
  };
}

const closers: (() => unknown)[] = [];
try {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  const server = await startPostgresServer(bin);
  closers.push(server.remove);
  const store = await openTelemetryStore({ type: 'postgres', url: server.url(), schema: SCHEMA });
  closers.push(() => store.close());
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  closers.push(() => client.end());
  await fillPeer(store, client);
  await fillOurs(folder.path);
  const service = await startService(folder.path);
  closers.push(service.stop);
  const rows = [];
  for (const meter of Object.keys(METERS) as Meter[]) {
    for (const reading of ['first time', 'again']) rows.push(await round(service, client, meter, reading));
  }
  console.table(rows);
  const [[version] = []] = await server.ask('show server_version');
  console.log(
    `${MACHINES} machines, ${DAYS} days, one question at a time; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}, PostgreSQL ${version}`,
  );
} finally {
  for (const close of closers.reverse()) await close();
}
