import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import type { KeptBackup } from '@wattkeeper/contract/storage/backup.ts';
import { afterEach, expect, it } from 'vitest';
import { postReadings, ROOT, type Service, startService, temporaryFolder } from './service.ts';

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

/** The copies are stored in a folder, such as one on a network drive; object stores have their own suite. */
const copyingTo = (folder: string) => ({
  WATTKEEPER_BACKUP__COPY_TO__TYPE: 'local',
  WATTKEEPER_BACKUP__COPY_TO__FOLDER: folder,
});

async function run(service: Service, path: string): Promise<Job> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const { id } = (await (await service.request(`/api/v1${path}`, init)).json()) as Job;
  let job: Job;
  do job = await service.json<Job>(`/api/v1/jobs/${id}`);
  while (job.finished_at === null);
  return job;
}

const list = async (service: Service) => (await service.json<{ items: KeptBackup[] }>('/api/v1/storage/backups')).items;

async function world(): Promise<{ data: string; copies: string; service: Service }> {
  const [data, copies] = [newFolder(), join(newFolder(), 'drive')];
  const service = await startService(data, copyingTo(copies));
  closers.push(() => service.kill());
  const reading = { device_id: 'roof', timestamp: '2026-03-01T00:00:00Z', values: { 'solar.power_kw': 3 } };
  expect((await postReadings(service, reading)).status).toBe(202);
  return { data, copies, service };
}

it('a copied backup restores everything after the loss of the machine', async () => {
  const { copies, service } = await world();
  expect((await run(service, '/storage/backups')).state).toBe('succeeded');
  const [backup] = await list(service);
  expect(backup).toMatchObject({ local: true, copied_to: copies });
  expect(readdirSync(copies).sort()).toEqual(['journal', backup?.name, `${backup?.name}.json`]);
  await service.kill();

  const fresh = newFolder();
  const command = async (...argv: string[]) =>
    (
      await promisify(execFile)(process.execPath, ['server/src/main.ts', ...argv], {
        cwd: ROOT,
        env: { PATH: process.env.PATH, WATTKEEPER_DATA_DIR: fresh, ...copyingTo(copies) },
      })
    ).stdout;
  expect(await command('backup', 'list')).toContain(`${backup?.name}`);
  expect(await command('restore', backup?.name as string)).toMatch(/Restored 1 values .* all equal/);
  const restored = await startService(fresh, copyingTo(copies));
  closers.push(() => restored.kill());
  const path = '/api/v1/telemetry?device_id=roof&bucket=raw&start=2026-02-28T00:00:00Z&end=2026-03-02T00:00:00Z';
  expect((await restored.json<{ series: { value: number[] }[] }>(path)).series[0]?.value).toEqual([3]);
});

it('an unreachable destination does not fail a backup: it is reported, and missing copies are sent with the next backup', async () => {
  const { copies, service } = await world();
  writeFileSync(copies, 'a file where the drive should be');
  expect((await run(service, '/storage/backups')).state).toBe('succeeded');
  const warnings = async () => (await service.json<Health>('/health')).warnings.join();
  expect(await warnings()).toContain(`copies of backups: ${copies}: cannot`);
  rmSync(copies);
  expect((await run(service, '/storage/backups')).state).toBe('succeeded');
  expect(await warnings()).not.toContain('copies of backups');
  expect((await list(service)).map(({ copied_to }) => copied_to)).toEqual([copies, copies]);
});

it('listing the copies does not affect a backup in progress', async () => {
  const { service } = await world();
  await run(service, '/storage/backups');
  const done = run(service, '/storage/backups');
  for (let i = 0; i < 20; i++) await list(service);
  expect((await done).state).toBe('succeeded');
  expect(await list(service)).toHaveLength(2);
});

it('a modified copy is rejected without changes', async () => {
  const { data, copies, service } = await world();
  await run(service, '/storage/backups');
  const [{ name } = { name: '' }] = await list(service);
  const bytes = readFileSync(join(copies, name));
  bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
  writeFileSync(join(copies, name), bytes);
  renameSync(join(data, 'backups'), join(data, 'lost'));
  const job = await run(service, `/storage/backups/${name}/restore`);
  expect(job).toMatchObject({ state: 'failed', error: expect.stringContaining('was changed after it was written') });
  expect(readdirSync(join(data, 'backups'))).toEqual([]);
});
