import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import { afterEach, expect, it } from 'vitest';
import { type Service, startService, temporaryFolder } from './service.ts';

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

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

async function send(service: Service, minutes: number, value: number): Promise<void> {
  const body = JSON.stringify({
    device_id: 'meter',
    timestamp: minutesAgo(minutes),
    values: { 'grid.power_kw': value },
  });
  const headers = { 'content-type': 'application/json' };
  const answer = await service.request('/api/v1/readings', { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  expect(await answer.json()).toMatchObject({ durable: true });
}

async function history(service: Service): Promise<number[]> {
  const query = `device_id=meter&metric=grid.power_kw&bucket=raw&start=${minutesAgo(6000)}`;
  const { series } = await service.json<{ series: { value: number[] }[] }>(`/api/v1/telemetry?${query}`);
  return series[0]?.value ?? [];
}

it('a damaged telemetry database does not stop the service, and is in use again when it is mended', async () => {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  let service = await start(folder.path);
  await send(service, 5000, 1);
  await service.stop();
  const [path, aside] = [join(folder.path, 'telemetry.duckdb'), join(folder.path, 'aside')];
  renameSync(path, aside);
  const damaged = Buffer.from('this is a letter, not a database '.repeat(1000));
  writeFileSync(path, damaged);

  service = await start(folder.path);
  const health = await service.json<Health>('/health');
  expect(health.status).toBe('degraded');
  expect(health.stores[0]).toMatchObject({ status: 'failed', last_error: expect.stringContaining('telemetry.duckdb') });
  expect(health.warnings.join()).toMatch(/store duckdb cannot be used since .* readings wait in the journal/);
  await send(service, 3, 2);
  await send(service, 2, 3);
  expect(await history(service)).toEqual([2, 3]);
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
