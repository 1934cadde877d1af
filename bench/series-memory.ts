/**
 * Memory per series: growth of the resident memory of a real service (latest values, memory window, device directory, DuckDB) while
 * each series reports three times, until everything is in the store; compared with InfluxDB and the same lines. Goal: at most 300 MB for 100,000
 * series. Then a million names of each kind against the default limits: memory and the longest stall of the event loop. Linux.
 * Run: `node bench/series-memory.ts [SERIES]`; `influxd` 1.x is found on the PATH or by WATTKEEPER_TEST_INFLUXD.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { startInflux } from '../server/test/journeys/influx.ts';
import { type Service, startService, temporaryFolder } from '../server/test/journeys/service.ts';

const ROUNDS = 3;
const VALUES_PER_REQUEST = 20_000;
const LOOK_EVERY_MS = 200;
const SERIES = Number(process.argv[2] ?? 100_000);
const NAMES = 10 * SERIES;
const INFLUXD = process.env.WATTKEEPER_TEST_INFLUXD ?? 'influxd';

/** Devices that share the series evenly; each has this many groups with this many metrics. */
interface Shape {
  readonly name: string;
  readonly groups: number;
  readonly metrics: number;
}

const SHAPES: readonly Shape[] = [
  { name: 'meters', groups: 1, metrics: 10 },
  { name: 'machines', groups: 10, metrics: 10 },
  { name: 'wide', groups: 1, metrics: 1_000 },
  { name: 'a group per item', groups: 1_000, metrics: 1 },
];

/** Lines with a new name each. */
const ATTACKS: Readonly<Record<string, (i: number) => string>> = {
  metrics: (i) => `g,device=a m${i}=1`,
  groups: (i) => `g${i},device=a m=1`,
  devices: (i) => `g,device=d${i} m=1`,
  'values of a label': (i) => `g,host=a,os=${i} m=1`,
};

type Write = (body: string) => Promise<unknown>;

interface Growth {
  readonly mb: number;
  readonly peakMb: number;
}

async function withService<T>(work: (service: Service, write: Write) => Promise<T>): Promise<T> {
  const folder = temporaryFolder();
  // A device of the shape "wide" or "a group per item" has 1,000 series, so that only the total can exceed its default limit.
  const service = await startService(folder.path, { WATTKEEPER_LIMITS__SERIES: String(Math.max(200_000, SERIES)) });
  try {
    const write = async (body: string) => {
      const response = await service.request('/write', { method: 'POST', body });
      await response.text();
      return response.status;
    };
    await write('g0,device=first m0=1');
    await stored(service);
    return await work(service, write);
  } finally {
    await service.stop();
    folder.remove();
  }
}

function ofService(shape: Shape): Promise<Growth> {
  return withService((service, write) =>
    grown(service.pid, async () => {
      await writeAll(shape, async (body) => {
        const status = await write(body);
        if (status !== 204) throw new Error(`the service answered ${status}`);
      });
      await stored(service);
    }),
  );
}

async function ofInflux(shape: Shape): Promise<Growth> {
  const folder = temporaryFolder();
  const influx = await startInflux(folder.path, INFLUXD);
  try {
    const write = (body: string) => influx.post('/write?db=bench', body);
    await write('g0,device=first m0=1');
    return await grown(influx.pid(), () => writeAll(shape, write));
  } finally {
    await influx.stop();
    folder.remove();
  }
}

async function writeAll({ groups, metrics }: Shape, write: Write): Promise<void> {
  const devices = Math.round(SERIES / groups / metrics);
  const linesPerRequest = Math.max(1, VALUES_PER_REQUEST / metrics);
  for (let round = 0; round < ROUNDS; round++) {
    const at = `${Date.now()}000000`;
    let lines: string[] = [];
    for (let row = 0; row < devices * groups; row++) {
      const fields = Array.from({ length: metrics }, (_, m) => `m${m}=${((row + m + round) % 997) / 10}`);
      lines.push(`g${row % groups},device=d${Math.floor(row / groups)} ${fields.join(',')} ${at}`);
      if (lines.length < linesPerRequest) continue;
      await write(lines.join('\n'));
      lines = [];
    }
    if (lines.length > 0) await write(lines.join('\n'));
  }
}

function attack(line: (i: number) => string) {
  return withService(async (service, write) => {
    await longestStallMs(service);
    const statuses = new Set<unknown>();
    const began = performance.now();
    const growth = await grown(service.pid, async () => {
      for (let from = 0; from < NAMES; from += VALUES_PER_REQUEST) {
        const lines = Array.from({ length: Math.min(VALUES_PER_REQUEST, NAMES - from) }, (_, i) => line(from + i));
        statuses.add(await write(lines.join('\n')));
      }
      await stored(service);
    });
    return {
      answers: [...statuses].join(' '),
      'took s': Math.round((performance.now() - began) / 1000),
      MB: Math.round(growth.mb),
      'peak MB': Math.round(growth.peakMb),
      'longest stall ms': Math.round(await longestStallMs(service)),
    };
  });
}

async function stored(service: Service): Promise<void> {
  for (;;) {
    const { stores } = await service.json<{ stores: { lag_batches: number }[] }>('/api/v1/storage/metrics');
    if (stores.every((store) => store.lag_batches === 0)) return;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Longest stall since the last call, as the service measures it. */
async function longestStallMs(service: Service): Promise<number> {
  const text = await (await service.request('/metrics')).text();
  return Number(/^wattkeeper_nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1]) * 1000;
}

async function grown(pid: number, work: () => Promise<void>): Promise<Growth> {
  const before = residentMb(pid, 'VmRSS');
  await work();
  return { mb: residentMb(pid, 'VmRSS') - before, peakMb: residentMb(pid, 'VmHWM') - before };
}

function residentMb(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

const rows = [];
for (const shape of SHAPES) {
  const ours = await ofService(shape);
  const theirs = await ofInflux(shape);
  rows.push({
    shape: shape.name,
    devices: Math.round(SERIES / shape.groups / shape.metrics),
    'groups × metrics': `${shape.groups} × ${shape.metrics}`,
    MB: Math.round(ours.mb),
    'peak MB': Math.round(ours.peakMb),
    'KB per series': Number(((ours.mb * 1024) / SERIES).toFixed(1)),
    'InfluxDB MB': Math.round(theirs.mb),
    'InfluxDB peak MB': Math.round(theirs.peakMb),
  });
}
console.table(rows);
const attacks = [];
for (const [name, line] of Object.entries(ATTACKS))
  attacks.push({ 'new names': `${NAMES} ${name}`, ...(await attack(line)) });
console.table(attacks);
const influxVersion = execFileSync(INFLUXD, ['version'], { encoding: 'utf8' }).trim();
console.log(
  `${SERIES} series, goal 300 MB; ${influxVersion}; ${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`,
);
