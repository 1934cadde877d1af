import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Health } from '@wattkeeper/contract/service.ts';
import { afterEach, expect, it } from 'vitest';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

async function start(folder: string, environment: Record<string, string> = {}): Promise<Service> {
  const service = await startService(folder, { WATTKEEPER_INGEST__STORE_PAUSE_MS: '50', ...environment });
  closers.push(() => service.kill());
  return service;
}

function newFolder(): string {
  const { path, remove } = temporaryFolder();
  closers.push(remove);
  return path;
}

const instant = (minutesAgo: number) => new Date(Date.now() - minutesAgo * 60_000).toISOString();

async function send(service: Service, minutesAgo: number, value: number): Promise<boolean> {
  const reading = { device_id: 'meter', timestamp: instant(minutesAgo), values: { 'grid.power_kw': value } };
  const answer = await postReadings(service, reading);
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { durable: boolean }).durable;
}

async function history(service: Service): Promise<number[]> {
  const query = `device_id=meter&metric=grid.power_kw&bucket=raw&start=${instant(60 * 24 * 9)}`;
  const { series } = await service.json<{ series: { value: number[] }[] }>(`/api/v1/telemetry?${query}`);
  return series[0]?.value ?? [];
}

async function hourlyCount(service: Service): Promise<number> {
  const query = `device_id=meter&metric=grid.power_kw&bucket=1h&aggregate=count&start=${instant(60 * 24 * 9)}`;
  const { series } = await service.json<{ series: { count: (number | null)[] }[] }>(`/api/v1/telemetry?${query}`);
  return (series[0]?.count ?? []).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

async function persist(service: Service, enabled: boolean): Promise<Response> {
  return service.request('/api/v1/features/persistence', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ enabled }),
  });
}

it('switched off, readings stay in memory beside what is on disk; switched on, none of them is lost', async () => {
  const folder = newFolder();
  let service = await start(folder);
  expect(await send(service, 60 * 24 * 8, 1)).toBe(true);
  expect((await persist(service, false)).status).toBe(200);
  expect(await service.json<Health>('/health')).toMatchObject({ persistence: false, database: 'memory' });
  expect(await send(service, 60 * 24 * 7, 2)).toBe(false);
  expect(await send(service, 1, 3)).toBe(false);
  expect(await history(service)).toEqual([1, 2, 3]);
  expect(await hourlyCount(service)).toBe(3);

  // Off means off: what came in meanwhile is gone with the process.
  await service.kill();
  service = await start(folder);
  expect(await history(service)).toEqual([1]);
  expect((await service.json<Health>('/health')).persistence).toBe(false);
  expect(await send(service, 60 * 24 * 6, 4)).toBe(false);

  expect((await persist(service, true)).status).toBe(200);
  expect(await service.json<Health>('/health')).toMatchObject({ persistence: true, database: 'ok' });
  expect(await send(service, 2, 5)).toBe(true);
  await service.kill();
  service = await start(folder);
  expect(await history(service)).toEqual([1, 4, 5]);
});

it('without a folder everything answers from memory and no file is written; told to persist, all of it moves to disk while running', async () => {
  const home = newFolder();
  const folder = join(home, 'data');
  const off = { WATTKEEPER_DATA_DIR: folder, WATTKEEPER_PERSISTENCE: 'false' };
  let service = await start(home, off);
  expect(await send(service, 60 * 24 * 3, 1)).toBe(false);
  expect(await send(service, 5, 2)).toBe(false);
  expect(await history(service)).toEqual([1, 2]);
  expect(existsSync(folder)).toBe(false);
  expect(readdirSync(home)).toEqual([]);

  expect((await persist(service, true)).status).toBe(200);
  await expect
    .poll(async () => service.json<Health>('/health').catch(() => null))
    .toMatchObject({ persistence: true, database: 'ok' });
  expect(await history(service)).toEqual([1, 2]);
  expect(await send(service, 1, 3)).toBe(true);
  await service.kill();

  service = await start(home, { WATTKEEPER_DATA_DIR: folder });
  expect(await history(service)).toEqual([1, 2, 3]);
  await service.stop();

  // A folder that has records already is not overwritten: the service goes on in memory.
  service = await start(home, off);
  await send(service, 4, 9);
  const refused = await persist(service, true);
  expect(refused.status).toBe(409);
  expect(((await refused.json()) as { detail: string }).detail).toContain('there are records');
  expect(await history(service)).toEqual([9]);
  expect((await service.json<Health>('/health')).persistence).toBe(false);
});
