import { cpSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Health, StorageMetrics } from '@wattkeeper/contract/service.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { postReadings, type Service, settled, startService, temporaryFolder } from './service.ts';

let world: ReturnType<typeof temporaryFolder>;
let service: Service;
let sent: number;
beforeEach(() => {
  world = temporaryFolder();
  sent = 0;
});
afterEach(async () => {
  await service.kill();
  world.remove();
});

const data = () => join(world.path, 'data');
const start = async () => {
  service = await startService(data(), {
    HOME: world.path,
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
    WATTKEEPER_STORES__0__TYPE: 'duckdb',
    // Otherwise the journal would retain the batches that the journal history, whose folder is removed as well, cannot accept.
    WATTKEEPER_BACKUP__POINT_IN_TIME: 'false',
    // The memory window drops older readings immediately.
    WATTKEEPER_ANALYTICS__MEMORY_RETENTION_HOURS: '0.0001',
  });
};

/** Sends the next value, with an old timestamp on request; returns whether it was stored durably. */
async function send(device: string, old = false): Promise<boolean> {
  const value = ++sent;
  const timestamp = new Date(Date.now() - (old ? 40 * 86_400_000 : 3_600_000) + value * 1000).toISOString();
  const answer = await postReadings(service, { device_id: device, timestamp, values: { 'grid.power_kw': value } });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { durable: boolean }).durable;
}

async function values(device: string): Promise<number[]> {
  const start = new Date(Date.now() - 50 * 86_400_000).toISOString();
  const answer = await service.request(
    `/api/v1/telemetry?device_id=${encodeURIComponent(device)}&metric=grid.power_kw&bucket=raw&start=${start}`,
  );
  if (answer.status === 404) return [];
  const { series } = (await answer.json()) as { series: { value: number[] }[] };
  return (series[0]?.value ?? []).toSorted((a, b) => a - b);
}

const health = () => service.json<Health>('/health').catch(() => null);
/** Waits until the service uses the folder that is now at its path, and its stores contain everything in the journal. */
async function recovered(): Promise<void> {
  await expect.poll(async () => (await health())?.database ?? null).toBe('ok');
  await settled(service);
  const { journal } = await service.json<StorageMetrics>('/api/v1/storage/metrics');
  expect(journal.durable).toBe(true);
}

it('a service loses no reading in memory when its data folder is removed while it runs, or replaced by an empty one', async () => {
  await start();
  expect(await send('meter')).toBe(true);
  await settled(service);
  for (const replacement of ['nothing', 'an empty folder']) {
    rmSync(data(), { recursive: true });
    if (replacement === 'an empty folder') mkdirSync(data());
    // The first one may still be in the removed journal; the second is too old for the memory window.
    for (const old of [false, true, false]) expect(await send(replacement, old)).toBe(false);
    const sick = await health();
    expect(sick).toMatchObject({ status: 'degraded', database: 'memory' });
    expect(sick?.warnings.join()).toMatch(/was removed or replaced/);
    await recovered();
    expect(await values(replacement)).toEqual([sent - 2, sent - 1, sent]);
    expect(await send(replacement)).toBe(true);
  }
  await service.kill();
  await start();
  expect(await values('an empty folder')).toEqual([sent - 3, sent - 2, sent - 1, sent]);
  // The store was emptied: the remaining readings must not pass for the whole history.
  expect((await health())?.stores[0]?.gap).toMatchObject({ reason: 'replaced' });
});

it('a service continues on a folder that replaces its own while it runs, adds the readings in memory, and keeps those of the folder', async () => {
  await start();
  await send('other');
  await send('meter');
  await settled(service);
  // Like a copy of a running service: part of the data is in write-ahead logs.
  cpSync(data(), `${data()}-other`, { recursive: true });
  await service.stop();
  rmSync(data(), { recursive: true });

  await start();
  expect(await send('meter')).toBe(true);
  await settled(service);
  renameSync(data(), `${data()}-own`);
  renameSync(`${data()}-other`, data());
  expect(await send('meter', true)).toBe(false);
  await recovered();
  expect(await send('new meter')).toBe(true);
  expect(await values('other')).toEqual([1]);
  expect(await values('meter')).toEqual([2, 3, 4]);
  expect(await service.stop()).toBe(0);
  await start();
  expect((await health())?.stores.map(({ gap }) => gap)).toEqual([null]);
  expect(await values('meter')).toEqual([2, 3, 4]);
  expect(await values('new meter')).toEqual([5]);
});

it('a service whose data folder is replaced by something else holds readings in memory, reports it, and continues when the folder is back', async () => {
  await start();
  expect(await send('meter')).toBe(true);
  await settled(service);
  const replacements = {
    'a file': () => writeFileSync(data(), 'a letter'),
    'a link to itself': () => symlinkSync(data(), data()),
  };
  for (const [name, replace] of Object.entries(replacements)) {
    renameSync(data(), `${data()}-own`);
    replace();
    expect(await send('meter'), name).toBe(false);
    await expect.poll(async () => (await health())?.warnings.join()).toMatch(/cannot be used as the data folder/);
    rmSync(data());
    renameSync(`${data()}-own`, data());
    await recovered();
    expect(await send('meter'), name).toBe(true);
  }
  expect(await values('meter')).toEqual([1, 2, 3, 4, 5]);
});

it('a stop after the data folder is removed recreates the folder with everything held in memory', async () => {
  await start();
  expect(await send('meter')).toBe(true);
  rmSync(data(), { recursive: true });
  expect(await send('meter', true)).toBe(false);
  expect(await service.stop()).toBe(0);
  expect(existsSync(data())).toBe(true);
  await start();
  expect(await values('meter')).toEqual([1, 2]);
});
