/**
 * Response times of the API under calculation load: newest values, 24 h of a machine, the site's summary and all key figures of a machine, requested
 * at a constant rate, first from the idle service and then while eight baselines train and the hourly anomaly run scans every machine. Times count
 * from the scheduled instant of a request. Goal: p99 under 100 ms. Run: node bench/analytics-load.ts [--machines 100] [--days 90]
 */

import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import { openTelemetryStore } from '../server/src/storage/open-store.ts';
import { type Service, startService, temporaryFolder } from '../server/test/journeys/service.ts';

const TRAINED = 8;
const STEP_MS = 5 * MINUTE_MS;
const ASK_EVERY_MS = 50;
/** Duration of the requests to the idle and to the calculating service, each. */
const ASK_MS = MINUTE_MS;
/** Warm-up. */
const WARM_UP_MS = 10_000;
const POLL_MS = 250;
/** Days per write, for all machines. */
const DAYS_AT_ONCE = 3;

const { values: options } = parseArgs({
  options: { machines: { type: 'string', default: '100' }, days: { type: 'string', default: '90' } },
});
const [MACHINES, DAYS] = [Number(options.machines), Number(options.days)];
const END = Math.floor(Date.now() / STEP_MS) * STEP_MS;
const nameOf = (machine: number) => `machine-${machine}`;
/** Uniform in 0–1, a function of the index. */
const noise = (at: number, seed: number) =>
  Math.abs(Math.sin((at / STEP_MS) * 12.9898 + seed * 78.233) * 43_758.5453) % 1;

/** Power driven by production and outdoor temperature, with occasional spikes; internal temperature and pressure. */
function linesOfMachine(machine: number, at: number): string[] {
  const day = at / UTC_DAY_MS;
  const works = (day % 1) * 24 >= 6 && (day % 1) * 24 < 22 && Math.floor(day) % 7 < 5;
  const pieces = works ? 10 + Math.round(20 * noise(at, machine)) : 0;
  const spike = noise(at, machine + 1000) > 0.9995 ? 40 : 0;
  const kw = 4 + (machine % 10) + 1.5 * pieces + 0.4 * Math.max(15 - outdoors(at), 0) + noise(at, 7) + spike;
  const inside = 21 + 3 * Math.sin(2 * Math.PI * day) + noise(at, machine + 2000);
  const bar = 6 + 0.2 * noise(at, machine + 3000);
  const tags = `host=${nameOf(machine)}`;
  return [
    `energy,${tags} power_kw=${kw.toFixed(3)} ${at}000000`,
    `production,${tags} count=${pieces} ${at}000000`,
    `environment,${tags} indoor_temp_c=${inside.toFixed(1)},pressure_bar=${bar.toFixed(2)} ${at}000000`,
  ];
}

function outdoors(at: number): number {
  const day = at / UTC_DAY_MS;
  return 9 + 6 * Math.sin(2 * Math.PI * (day - 0.4)) + 5 * Math.sin((2 * Math.PI * day) / 30) + noise(at, 1);
}

async function fill(folder: string): Promise<void> {
  const service = await startService(folder, { WATTKEEPER_BACKUP__POINT_IN_TIME: 'false' });
  try {
    for (let from = END - DAYS * UTC_DAY_MS; from < END; from += DAYS_AT_ONCE * UTC_DAY_MS) {
      const lines: string[] = [];
      for (let at = from; at < Math.min(from + DAYS_AT_ONCE * UTC_DAY_MS, END); at += STEP_MS) {
        lines.push(`environment,host=weather outdoor_temp_c=${outdoors(at).toFixed(1)} ${at}000000`);
        for (let machine = 0; machine < MACHINES; machine++) lines.push(...linesOfMachine(machine, at));
      }
      const { status } = await service.request('/write', { method: 'POST', body: lines.join('\n') });
      if (status !== 204) throw new Error(`/write answered ${status}`);
    }
  } finally {
    await service.stop();
  }
  const store = await openTelemetryStore({ type: 'duckdb', path: join(folder, 'telemetry.duckdb') });
  await store.compact(Date.now(), new AbortController().signal);
  await store.close();
}

const QUESTIONS: Readonly<Record<string, (machine: string) => string>> = {
  'newest values': () => '/telemetry/latest',
  '24 h of a machine': (machine) => `/telemetry?device_id=${machine}&metric=energy.power_kw&bucket=raw`,
  'summary of the site': () => '/analytics/summary',
  'key figures of a machine': (machine) => `/kpi/all?machine_id=${machine}`,
};

/** Sends requests at a constant rate, independent of response times, until aborted. */
async function ask(service: Service, until: AbortSignal): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(Object.keys(QUESTIONS).map((name) => [name, []]));
  const asked: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; !until.aborted; i++) {
    const due = began + i * ASK_EVERY_MS;
    await sleep(Math.max(due - performance.now(), 0));
    const [name, path] = Object.entries(QUESTIONS)[i % 4]!;
    const answered = service.json(`/api/v1${path(nameOf((i * 7) % MACHINES))}`);
    asked.push(answered.then(() => void times.get(name)?.push(performance.now() - due)));
  }
  await Promise.all(asked);
  return times;
}

function post(service: Service, path: string, body: object): Promise<Job | object> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return service.json(`/api/v1${path}`, init);
}

/** Waits for the end of a job; throws when it failed or was cancelled. */
async function ended(service: Service, id: string): Promise<Job> {
  for (;;) {
    const job = await service.json<Job>(`/api/v1/jobs/${id}`);
    if (job.state === 'succeeded') return job;
    if (job.state !== 'queued' && job.state !== 'running') throw new Error(`${job.name}: ${job.state}, ${job.error}`);
    await sleep(POLL_MS);
  }
}

/** Trains a machine's baseline once; a long training continues as a job. */
async function train(service: Service, machine: number): Promise<void> {
  const request = { machine_id: nameOf(machine), model_type: 'auto', drivers: ['production_count'] };
  const answer = await post(service, '/baseline/train', request);
  if ('state' in answer) await ended(service, answer.id);
}

/** Starts the anomaly run, or returns the one that the schedule has started. */
async function startDetection(service: Service): Promise<Job> {
  await service.request('/api/v1/scheduler/jobs/anomaly-detection/run', { method: 'POST' });
  const { items } = await service.json<{ items: Job[] }>('/api/v1/jobs?name=anomaly-detection&limit=1');
  return items[0]!;
}

/** Trains eight baselines repeatedly and repeats the anomaly run until aborted; returns the number of completed trainings. */
async function calculate(service: Service, until: AbortSignal): Promise<number> {
  let trainings = 0;
  const training = Array.from({ length: TRAINED }, async (_, machine) => {
    for (; !until.aborted; trainings++) await train(service, machine);
  });
  let job = await startDetection(service);
  const detecting = (async () => {
    for (; !until.aborted; await sleep(POLL_MS)) {
      job = await service.json<Job>(`/api/v1/jobs/${job.id}`);
      if (job.state === 'succeeded') job = await startDetection(service);
    }
    await service.request(`/api/v1/jobs/${job.id}`, { method: 'DELETE' });
  })();
  await Promise.all([...training, detecting]);
  return trainings;
}

const at = (times: readonly number[], share: number) =>
  +times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1]!.toFixed(1);
const seconds = async (work: () => Promise<unknown>) => {
  const began = performance.now();
  await work();
  return +((performance.now() - began) / 1000).toFixed(2);
};

const folder = temporaryFolder();
const closers: (() => unknown)[] = [folder.remove];
try {
  await fill(folder.path);
  const service = await startService(folder.path, { WATTKEEPER_BACKUP__POINT_IN_TIME: 'false' });
  closers.push(service.stop);
  const load = () => loadavg().map((mean) => mean.toFixed(1))[0];
  const forecast = `/api/v1/forecast/demand?machine_id=${nameOf(MACHINES - 1)}&horizon=24h`;
  await ask(service, AbortSignal.timeout(WARM_UP_MS));
  const loadBefore = load();
  const idle = await ask(service, AbortSignal.timeout(ASK_MS));
  const until = AbortSignal.timeout(ASK_MS);
  const [busy, trainings] = await Promise.all([ask(service, until), calculate(service, until)]);
  console.table(
    Object.keys(QUESTIONS).map((question) => {
      const [calm, under] = [idle.get(question) ?? [], busy.get(question) ?? []];
      return {
        question,
        'idle p50 ms': at(calm, 0.5),
        'calculating p50 ms': at(under, 0.5),
        'idle p99 ms': at(calm, 0.99),
        'calculating p99 ms': at(under, 0.99),
        'longest ms': at(under, 1),
        asked: under.length,
      };
    }),
  );
  console.log(
    `p99 of all: ${at([...idle.values()].flat(), 0.99)} ms idle, ${at([...busy.values()].flat(), 0.99)} ms calculating`,
  );
  console.log(`${trainings} trainings in ${ASK_MS / 1000} s, in parallel with the anomaly run`);
  let detection: unknown;
  const detect = async () => {
    detection = (await ended(service, (await startDetection(service)).id)).result;
  };
  console.table({
    [`anomaly run of ${MACHINES} machines, alone`]: { s: await seconds(detect) },
    'training of a baseline, alone': { s: await seconds(() => train(service, MACHINES - 1)) },
    '24 h forecast of a machine, its model chosen': { s: await seconds(() => service.json(forecast)) },
    'the same again': { s: await seconds(() => service.json(forecast)) },
  });
  console.log(`anomaly run: ${JSON.stringify(detection)}`);
  console.log(
    `Questions and service share ${cpus().length} × ${cpus()[0]?.model} (load of the machine before ${loadBefore}), Node ${process.version}`,
  );
} finally {
  for (const close of closers.reverse()) await close();
}
