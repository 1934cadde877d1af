import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FeatureChange, Health } from '@wattkeeper/contract/service.ts';
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

it('with persistence off, new readings stay in memory and stored ones on disk; when it is switched on, none is lost', async () => {
  const folder = newFolder();
  let service = await start(folder);
  expect(await send(service, 60 * 24 * 8, 1)).toBe(true);
  expect((await persist(service, false)).status).toBe(200);
  expect(await service.json<Health>('/health')).toMatchObject({ persistence: false, database: 'memory' });
  expect(await send(service, 60 * 24 * 7, 2)).toBe(false);
  expect(await send(service, 1, 3)).toBe(false);
  expect(await history(service)).toEqual([1, 2, 3]);
  expect(await hourlyCount(service)).toBe(3);

  // Off means off: readings received meanwhile are lost with the process.
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

it('without a folder, every response comes from memory and no file is written; when persistence is switched on, everything moves to disk while the service runs', async () => {
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

  // A folder that already contains records is not overwritten: the service continues in memory.
  service = await start(home, off);
  await send(service, 4, 9);
  const refused = await persist(service, true);
  expect(refused.status).toBe(409);
  expect(((await refused.json()) as { detail: string }).detail).toContain('already has records');
  expect(await history(service)).toEqual([9]);
  expect((await service.json<Health>('/health')).persistence).toBe(false);
});

/** Sends readings one after the other until it is stopped, over one connection or a new one each; returns the responses. */
function traffic(service: Service, device: string, headers: Record<string, string>) {
  const answers: { value: number; status: number | string; durable: boolean }[] = [];
  let isStopped = false;
  const work = (async () => {
    for (let value = 1; !isStopped; value++) {
      const body = { device_id: device, timestamp: new Date(Date.UTC(2026, 0, 1) + value * 1000).toISOString() };
      const sent = service.request('/api/v1/readings', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ ...body, values: { 'grid.power_kw': value } }),
      });
      const answer = await sent.then(
        async (response) => ({ status: response.status, ...((await response.json()) as { durable: boolean }) }),
        (error: unknown) => ({ status: String(error), durable: false }),
      );
      answers.push({ value, status: answer.status, durable: answer.durable });
    }
  })();
  return {
    answers,
    stop: async () => {
      isStopped = true;
      await work;
    },
  };
}

async function valuesOf(service: Service, device: string): Promise<number[]> {
  const query = `device_id=${device}&metric=grid.power_kw&bucket=raw&start=2025-12-01T00:00:00Z`;
  const { series } = await service.json<{ series: { value: number[] }[] }>(`/api/v1/telemetry?${query}`);
  return series[0]?.value ?? [];
}

it('while persistence is switched on under traffic, no request is rejected and no reading is lost, and the API shows the progress', async () => {
  const home = newFolder();
  const folder = join(home, 'data');
  const off = { WATTKEEPER_DATA_DIR: folder, WATTKEEPER_PERSISTENCE: 'false' };
  let service = await start(home, off);
  const history = Array.from({ length: 40 }, (_, device) =>
    Array.from({ length: 250 }, (_, i) => ({
      device_id: `old-${device}`,
      timestamp: new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString(),
      values: { 'grid.power_kw': i, 'load.power_kw': i / 2 },
    })),
  );
  for (const readings of history) expect((await postReadings(service, readings)).status).toBe(202);
  const senders = ['a', 'b', 'c', 'd'].map((name, i) => traffic(service, name, i % 2 ? { connection: 'close' } : {}));
  const sent = (n: number) => expect.poll(() => senders.every(({ answers }) => answers.length >= n)).toBe(true);
  await sent(5);

  const begun = await persist(service, true);
  expect([begun.status, await begun.json()]).toMatchObject([
    200,
    { enabled: true, active: false, change: { state: 'running' } },
  ]);
  const seen: FeatureChange[] = [];
  const look = async () => {
    const { change } = await service.json<{ change: FeatureChange }>('/api/v1/features/persistence');
    seen.push(change);
    return change.state;
  };
  await expect.poll(look).toBe('succeeded');
  expect(seen.map(({ progress }) => progress)).toEqual(seen.map(({ progress }) => progress).sort((a, b) => a - b));
  expect(seen.at(-1)).toMatchObject({ progress: 1, error: null, finished_at: expect.any(String) });
  const before = Math.max(...senders.map(({ answers }) => answers.length));
  await sent(before + 5);
  for (const sender of senders) await sender.stop();

  for (const [i, { answers }] of senders.entries()) {
    expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
    expect([answers[0]!.durable, answers.at(-1)!.durable]).toEqual([false, true]);
    expect(await valuesOf(service, ['a', 'b', 'c', 'd'][i]!)).toEqual(answers.map(({ value }) => value));
  }
  await service.kill();
  service = await start(home, { WATTKEEPER_DATA_DIR: folder });
  for (const [i, { answers }] of senders.entries())
    expect(await valuesOf(service, ['a', 'b', 'c', 'd'][i]!)).toEqual(answers.map(({ value }) => value));
  expect(await valuesOf(service, 'old-39')).toHaveLength(250);
});

it('when the folder proves unusable, the service continues in memory, reports the reason, and can be switched again', async () => {
  const home = newFolder();
  const folder = join(home, 'data');
  const service = await start(home, { WATTKEEPER_DATA_DIR: folder, WATTKEEPER_PERSISTENCE: 'false' });
  await send(service, 3, 1);
  // The start on the folder fails because a file is in the place of the backup folder.
  mkdirSync(folder);
  writeFileSync(join(folder, 'backups'), '');
  expect((await persist(service, true)).status).toBe(200);
  const look = () => service.json<{ enabled: boolean; change: FeatureChange }>('/api/v1/features/persistence');
  await expect.poll(look).toMatchObject({ enabled: false, change: { state: 'failed', error: expect.any(String) } });
  expect(await send(service, 2, 2)).toBe(false);
  expect(readdirSync(folder).filter((name) => name !== 'backups')).toEqual([]);
  rmSync(join(folder, 'backups'));
  expect((await persist(service, true)).status).toBe(200);
  await expect.poll(look).toMatchObject({ enabled: true, change: { state: 'succeeded' } });
  expect(await history(service)).toEqual([1, 2]);
});
