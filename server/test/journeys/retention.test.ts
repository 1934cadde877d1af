import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { TelemetryAnswer } from '@wattkeeper/contract/telemetry.ts';
import { afterEach, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

const TODAY = Math.floor(Date.now() / UTC_DAY_MS) * UTC_DAY_MS;
const START = TODAY - 20 * UTC_DAY_MS;

async function start(folder: string): Promise<Service> {
  const service = await startService(folder, {
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
    WATTKEEPER_RETENTION__GROUPS__MACHINE: '7',
    WATTKEEPER_RETENTION__DELETE: 'always',
  });
  closers.push(() => service.kill());
  return service;
}

function history(service: Service, bucket: string): Promise<TelemetryAnswer> {
  const window = `start=${new Date(START).toISOString()}&end=${new Date(TODAY).toISOString()}`;
  return service.json(`/api/v1/telemetry?device_id=press&${window}&bucket=${bucket}`);
}

async function keepUp(service: Service): Promise<Job> {
  const { id } = (await (
    await service.request('/api/v1/scheduler/jobs/rollups/run', { method: 'POST' })
  ).json()) as Job;
  let job: Job;
  do job = await service.json<Job>(`/api/v1/jobs/${id}`);
  while (job.finished_at === null);
  return job;
}

it('old readings of a group are deleted, their rollups remain, and every result except the raw one is unchanged', async () => {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  let service = await start(folder.path);
  const readings = Array.from({ length: 20 * 288 }, (_, i) => ({
    device_id: 'press',
    timestamp: new Date(START + i * 300_000).toISOString(),
    values: { 'machine.power_kw': 10 + (i % 12), 'grid.power_kw': 1 },
  }));
  for (let from = 0; from < readings.length; from += 1000)
    expect((await postReadings(service, readings.slice(from, from + 1000))).status).toBe(202);
  const before = await history(service, '1h');
  expect((await history(service, 'raw')).warnings).toEqual([]);

  const job = await keepUp(service);
  expect(job).toMatchObject({ state: 'succeeded', result: { deleted: 13 * 288, postponed: [], kept: [] } });
  await service.kill();
  service = await start(folder.path);
  const after = await history(service, '1h');
  for (const { metric, mean, min, max, coverage } of after.series) {
    const old = before.series.find((other) => other.metric === metric);
    expect(mean?.length).toBe(480);
    expect(mean?.every((value, i) => Math.abs((value ?? 0) - (old?.mean?.[i] ?? 0)) < 1e-9)).toBe(true);
    expect([min, max, coverage]).toEqual([old?.min, old?.max, old?.coverage]);
  }
  const raw = await history(service, 'raw');
  expect(raw.warnings).toEqual([
    expect.stringMatching(/^raw samples of machine are available from .* earlier values are rollups$/),
  ]);
  const lengths = Object.fromEntries(raw.series.map(({ metric, timestamps }) => [metric, timestamps.length]));
  // A reading every five minutes also counts in each minute between two readings.
  expect(lengths).toEqual({ 'grid.power_kw': 20 * 288, 'machine.power_kw': 13 * 1440 + 7 * 288 });
  const { items } = await service.json<{ items: { values: object }[] }>('/api/v1/telemetry/latest?device_id=press');
  expect(Object.keys(items[0]?.values ?? {}).sort()).toEqual(['grid.power_kw', 'machine.power_kw']);
  const reserved = await postReadings(service, {
    device_id: 'press',
    timestamp: new Date().toISOString(),
    values: { 'rollup_1h.machine.power_kw': 1 },
  });
  expect(await reserved.json()).toMatchObject({
    status: 422,
    errors: [{ field: '0.values.rollup_1h.machine.power_kw', code: 'invalid_metric' }],
  });
});
