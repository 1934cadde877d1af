/**
 * Comparison of the stores in one run: durable append rate, bytes per value on disk once days are closed, and durations of three typical queries
 * inside the process (p50 and p99 of repeated runs). Servers run in a temporary folder if these are set: WATTKEEPER_TEST_POSTGRES_BIN and
 * WATTKEEPER_TEST_TIMESCALEDB (folders with PostgreSQL's programs, the second one with the extension) and WATTKEEPER_TEST_INFLUXD and WATTKEEPER_TEST_INFLUXD2
 * (the programs `influxd` of 1.x and 2.x). Run: node bench/stores.ts [--days 365] [--devices 3] [--only duckdb,file]
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { HOUR_MS, MINUTE_MS, SECOND_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Client } from 'pg';
import type { Block } from '../server/src/domain/columns/batch.ts';
import { NO_RULES } from '../server/src/domain/series-rules.ts';
import type { TelemetryStore } from '../server/src/storage/backend.ts';
import { openTelemetryStore, type StoreInput } from '../server/src/storage/open-store.ts';
import { type Influx, sizeOf, startInflux, startInflux2 } from '../server/test/journeys/influx.ts';
import { startPostgresServer } from '../server/test/storage/postgres-server.ts';

const START = Date.UTC(2025, 0, 1);
const RUNS = 100;
/** Maximum time for repetitions of one query. */
const MAX_RUN_MS = 20_000;

interface Shape {
  readonly name: string;
  readonly group: string;
  readonly days: number;
  readonly devices: number;
  readonly stepMs: number;
  readonly quantities: readonly string[];
  /** Values of one device for one day, one column per quantity. */
  readonly day: (random: () => number, rows: number, state: Float64Array) => Float64Array[];
}

const { values: options } = parseArgs({
  options: {
    days: { type: 'string', default: '365' },
    devices: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});

const HOME: Shape = {
  name: 'home, 1 min',
  group: 'home',
  days: Number(options.days),
  devices: Number(options.devices),
  stepMs: MINUTE_MS,
  quantities: ['pv_kw', 'load_kw', 'grid_kw', 'l1_v', 'l2_v', 'l3_v', 'soc_percent', 'inside_c'],
  day: homeDay,
};

const SHAPES: readonly Shape[] = [
  { ...HOME, name: 'house, 30 min, a year', days: 365, devices: 1, stepMs: 30 * MINUTE_MS },
  { ...HOME, name: 'home, 1 min, 90 days', days: 90, devices: 1 },
  {
    name: 'TSBS cpu-only, 10 s, a day',
    group: 'cpu',
    days: 1,
    devices: 100,
    stepMs: 10 * SECOND_MS,
    quantities: Array.from({ length: 10 }, (_, i) => `usage_${i}`),
    day: cpuDay,
  },
];

/** An empty location for one store. */
interface Place {
  readonly store: TelemetryStore;
  /** The engine's automatic maintenance of old data. */
  settle(): Promise<void>;
  sizeBytes(): Promise<number>;
  close(): Promise<void>;
}

const embedded = (options: (folder: string) => StoreInput) => async (): Promise<Place> => {
  const folder = await mkdtemp(join(tmpdir(), 'store-bench-'));
  const store = await openTelemetryStore(options(folder));
  return {
    store,
    settle: async () => void (await store.compact(Number.MAX_SAFE_INTEGER, new AbortController().signal)),
    sizeBytes: async () => (await store.stats()).sizeBytes ?? 0,
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
};

const postgres = (bin: string, extension: 'timescaledb' | 'none') => async (): Promise<Place> => {
  const server = await startPostgresServer(bin, extension === 'none' ? '' : extension);
  const store = await openTelemetryStore({ type: 'postgres', url: server.url(), extension });
  const client = new Client({ connectionString: server.url() });
  await client.connect();
  return {
    store,
    settle: async () => {
      if (extension === 'timescaledb') {
        await client.query(`select compress_chunk(c, true) from timescaledb_information.hypertables h,
          show_chunks(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) c where h.hypertable_schema = 'wattkeeper_telemetry'`);
      }
      await client.query('vacuum analyze');
    },
    sizeBytes: async () => (await store.stats()).sizeBytes ?? 0,
    close: async () => {
      await client.end();
      await store.close();
      await server.remove();
    },
  };
};

const influxdb = (start: (folder: string) => Promise<Influx>) => async (): Promise<Place> => {
  const folder = await mkdtemp(join(tmpdir(), 'store-bench-'));
  const influx = await start(folder);
  const store = await openTelemetryStore({ type: 'influxdb', url: influx.url, database: 'stores', ...influx.access });
  const sizeBytes = async () => sizeOf(join(folder, 'data'));
  return {
    store,
    // It compacts automatically: the size counts when it has been constant for five seconds.
    settle: async () => {
      for (let still = 0, before = -1; still < 5; ) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        const now = await sizeBytes();
        still = now === before ? still + 1 : 0;
        before = now;
      }
    },
    sizeBytes,
    close: async () => {
      await store.close();
      await influx.stop();
      await rm(folder, { recursive: true });
    },
  };
};

const influxdb1 = (program: string) =>
  influxdb((folder) =>
    startInflux(folder, program, 'compact-full-write-cold-duration = "5s"\ncache-snapshot-write-cold-duration = "2s"'),
  );
const influxdb2 = (program: string) =>
  influxdb((folder) =>
    startInflux2(folder, program, [
      '--storage-compact-full-write-cold-duration=5s',
      '--storage-cache-snapshot-write-cold-duration=2s',
    ]),
  );

const BACKENDS: Record<string, (() => Promise<Place>) | undefined> = {
  memory: embedded(() => ({ type: 'memory', max_bytes: 1.5e9 })),
  duckdb: embedded((folder) => ({ type: 'duckdb', path: join(folder, 'telemetry.duckdb') })),
  sqlite: embedded((folder) => ({ type: 'sqlite', path: join(folder, 'telemetry.sqlite') })),
  file: embedded((folder) => ({ type: 'file', path: folder, retention_days: null, timezone: 'UTC' })),
  postgres: withPart('POSTGRES_BIN', (bin) => postgres(bin, 'none')),
  timescaledb: withPart('TIMESCALEDB', (bin) => postgres(bin, 'timescaledb')),
  influxdb: withPart('INFLUXD', influxdb1),
  influxdb2: withPart('INFLUXD2', influxdb2),
};

const sizes: Record<string, string>[] = [];
const speeds: Record<string, string>[] = [];
for (const [name, open] of Object.entries(BACKENDS)) {
  if (options.only && !options.only.split(',').includes(name)) continue;
  if (open === undefined) {
    console.log(`${name}: not named, left out`);
    continue;
  }
  const size: Record<string, string> = { store: name };
  for (const shape of SHAPES) {
    size[`${shape.name}: B/value`] = await withPlace(open, async ({ store, settle, sizeBytes }) => {
      const { values } = await fill(store, shape);
      await settle();
      return ((await sizeBytes()) / values).toFixed(2);
    });
  }
  sizes.push(size);
  speeds.push({ store: name, ...(await withPlace(open, measureSpeed)) });
}
console.log(
  `${HOME.devices} homes, ${HOME.days} days at 1 min, ${HOME.quantities.length} quantities; times in ms, p50 / p99 of ${RUNS}`,
);
console.table(speeds);
console.log('bytes per value after compaction');
console.table(sizes);
console.log(
  `${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, ${process.platform}`,
);

function withPart(name: string, open: (path: string) => () => Promise<Place>): (() => Promise<Place>) | undefined {
  const path = process.env[`WATTKEEPER_TEST_${name}`] || undefined;
  return path === undefined ? undefined : open(path);
}

async function withPlace<T>(open: () => Promise<Place>, work: (place: Place) => Promise<T>): Promise<T> {
  const place = await open();
  try {
    return await work(place);
  } finally {
    await place.close();
  }
}

async function measureSpeed({ store, settle }: Place): Promise<Record<string, string>> {
  const { values, writeMs } = await fill(store, HOME);
  await settle();
  const end = START + HOME.days * UTC_DAY_MS;
  const deviceIds = [`d${HOME.devices - 1}`];
  const quantities = HOME.quantities.slice(0, 1);
  const raw = async () => {
    const window = { start: end - UTC_DAY_MS, end };
    for await (const _ of store.read({ deviceIds, group: HOME.group, quantities, window }));
  };
  const buckets = (days: number, widthMs: number) => {
    const count = Math.round((days * UTC_DAY_MS) / widthMs);
    const edges = Float64Array.from({ length: count + 1 }, (_, i) => end - days * UTC_DAY_MS + i * widthMs);
    return store.aggregate({ deviceIds, group: HOME.group, quantities, edges, asOf: end, rules: [NO_RULES] });
  };
  return {
    'write, M values/s': (values / writeMs / 1000).toFixed(2),
    '24 h raw': await times(raw),
    '30 d hourly': await times(() => buckets(Math.min(30, HOME.days), HOUR_MS)),
    'all days daily': await times(() => buckets(HOME.days, UTC_DAY_MS)),
  };
}

/** Writes a shape day by day, with the devices' rows in order of arrival. */
async function fill(store: TelemetryStore, shape: Shape): Promise<{ values: number; writeMs: number }> {
  const random = generator(1);
  const states = Array.from({ length: shape.devices }, () =>
    Float64Array.from({ length: shape.quantities.length }, () => random() * 100),
  );
  let values = 0;
  let writeMs = 0;
  for (let day = 0; day < shape.days; day++) {
    const block = dayBlock(shape, day, random, states);
    const before = performance.now();
    await store.write([{ sequence: day + 1, blocks: [block] }]);
    writeMs += performance.now() - before;
    values += block.timestamps.length * block.columns.length;
  }
  return { values, writeMs };
}

function dayBlock(shape: Shape, day: number, random: () => number, states: readonly Float64Array[]): Block {
  const rows = UTC_DAY_MS / shape.stepMs;
  const length = rows * shape.devices;
  const timestamps = new Float64Array(length);
  const device = new Int32Array(length);
  const columns = shape.quantities.map(() => new Float64Array(length));
  for (const [d, state] of states.entries()) {
    const own = shape.day(random, rows, state);
    for (let row = 0; row < rows; row++) {
      const at = row * shape.devices + d;
      timestamps[at] = START + day * UTC_DAY_MS + row * shape.stepMs;
      device[at] = d;
      for (const [c, column] of columns.entries()) column[at] = own[c]![row]!;
    }
  }
  const devices = states.map((_, i) => `d${i}`);
  return { group: shape.group, quantities: shape.quantities, devices, device, timestamps, columns };
}

/** A home with solar and battery: power to 1 W, voltage to 0.1 V, state of charge and temperature to 0.1. */
function homeDay(random: () => number, rows: number, state: Float64Array): Float64Array[] {
  const columns = HOME.quantities.map(() => new Float64Array(rows));
  let soc = state[6]! % 100;
  const clouds = random();
  for (let row = 0; row < rows; row++) {
    const sun = Math.max(0, Math.sin(((row / rows) * 24 - 6) * (Math.PI / 12)));
    const pv = Math.round(5000 * sun * (1 - 0.6 * clouds * random()));
    const load = Math.round(250 + 150 * random() + (random() < 0.08 ? 2000 * random() : 0));
    soc = Math.min(100, Math.max(5, soc + (((pv - load) / 10_000) * 2400) / rows / 24));
    const volts = () => Math.round(2300 + 15 * (random() + random() + random() - 1.5)) / 10;
    const inside = Math.round(205 + 15 * Math.sin(row / rows) + 2 * random()) / 10;
    const values = [
      pv / 1000,
      load / 1000,
      (load - pv) / 1000,
      volts(),
      volts(),
      volts(),
      Math.round(soc * 10) / 10,
      inside,
    ];
    for (const [c, value] of values.entries()) columns[c]![row] = value;
  }
  state[6] = soc;
  return columns;
}

/** TSBS cpu-only: random walks between 0 and 100 with normal steps, as integers. */
function cpuDay(random: () => number, rows: number, state: Float64Array): Float64Array[] {
  return Array.from(state, (_, c) =>
    Float64Array.from({ length: rows }, () => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      state[c] = Math.min(100, Math.max(0, state[c]! + normal));
      return Math.floor(state[c]!);
    }),
  );
}

async function times(work: () => Promise<unknown>): Promise<string> {
  const taken: number[] = [];
  const begun = performance.now();
  for (let run = 0; run < RUNS && (run < 5 || performance.now() - begun < MAX_RUN_MS); run++) {
    const before = performance.now();
    await work();
    taken.push(performance.now() - before);
  }
  taken.sort((x, y) => x - y);
  const at = (share: number) => taken[Math.min(Math.ceil(share * taken.length), taken.length) - 1]!.toFixed(1);
  return `${at(0.5)} / ${at(0.99)}`;
}

/** Reproducible random numbers in [0, 1) (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
