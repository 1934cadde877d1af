import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import type { KeptBackup } from '@wattkeeper/contract/storage/backup.ts';
import { identityToRecipient } from 'age-encryption';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type S3Server, startS3Server } from '../storage/s3-server.ts';
import { ROOT, type Service, startService, temporaryFolder } from './service.ts';

const IDENTITY = 'AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU';
const OLD = '2024-01-30T00:00:00.000Z';

describeWith('MOTO', 'a lost machine', (program) => {
  const closers: (() => unknown)[] = [];
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3Server(program, 'copies', 'archive');
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
    await s3.stop();
  });

  const newFolder = () => {
    const { path, remove } = temporaryFolder();
    closers.push(remove);
    return path;
  };
  const environment = async () => ({
    ...s3.environment('BACKUP__COPY_TO', 'copies', 'house/'),
    ...s3.environment('ARCHIVE__STORE', 'archive', 'house/'),
    WATTKEEPER_BACKUP__INCLUDE_ARCHIVE: 'true',
    WATTKEEPER_BACKUP__RECIPIENTS__0: await identityToRecipient(IDENTITY),
    WATTKEEPER_BACKUP__IDENTITIES__0: IDENTITY,
    WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
  });
  const start = async (data: string) => {
    const service = await startService(data, await environment());
    closers.push(() => service.kill());
    return service;
  };
  const post = (service: Service, path: string, body: unknown) =>
    service.json<Job>(`/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const run = async (service: Service, path: string): Promise<Job> => {
    const { id } = await post(service, path, {});
    const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
    await expect.poll(async () => (await job()).finished_at).not.toBeNull();
    return job();
  };
  /** Posts one reading, and waits until the journal history contains it. */
  const send = async (service: Service, data: string, device: string, timestamp: string, value: number) => {
    const size = () => {
      const folder = join(data, 'journal-archive');
      return readdirSync(folder).includes('open.segment') ? readFileSync(join(folder, 'open.segment')).length : 0;
    };
    const before = size();
    await post(service, '/readings', { device_id: device, timestamp, values: { 'solar.power_kw': value } });
    await expect.poll(size).toBeGreaterThan(before);
  };
  const values = async (service: Service, device: string) => {
    const path = `/api/v1/telemetry?device_id=${device}&bucket=raw&start=2024-01-01T00:00:00Z&end=2026-06-01T00:00:00Z`;
    const { series } = await service.json<{ series: { value: number[] }[] }>(path);
    return series[0]?.value;
  };
  const command = async (data: string, ...argv: string[]) =>
    promisify(execFile)(process.execPath, ['server/src/main.ts', ...argv], {
      cwd: ROOT,
      env: { ...(await environment()), PATH: process.env.PATH, WATTKEEPER_DATA_DIR: data },
    });
  const keys = async (bucket: string, prefix: string) => {
    const { Contents } = await s3.client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
    return (Contents ?? []).map(({ Key }) => Key as string);
  };

  it('is restored from object storage alone, as of an instant, with archived months and new devices', async () => {
    const data = newFolder();
    const service = await start(data);
    await send(service, data, 'roof', OLD, 1);
    expect(await run(service, '/storage/archive')).toMatchObject({ result: { months: 1 } });
    await send(service, data, 'roof', '2026-03-29T00:00:00Z', 2);
    expect(await run(service, '/storage/backups')).toMatchObject({ state: 'succeeded' });
    const { items } = await service.json<{ items: KeptBackup[] }>('/api/v1/storage/backups');
    const name = items[0]?.name as string;
    await send(service, data, 'roof', '2026-03-29T00:01:00Z', 3);
    await send(service, data, 'shed', '2026-03-29T00:01:00Z', 30);
    const instant = new Date().toISOString();
    await send(service, data, 'roof', '2026-03-29T00:02:00Z', 4);
    const copied = await run(service, '/scheduler/jobs/journal-copies/run');
    expect(copied).toMatchObject({ state: 'succeeded', result: { sent: 1 } });
    await service.kill();
    rmSync(data, { recursive: true });

    const fresh = newFolder();
    const { until } = copied.result as { until: string };
    expect((await command(fresh, 'backup', 'list')).stdout).toContain(`The journal is copied until ${until}`);
    const late = command(fresh, 'restore', name, '--at', new Date(Date.parse(until) + 1).toISOString());
    await expect(late).rejects.toThrow(/do not cover the time from the start of the backup/);
    expect(readdirSync(fresh).filter((entry) => /db$|restore|journal/.test(entry))).toEqual([]);

    const { stdout } = await command(fresh, 'restore', name, '--at', instant);
    expect(stdout).toMatch(/Restored 1 values .* all equal/); // The unarchived value: rollups of one sample would be larger than the sample.
    expect(stdout).toMatch(/All 1 files of the archive are intact/);
    const restored = await start(fresh);
    expect(await values(restored, 'roof')).toEqual([1, 2, 3]);
    expect(await values(restored, 'shed')).toEqual([30]);
    await restored.stop();
  });

  it('reports losses in object storage, and restores the archive from its copies', async () => {
    const [archived] = await keys('archive', 'house/');
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'archive', Key: archived as string }));
    const [name] = (await keys('copies', 'house/wattkeeper-')).map((key) => key.replace(/^house\/|\.json$/g, ''));
    const fresh = newFolder();
    const { stdout } = await command(fresh, 'restore', name as string, '--json');
    expect(JSON.parse(stdout.trim().split('\n').at(-1) as string)).toMatchObject({ archive: { fromCopies: 1 } });
    expect(await keys('archive', 'house/')).toEqual([archived]);

    const index = { Bucket: 'copies', Key: 'house/journal/index.json' };
    const text = await (await s3.client.send(new GetObjectCommand(index))).Body?.transformToString();
    const { spans } = JSON.parse(text as string) as { spans: { until: number }[] };
    const instant = new Date((spans[0]?.until as number) - 1).toISOString();
    const [segment] = (await keys('copies', 'house/journal/')).filter((key) => key.endsWith('.wkj')).slice(-1);
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'copies', Key: segment as string }));
    const other = newFolder();
    await expect(command(other, 'restore', name as string, '--at', instant)).rejects.toThrow(
      /the copy of .*\.wkj .* is missing/,
    );
    expect(readdirSync(other).filter((entry) => /db$|restore|journal/.test(entry))).toEqual([]);
  });

  it('unreachable object storage is reported, and the service continues', async () => {
    const data = newFolder();
    const service = await start(data);
    await send(service, data, 'roof', '2026-03-29T00:00:00Z', 1);
    await s3.stop();
    expect(await run(service, '/scheduler/jobs/journal-copies/run')).toMatchObject({
      state: 'succeeded',
      result: null,
    });
    expect((await service.json<Health>('/health')).warnings.join()).toMatch(
      /copies of backups: s3:\/\/copies\/house\/: cannot/,
    );
    expect(await run(service, '/storage/backups')).toMatchObject({ state: 'succeeded', result: { archive: null } });
    expect((await service.json<Health>('/health')).warnings.join()).toContain('does not tell what is in the archive');
  });
});
