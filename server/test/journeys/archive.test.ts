import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import { afterAll, expect, it } from 'vitest';
import { type Service, startService, TOKEN, temporaryFolder } from './service.ts';

const START = Date.parse('2024-01-30T00:00:00Z');
const folder = temporaryFolder();
const environment = { WATTKEEPER_ARCHIVE__STORE__TYPE: 'local', WATTKEEPER_INGEST__STORE_PAUSE_MS: '50' };
let service: Service;
afterAll(async () => {
  await service.kill();
  folder.remove();
});

it('old months are archived on request and by command, and no result changes', async () => {
  service = await startService(folder.path, environment);
  await send(0, 200);
  const before = await answers();
  expect(before[0]?.value).toHaveLength(200);

  const { id } = await service.json<Job>('/api/v1/storage/archive', { method: 'POST' });
  const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
  await expect.poll(async () => (await job()).finished_at).not.toBeNull();
  expect(await job()).toMatchObject({ state: 'succeeded', result: { months: 2, rows: 200, postponed: [] } });
  expect(files()).toEqual(['group=grid/month=2024-01', 'group=grid/month=2024-02']);
  expect(await answers()).toEqual(before);

  await send(200, 10);
  const late = await answers();
  expect(late[0]?.value).toHaveLength(210);
  expect(await archive()).toMatchObject({ months: 1, rows: 10 });
  expect(await answers()).toEqual(late);
  await service.stop();
  expect(await archive()).toMatchObject({ months: 0 });
  service = await startService(folder.path, environment);
  expect(await answers()).toEqual(late);
});

it('a store backfilled from the first one also contains the archived months', async () => {
  const before = await answers();
  await service.stop();
  const stores = { WATTKEEPER_STORES__0__TYPE: 'duckdb', WATTKEEPER_STORES__1__TYPE: 'sqlite' };
  service = await startService(folder.path, { ...environment, ...stores });
  const init = { headers: { 'content-type': 'application/json' }, body: '{"from":"duckdb","to":"sqlite"}' };
  const { id } = await service.json<Job>('/api/v1/storage/backfills', { method: 'POST', ...init });
  const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
  await expect.poll(async () => (await job()).finished_at).not.toBeNull();
  expect(await job()).toMatchObject({ state: 'succeeded', result: { archivedMonths: 2 } });
  await service.stop();

  service = await startService(folder.path, { WATTKEEPER_STORES__0__TYPE: 'sqlite' });
  expect(await answers()).toEqual(before);
});

async function send(from: number, count: number): Promise<void> {
  const readings = Array.from({ length: count }, (_, i) => ({
    device_id: 'meter',
    timestamp: new Date(START + (from + i) * 1_800_000).toISOString(),
    values: { 'grid.power_kw': (from + i) / 3 },
  }));
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(readings) };
  expect(await (await service.request('/api/v1/readings', init)).json()).toMatchObject({ rejected: 0 });
}

/** Raw and daily results, across archived and unarchived months. */
async function answers() {
  const window = `start=${new Date(START).toISOString()}&end=${new Date(START + 30 * UTC_DAY_MS).toISOString()}`;
  const ask = async (bucket: string) => {
    const path = `/api/v1/telemetry?device_id=meter&bucket=${bucket}&${window}`;
    const text = await (await service.request(path)).text();
    // Rollups are added in another order than raw readings, which affects the last digit of a mean.
    const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(14)) : value);
    return (JSON.parse(text, rounded) as { series: { value?: number[] }[] }).series;
  };
  return [...(await ask('raw')), ...(await ask('1d'))];
}

function files(): string[] {
  const entries = readdirSync(join(folder.path, 'archive/objects'), { recursive: true, encoding: 'utf8' });
  return entries.filter((name) => /month=[^/]+$/.test(name)).sort();
}

async function archive(): Promise<unknown> {
  const env = {
    ...environment,
    PATH: process.env.PATH,
    WATTKEEPER_DATA_DIR: folder.path,
    WATTKEEPER_HTTP__PORT: new URL(service.url).port,
    WATTKEEPER_TOKEN: TOKEN,
  };
  const args = ['server/src/main.ts', 'archive', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string);
}
