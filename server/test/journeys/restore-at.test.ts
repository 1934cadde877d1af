import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { historyUpTo } from '../../src/assembly/backups.ts';
import { loadConfig } from '../../src/config/load.ts';
import { restoreIntoFolder } from '../../src/storage/restore/restore-folder.ts';
import { withFolder } from '../faults/contents.ts';
import { postReadings, ROOT, type Service, startService, temporaryFolder } from './service.ts';

const KILLS = 3;
const T0 = Date.parse('2026-03-01T00:00:00Z');
/** A store and a journal history that lag: most batches are only in the journal when the service is killed. */
const SLOW = { WATTKEEPER_INGEST__STORE_PAUSE_MS: '700' };

/** A reading whose value is its position among all readings sent. */
interface Sent {
  readonly value: number;
  readonly sentAt: number;
  /** Null: the service was killed before it responded. */
  readonly acknowledgedAt: number | null;
}

let folder: ReturnType<typeof temporaryFolder>;
let service: Service;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await service.kill();
  folder.remove();
});

const command = async (...argv: string[]) => {
  const environment = { PATH: process.env.PATH, WATTKEEPER_DATA_DIR: folder.path };
  const run = promisify(execFile)(process.execPath, ['server/src/main.ts', ...argv], { cwd: ROOT, env: environment });
  const { stdout, code } = await run.then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: { stdout: string; code: number; stderr: string }) => {
      if (error.code !== 3) throw error;
      return error;
    },
  );
  return { code, ...(JSON.parse(stdout.trim().split('\n').at(-1)!) as { missing: { from: string; until: string }[] }) };
};

async function makeBackup(): Promise<string> {
  const { id } = await service.json<Job>('/api/v1/storage/backups', { method: 'POST' });
  const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
  await expect.poll(async () => (await job()).finished_at).not.toBeNull();
  return ((await job()).result as Backup).name;
}

/** Sends readings one after the other until the service is killed, or enough are sent. */
async function send(all: Sent[], isEnough: () => boolean): Promise<void> {
  while (!isEnough()) {
    const value = all.length;
    const sentAt = Date.now();
    const reading = { device_id: 'meter', timestamp: new Date(T0 + value * 1000).toISOString() };
    const answer = postReadings(service, { ...reading, values: { 'load.power_kw': value } }).then(({ ok }) => ok);
    const isTaken = await answer.catch(() => false);
    all.push({ value, sentAt, acknowledgedAt: isTaken ? Date.now() : null });
    if (!isTaken) return;
  }
}

/** Restores from the data that a kill left, and returns the restored readings. */
async function restoredValues<T>(restore: (into: string) => Promise<T>) {
  const into = temporaryFolder();
  try {
    const report = await restore(into.path);
    const values = await withFolder(into.path, {}, async ({ directory, queries }) => {
      const device = directory.find('meter');
      if (device === undefined) return [];
      const window = { start: T0, end: T0 + 1e9 };
      const request = { deviceIds: [device.id], group: 'load', quantities: ['power_kw'], window };
      return (await queries.frames(request)).flatMap(({ columns }) => [...columns[0]!]);
    });
    return { ...report, values: new Set(values) };
  } finally {
    into.remove();
  }
}

const wanted = (all: readonly Sent[], instant: number) =>
  all.filter(({ acknowledgedAt }) => acknowledgedAt !== null && acknowledgedAt <= instant).map(({ value }) => value);
const unwanted = (all: readonly Sent[], instant: number) =>
  all.filter(({ sentAt }) => sentAt > instant).map(({ value }) => value);

it(`a restore to any instant contains exactly the readings acknowledged until then, after ${KILLS} kills of a service whose stores lag`, async () => {
  service = await startService(folder.path, SLOW);
  const all: Sent[] = [];
  await send(all, () => all.length >= 20);
  const name = await makeBackup();
  const from = Date.now();
  for (let kill = 0; kill < KILLS; kill++) {
    const timer = sleep(200 + ((kill * 397) % 1500)).then(() => service.kill());
    await send(all, () => false);
    await timer;
    if (kill < KILLS - 1) service = await startService(folder.path, SLOW);
  }
  const end = Date.now();
  const config = loadConfig({ environment: { WATTKEEPER_DATA_DIR: folder.path } });
  const gaps = all.slice(20).map(({ acknowledgedAt }) => acknowledgedAt ?? end);
  const instants = [...gaps.filter((_, i) => i % Math.ceil(gaps.length / 3) === 0), gaps.at(-2)!, end];
  for (const instant of instants.filter((at) => at > from)) {
    const { missing, values } = await restoredValues((into) =>
      restoreIntoFolder({
        backup: join(folder.path, 'backups', name),
        keys: {},
        folder: into,
        engine: 'duckdb',
        upTo: historyUpTo(config, instant),
        signal: new AbortController().signal,
        progress: () => {},
      }),
    );
    const at = new Date(instant).toISOString();
    expect({ at, missing }).toEqual({ at, missing: [] });
    expect(
      wanted(all, instant).filter((value) => !values.has(value)),
      `acknowledged until ${at}, and missing`,
    ).toEqual([]);
    expect(
      unwanted(all, instant).filter((value) => values.has(value)),
      `sent after ${at}, and there`,
    ).toEqual([]);
  }
  expect(all.length).toBeGreaterThan(20 + 5 * KILLS);
});

it('the service starts on a journal history that is damaged everywhere and reports it, and a restore lists the missing ranges with exit code 3', async () => {
  service = await startService(folder.path, { WATTKEEPER_INGEST__STORE_PAUSE_MS: '0' });
  const all: Sent[] = [];
  const archive = join(folder.path, 'journal-archive');
  const open = join(archive, 'open.segment');
  const sizeOfOpen = async () => (await readFile(open)).length;
  await send(all, () => all.length >= 10);
  await expect.poll(sizeOfOpen).toBeGreaterThan(10 * 150);
  await service.kill();
  // Seals the segment that the previous process left open.
  service = await startService(folder.path, { WATTKEEPER_INGEST__STORE_PAUSE_MS: '0' });
  const name = await makeBackup();
  await send(all, () => all.length >= 40);
  await expect.poll(sizeOfOpen).toBeGreaterThan(30 * 150);
  await service.kill();
  const bytes = await readFile(open);
  bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
  await writeFile(open, Buffer.concat([bytes, Buffer.alloc(999)]));
  await writeFile(join(archive, 'devices.json'), '');
  const sealed = (await readdir(archive)).find((entry) => entry.endsWith('.wkj'))!;
  await writeFile(join(archive, sealed), (await readFile(join(archive, sealed))).subarray(0, -5));
  rmSync(join(archive, 'since.json'));

  service = await startService(folder.path);
  expect(service.log()).toContain('open.segment.damaged-');
  const { warnings } = await service.json<{ warnings: string[] }>('/health');
  expect(warnings.join()).toContain("the journal's history lacks readings");
  const later = async () => (await service.json<{ warnings: string[] }>('/health')).warnings.join();
  await expect.poll(later).toContain(`the segment ${sealed} is damaged`);
  await send(all, () => all.length >= 50);
  await service.kill();
  const { code, missing, values } = await restoredValues((into) =>
    command('restore', name, '--at', new Date().toISOString(), '--into', into, '--json'),
  );
  expect(code).toBe(3);
  expect(missing).toMatchObject([{ reason: expect.stringMatching(/the batches from \d+ to \d+ are missing/) }]);
  expect(values.size).toBe(49);
});
