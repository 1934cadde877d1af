import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { identityToRecipient } from 'age-encryption';
import { afterEach, expect, it } from 'vitest';
import { restoreIntoFolder } from '../../src/storage/restore/restore-folder.ts';
import { type Service, startService, temporaryFolder } from './service.ts';

// Decryption with an identity is immediate; a passphrase takes a second or more each time.
const IDENTITY = 'AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU';
const KEYS = {
  WATTKEEPER_BACKUP__RECIPIENTS__0: await identityToRecipient(IDENTITY),
  WATTKEEPER_BACKUP__IDENTITIES__0: IDENTITY,
};
let closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.reverse()) await close();
  closers = [];
});

function newFolder(): string {
  const folder = temporaryFolder();
  closers.push(folder.remove);
  return folder.path;
}

async function start(folder: string, environment: Record<string, string> = {}): Promise<Service> {
  const service = await startService(folder, { ...KEYS, ...environment });
  closers.push(() => service.kill());
  return service;
}

async function post(service: Service, path: string, body: unknown = {}): Promise<Response> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return service.request(`/api/v1${path}`, init);
}

async function send(service: Service, device: string, minute: number, value: number): Promise<void> {
  const timestamp = new Date(Date.parse('2026-03-29T00:00:00Z') + minute * 60_000).toISOString();
  const answer = await post(service, '/readings', {
    device_id: device,
    timestamp,
    values: { 'solar.power_kw': value },
  });
  expect(answer.status).toBe(202);
}

async function ended(service: Service, answer: Response): Promise<Job> {
  expect(answer.status).toBe(202);
  const { id } = (await answer.json()) as Job;
  let job: Job | undefined;
  await expect
    .poll(async () => {
      job = await service.json<Job>(`/api/v1/jobs/${id}`);
      return job.finished_at;
    })
    .not.toBeNull();
  return job as Job;
}

async function values(service: Service, device: string): Promise<number[]> {
  const query = `device_id=${device}&metric=solar.power_kw&start=2026-03-29T00:00:00Z&end=2026-03-30T00:00:00Z&bucket=raw`;
  const answer = await service.request(`/api/v1/telemetry?${query}`);
  if (answer.status === 404) return [];
  const { series } = (await answer.json()) as { series: { value: number[] }[] };
  return series[0]?.value ?? [];
}

async function backups(service: Service): Promise<Backup[]> {
  return (await service.json<{ items: Backup[] }>('/api/v1/storage/backups')).items;
}

it('a backup restores everything, and then any instant after it', async () => {
  const folder = newFolder();
  let service = await start(folder);
  await send(service, 'roof', 0, 1);
  await send(service, 'roof', 1, 2);
  const made = await ended(service, await post(service, '/storage/backups'));
  expect(made).toMatchObject({ state: 'succeeded', result: { values: 2, encrypted: true } });
  const [backup] = await backups(service);
  const name = (backup as Backup).name;

  const verified = await ended(service, await post(service, `/storage/backups/${name}/verify`));
  expect(verified).toMatchObject({ state: 'succeeded', result: { problem: null } });
  expect((await backups(service))[0]?.verified_at).not.toBeNull();

  await send(service, 'roof', 2, 3);
  await send(service, 'shed', 2, 30);
  const instant = Date.now();
  // Readings acknowledged in the same millisecond are restored too.
  await expect.poll(() => Date.now()).toBeGreaterThan(instant);
  await send(service, 'roof', 1, -999 + 1000);
  await send(service, 'roof', 3, 4);

  const back = await ended(
    service,
    await post(service, `/storage/backups/${name}/restore`, { at: new Date(instant).toISOString() }),
  );
  expect(back).toMatchObject({ state: 'succeeded' });
  expect(await values(service, 'roof')).toEqual([1, 1, 3, 4]);
  await service.stop();

  service = await start(folder);
  expect(await values(service, 'roof')).toEqual([1, 2, 3]);
  expect(await values(service, 'shed')).toEqual([30]);
  expect(readdirSync(folder).filter((entry) => entry.startsWith('before-restore-'))).toHaveLength(1);
  expect(readdirSync(folder).filter((entry) => /restore-(ready|moving|scratch)/.test(entry))).toEqual([]);

  await ended(service, await post(service, `/storage/backups/${name}/restore`));
  await service.stop();
  service = await start(folder);
  expect(await values(service, 'roof')).toEqual([1, 2]);
});

it('a damaged backup is rejected without changes and reported by the verification', async () => {
  const folder = newFolder();
  const service = await start(folder);
  await send(service, 'roof', 0, 1);
  await ended(service, await post(service, '/storage/backups'));
  const [backup] = await backups(service);
  const path = join(folder, 'backups', (backup as Backup).name);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
  writeFileSync(path, bytes);

  const verified = await ended(service, await post(service, `/storage/backups/${backup?.name}/verify`));
  expect(verified.result).toMatchObject({ problem: expect.stringContaining('was changed after it was written') });
  const restored = await ended(service, await post(service, `/storage/backups/${backup?.name}/restore`));
  expect(restored).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('was changed after it was written'),
  });
  expect(readdirSync(folder).filter((entry) => entry.startsWith('restore-'))).toEqual([]);

  for (const what of ['restore', 'verify']) {
    const unknown = await post(service, `/storage/backups/nothing.backup/${what}`);
    expect(unknown.status).toBe(404);
    expect(await unknown.text()).toContain('there is no backup nothing.backup');
  }
});

it('an installation with SQLite as primary store is restored into SQLite', async () => {
  const folder = newFolder();
  const stores = { WATTKEEPER_STORES__0__TYPE: 'sqlite' };
  let service = await start(folder, stores);
  await send(service, 'roof', 0, 1);
  const made = await ended(service, await post(service, '/storage/backups'));
  const { name } = made.result as Backup;
  expect((await ended(service, await post(service, `/storage/backups/${name}/restore`))).state).toBe('succeeded');
  await service.stop();
  service = await start(folder, stores);
  expect(await values(service, 'roof')).toEqual([1]);
});

it('an interrupted restore into a folder is never opened as a data folder, and can be repeated', async () => {
  const [folder, into] = [newFolder(), newFolder()];
  const service = await start(folder);
  await send(service, 'roof', 0, 1);
  const { result } = await ended(service, await post(service, '/storage/backups'));
  await service.stop();
  writeFileSync(join(into, 'restore-unfinished'), '');
  writeFileSync(join(into, 'wattkeeper.db'), 'half of one');
  await expect(startService(into)).rejects.toThrow(/a restore into .* was interrupted.*run the same/);
  const what = { backup: join(folder, 'backups', (result as Backup).name), keys: { identities: [IDENTITY] } };
  const how = { engine: 'duckdb', signal: new AbortController().signal, progress: () => {} } as const;
  expect(await restoreIntoFolder({ ...what, ...how, folder: into })).toMatchObject({ values: 1 });
  expect(await values(await start(into), 'roof')).toEqual([1]);
});
