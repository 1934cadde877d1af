import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { postReadings, type Service, startService } from './service.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const BATCH = 500;

describeWith('SMALL_DISK', 'a full disk', (root) => {
  let disk: string;
  let service: Service;
  beforeEach(async () => {
    disk = mkdtempSync(join(root, 'wattkeeper-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
    service = await start();
  });
  afterEach(async () => {
    await service.kill();
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  });

  const data = () => join(disk, 'data');
  const ballast = () => join(disk, 'ballast');
  const start = () =>
    startService(data(), {
      WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
      WATTKEEPER_BACKUP__POINT_IN_TIME: 'false',
      HOME: root,
    });
  const fill = () => {
    const { bavail, bsize } = statfsSync(disk);
    try {
      writeFileSync(ballast(), Buffer.alloc(bavail * bsize));
    } catch (error) {
      // The service wrote something meanwhile: the disk is full anyway.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };

  let sent = 0;
  /** Sends the next readings; returns whether they were stored durably. */
  const send = async (): Promise<boolean> => {
    const readings = Array.from({ length: BATCH }, (_, i) => ({
      device_id: 'meter',
      timestamp: new Date(T0 + (sent + i) * 1000).toISOString(),
      values: { 'load.power_kw': (sent + i) % 97, 'load.voltage_v': 200 + ((sent + i) % 41) },
    }));
    const answer = await postReadings(service, readings);
    expect(answer.status).toBe(202);
    sent += BATCH;
    return ((await answer.json()) as { durable: boolean }).durable;
  };
  const count = async (): Promise<number> => {
    const window = `start=${new Date(T0).toISOString()}&end=${new Date(T0 + sent * 1000).toISOString()}`;
    const path = `/api/v1/telemetry?device_id=meter&metric=load.power_kw&bucket=1h&aggregate=count&${window}`;
    const { series } = await service.json<{ series: { count: (number | null)[] }[] }>(path);
    return (series[0]?.count ?? []).reduce<number>((sum, one) => sum + (one ?? 0), 0);
  };
  const health = () => service.json<Health>('/health');
  /** Runs a job; without space to record its run, it does not start, and the response says so. */
  const run = async (name: string): Promise<Pick<Job, 'state' | 'error'>> => {
    const answer = await service.request(`/api/v1/scheduler/jobs/${name}/run`, { method: 'POST' });
    if (!answer.ok) return { state: 'failed', error: ((await answer.json()) as { detail: string }).detail };
    const { id } = (await answer.json()) as Job;
    let job: Job;
    do job = await service.json<Job>(`/api/v1/jobs/${id}`);
    while (job.finished_at === null);
    return job;
  };

  beforeEach(() => {
    sent = 0;
  });

  it('does not stop ingest: readings wait in memory, health reports it, and all are on disk once it has space', async () => {
    expect(await send()).toBe(true);
    fill();
    let durable = true;
    for (let i = 0; i < 200 && durable; i++) durable = await send();
    expect(durable).toBe(false);
    for (let i = 0; i < 5; i++) await send();
    // The telemetry store may be unavailable as well: then its earlier readings are missing until it is back.
    expect(await count()).toBeGreaterThanOrEqual(sent - BATCH);
    const sick = await health();
    expect(sick).toMatchObject({ status: expect.stringMatching(/degraded|unhealthy/), database: expect.any(String) });
    expect(sick.warnings.join()).toMatch(/readings have been in memory only since .*(full|disk)/);

    rmSync(ballast());
    await expect.poll(async () => (await health()).status).toBe('healthy');
    expect(await send()).toBe(true);
    await service.kill();
    service = await start();
    expect(await count()).toBe(sent);
  });

  it('makes a backup and a compaction fail with the reason, and leaves no incomplete file', async () => {
    for (let i = 0; i < 20; i++) await send();
    await expect.poll(async () => (await health()).stores[0]?.lag_batches).toBe(0);
    fill();
    const backup = await run('backup');
    expect(backup).toMatchObject({ state: 'failed', error: expect.stringMatching(/ENOSPC|full|space/i) });
    const compaction = await run('day-compaction');
    if (compaction.state === 'failed') expect(compaction.error).toMatch(/ENOSPC|full|space|room/i);
    expect(await count()).toBe(sent);
    rmSync(ballast());
    await expect.poll(async () => (await health()).status).toBe('healthy');
    expect((await run('backup')).state).toBe('succeeded');
    expect(readdirSync(join(data(), 'backups')).filter((name) => name.endsWith('.backup'))).toHaveLength(1);
    expect(readdirSync(join(data(), 'backups')).some((name) => name.includes('partial'))).toBe(false);
    await service.kill();
    service = await start();
    expect(await count()).toBe(sent);
  });
});
