import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import { afterEach, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

async function start(folder: string): Promise<Service> {
  const service = await startService(folder, { WATTKEEPER_INGEST__STORE_PAUSE_MS: '100' });
  closers.push(() => service.kill());
  return service;
}

const headers = { 'content-type': 'application/json' };
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

async function send(service: Service, minutes: number, value: number): Promise<void> {
  const body = JSON.stringify({
    device_id: 'meter',
    timestamp: minutesAgo(minutes),
    values: { 'grid.power_kw': value },
  });
  const answer = await service.request('/api/v1/readings', { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  expect(await answer.json()).toMatchObject({ durable: true });
}

const historyQuery = () => `device_id=meter&metric=grid.power_kw&bucket=raw&start=${minutesAgo(6000)}`;

async function history(service: Service): Promise<number[]> {
  const query = historyQuery();
  const { series } = await service.json<{ series: { value: number[] }[] }>(`/api/v1/telemetry?${query}`);
  return series[0]?.value ?? [];
}

/** Every response that reads history warns that it may be partial; an endpoint without a field for warnings returns an error. */
async function expectPartial(service: Service): Promise<void> {
  const window = `start=${minutesAgo(6000)}&end=${minutesAgo(0)}`;
  const today = minutesAgo(0).slice(0, 10);
  const marked = [
    `/telemetry?${historyQuery()}`,
    `/telemetry?device_id=meter&bucket=1h&${window}`,
    '/telemetry/latest',
    `/energy-data?start_time=${minutesAgo(6000)}`,
    '/analytics/summary',
    `/analytics/daily-report?date=${today}`,
    `/analytics/energy-balance?${window}`,
    ...['sec', 'peak-demand', 'load-factor', 'energy-cost', 'carbon', 'all'].map(
      (kpi) => `/kpi/${kpi}?machine_id=press&${window}`,
    ),
    `/kpi/custom/values?machine_id=press&${window}`,
  ];
  for (const path of marked) {
    const answer = await service.request(`/api/v1${path}`);
    const text = await answer.text();
    // Nothing is known about a day without readings, not even that it has none.
    if (answer.status === 503) expect(text, path).toContain('the history may be partial: store duckdb');
    else
      expect((JSON.parse(text) as { warnings: string[] }).warnings, path).toContainEqual(
        expect.stringMatching(/the history may be partial: store duckdb cannot be read since|no store could be read/),
      );
    if (answer.status !== 503) expect(answer.status, path).toBe(200);
  }
  for (const path of [`/telemetry?format=csv&${historyQuery()}`, `/storage/quality?date=${today}`]) {
    const answer = await service.request(`/api/v1${path}`);
    expect(await answer.text(), path).toContain('the history cannot be read completely at present: store duckdb');
    expect(answer.status, path).toBe(503);
  }
}

it('a damaged telemetry database does not stop the service, and is used again after its repair', async () => {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  let service = await start(folder.path);
  await send(service, 5000, 1);
  await postReadings(service, [
    { device_id: 'press', timestamp: minutesAgo(5000), values: { 'energy.power_kw': 5, 'production.count': 1 } },
  ]);
  const custom = { name: 'Mean', expression: 'kpi.mean_power', unit: 'kW', site_id: null };
  const made = await service.request('/api/v1/kpi/custom', { method: 'POST', headers, body: JSON.stringify(custom) });
  expect(made.status).toBe(201);
  await service.stop();
  const [path, aside] = [join(folder.path, 'telemetry.duckdb'), join(folder.path, 'aside')];
  renameSync(path, aside);
  const damaged = Buffer.from('this is a letter, not a database '.repeat(1000));
  writeFileSync(path, damaged);

  service = await start(folder.path);
  const health = await service.json<Health>('/health');
  expect(health.status).toBe('degraded');
  expect(health.stores[0]).toMatchObject({ status: 'failed', last_error: expect.stringContaining('telemetry.duckdb') });
  expect(health.warnings.join()).toMatch(/store duckdb has been unavailable since .* readings remain in the journal/);
  await send(service, 3, 2);
  await send(service, 2, 3);
  expect(await history(service)).toEqual([2, 3]);
  expect(health.history).toMatchObject({ status: 'partial', source: null, problem: 'unavailable', store: 'duckdb' });
  await expectPartial(service);
  const run = await service.request('/api/v1/storage/backups', { method: 'POST' });
  const { id } = (await run.json()) as Job;
  await expect.poll(async () => (await service.json<Job>(`/api/v1/jobs/${id}`)).state).toBe('failed');
  expect(readFileSync(path).equals(damaged)).toBe(true);

  rmSync(path);
  renameSync(aside, path);
  await expect.poll(async () => (await service.json<Health>('/health')).status).toBe('healthy');
  expect(await history(service)).toEqual([1, 2, 3]);
  await expect.poll(async () => (await service.json<Health>('/health')).stores[0]?.lag_batches).toBe(0);
  await service.stop();
  service = await start(folder.path);
  expect(await history(service)).toEqual([1, 2, 3]);
});
