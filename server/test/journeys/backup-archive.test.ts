import { execFile } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import type { KeptBackup } from '@wattkeeper/contract/storage/backup.ts';
import { identityToRecipient } from 'age-encryption';
import { afterEach, expect, it } from 'vitest';
import { ROOT, type Service, settled, startService, TOKEN, temporaryFolder } from './service.ts';

const START = Date.parse('2024-01-30T00:00:00Z');
const IDENTITY = 'AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU';

let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

function newFolder(): string {
  const { path, remove } = temporaryFolder();
  closers.push(remove);
  return path;
}

async function start(data: string, environment: Record<string, string>): Promise<Service> {
  const service = await startService(data, environment);
  closers.push(() => service.kill());
  return service;
}

/** Posts a request and waits for the end of its job. */
async function run(service: Service, path: string, body = {}): Promise<Job> {
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const { id } = await service.json<Job>(`/api/v1/storage${path}`, init);
  const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
  await expect.poll(async () => (await job()).finished_at).not.toBeNull();
  return job();
}

async function send(service: Service): Promise<void> {
  const readings = Array.from({ length: 200 }, (_, i) => ({
    device_id: 'meter',
    timestamp: new Date(START + i * 1_800_000).toISOString(),
    values: { 'grid.power_kw': i / 3 },
  }));
  const headers = { 'content-type': 'application/json' };
  const answer = await service.request('/api/v1/readings', { method: 'POST', headers, body: JSON.stringify(readings) });
  expect(await answer.json()).toMatchObject({ rejected: 0 });
  await settled(service);
}

async function answers(service: Service): Promise<unknown> {
  const window = `start=${new Date(START).toISOString()}&end=${new Date(START + 30 * UTC_DAY_MS).toISOString()}`;
  return (await service.json<{ series: unknown }>(`/api/v1/telemetry?device_id=meter&bucket=raw&${window}`)).series;
}

const list = async (service: Service) => (await service.json<{ items: KeptBackup[] }>('/api/v1/storage/backups')).items;

it('archived months are restored from copies of the backups after the loss of the machine and of the archive', async () => {
  const [data, drive] = [newFolder(), join(newFolder(), 'drive')];
  const environment = {
    WATTKEEPER_ARCHIVE__STORE__TYPE: 'local',
    WATTKEEPER_BACKUP__COPY_TO__TYPE: 'local',
    WATTKEEPER_BACKUP__COPY_TO__FOLDER: drive,
    WATTKEEPER_BACKUP__INCLUDE_ARCHIVE: 'true',
    WATTKEEPER_BACKUP__RECIPIENTS__0: await identityToRecipient(IDENTITY),
    WATTKEEPER_BACKUP__IDENTITIES__0: IDENTITY,
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
  };
  const service = await start(data, environment);
  await send(service);
  expect(await run(service, '/archive')).toMatchObject({ state: 'succeeded', result: { months: 2 } });
  const before = await answers(service);
  expect(await run(service, '/backups')).toMatchObject({ state: 'succeeded' });
  expect((await run(service, '/backups')).result).toMatchObject({ archive: { objects: 2, included: true } });
  expect(readdirSync(join(drive, 'archive'))).toHaveLength(2);

  const [{ name } = { name: '' }] = await list(service);
  expect(await run(service, `/backups/${name}/verify`)).toMatchObject({ result: { problem: null } });
  const objects = join(data, 'archive', 'objects');
  rmSync(objects, { recursive: true });
  expect(await run(service, `/backups/${name}/verify`)).toMatchObject({ result: { problem: null } });
  expect((await service.json<Health>('/health')).warnings.join()).toContain('2 of 2 files of the archive are missing');
  await service.kill();
  rmSync(data, { recursive: true });

  const fresh = newFolder();
  const { stdout } = await promisify(execFile)(process.execPath, ['server/src/main.ts', 'restore', name, '--json'], {
    cwd: ROOT,
    env: { ...environment, PATH: process.env.PATH, WATTKEEPER_DATA_DIR: fresh, WATTKEEPER_TOKEN: TOKEN },
  });
  const report = JSON.parse(stdout.trim().split('\n').at(-1) as string) as unknown;
  expect(report).toMatchObject({ archive: { objects: 2, fromCopies: 2 } });
  expect(await answers(await start(fresh, environment))).toEqual(before);
});

it('the verification lists a file that is missing from the archive, and a restore is rejected', async () => {
  const [data, elsewhere] = [newFolder(), newFolder()];
  const environment = {
    WATTKEEPER_ARCHIVE__STORE__TYPE: 'local',
    WATTKEEPER_ARCHIVE__STORE__FOLDER: elsewhere,
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
  };
  const service = await start(data, environment);
  await send(service);
  await run(service, '/archive');
  await run(service, '/backups');
  const [{ name } = { name: '' }] = await list(service);
  rmSync(join(elsewhere, 'group=grid', 'month=2024-02'), { recursive: true });
  const lack = /lacks 1 of the 2 files .* group=grid\/month=2024-02\/0001-.* is missing/;
  const verified = await run(service, `/backups/${name}/verify`);
  expect(verified.result).toMatchObject({ problem: expect.stringMatching(lack) });
  expect((await service.json<Health>('/health')).warnings.join()).toMatch(lack);
  const failed = await run(service, `/backups/${name}/restore`);
  expect(failed).toMatchObject({ state: 'failed', error: expect.stringMatching(lack) });
  expect(readdirSync(data).filter((entry) => entry.startsWith('restore-'))).toEqual([]);
  const rest = await run(service, `/backups/${name}/restore`, { without_archive: true });
  expect(rest).toMatchObject({ state: 'succeeded', result: { archive: null } });
});
