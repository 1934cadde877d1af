import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { postReadings, type Service, settled, startService, temporaryFolder } from './service.ts';

const START = Date.parse('2026-03-28T00:00:00Z');
const POLL = { interval: 200 };
let folder: ReturnType<typeof temporaryFolder>;
let service: Service;
let sent: number;
beforeEach(() => {
  folder = temporaryFolder();
  sent = 0;
});
afterEach(async () => {
  await service.kill();
  folder.remove();
});

async function start(...types: ('duckdb' | 'sqlite')[]): Promise<void> {
  const file = join(folder.path, 'wattkeeper.yaml');
  const stores = types.map((type) => `  - type: ${type}\n`).join('');
  writeFileSync(file, `ingest:\n  store_pause_ms: 50\nstores:\n${stores}`);
  service = await startService(folder.path, { WATTKEEPER_CONFIG: file });
}

async function send(count: number): Promise<void> {
  const readings = Array.from({ length: count }, (_, i) => ({
    device_id: 'meter',
    timestamp: new Date(START + (sent + i) * 60_000).toISOString(),
    values: { 'grid.power_kw': sent + i },
  }));
  sent += count;
  expect((await postReadings(service, readings)).status).toBe(202);
  await settled(service);
}

const health = () => service.json<Health>('/api/v1/storage/health');
async function history(): Promise<{ count: number; warnings: string[] }> {
  const { series, warnings } = await service.json<{ series: { value: number[] }[]; warnings: string[] }>(
    `/api/v1/telemetry?device_id=meter&bucket=raw&start=${new Date(START).toISOString()}&end=2026-03-30T00:00:00Z`,
  );
  return { count: series[0]?.value.length ?? 0, warnings };
}

/** @param asked start the job now; otherwise it starts a few seconds after the service */
async function filled(asked = true): Promise<void> {
  if (asked) await service.request('/api/v1/scheduler/jobs/backfill/run', { method: 'POST' });
  await expect.poll(async () => (await health()).status, POLL).toBe('healthy');
  const { items } = await service.json<{ items: Job[] }>('/api/v1/jobs?name=backfill');
  expect(items.some(({ name, state }) => name === 'backfill' && state === 'succeeded')).toBe(true);
  expect(await history()).toEqual({ count: sent, warnings: [] });
}

it('a store that was temporarily not configured is backfilled automatically, and history is complete meanwhile', async () => {
  await start('sqlite', 'duckdb');
  await send(50);
  await service.stop();
  await start('duckdb');
  await send(50);
  await service.stop();
  await start('sqlite', 'duckdb');
  const { status, stores, history: standing, warnings } = await health();
  expect(status).toBe('degraded');
  expect(stores[0]?.gap).toMatchObject({ reason: 'left_out', fill_from: 'duckdb' });
  expect(standing).toMatchObject({ status: 'complete', source: 'duckdb' });
  expect(warnings).toContainEqual(
    expect.stringMatching(
      /^store sqlite lacks readings .* not configured for some time; they are copied from store duckdb$/,
    ),
  );
  await send(50);
  expect(await history()).toEqual({
    count: 150,
    warnings: [expect.stringMatching(/^store sqlite lacks readings .*; this answer is from store duckdb/)],
  });
  await filled(false);
  await service.stop();
  // The backfilled store answers alone, and nothing is missing at the next start.
  await start('sqlite');
  expect((await health()).status).toBe('healthy');
  expect(await history()).toEqual({ count: 150, warnings: [] });
});

it('a new store, and one whose file was deleted or replaced by an older copy, are detected at the start and backfilled', async () => {
  const file = join(folder.path, 'telemetry.sqlite');
  await start('duckdb');
  await send(20);
  await service.stop();
  await start('sqlite', 'duckdb');
  expect((await health()).stores[0]?.gap).toMatchObject({ reason: 'added' });
  expect((await history()).count).toBe(20);
  await filled();
  await service.stop();

  copyFileSync(file, `${file}.copy`);
  await start('sqlite', 'duckdb');
  await send(20);
  await service.stop();
  copyFileSync(`${file}.copy`, file);
  await start('sqlite', 'duckdb');
  expect((await health()).stores[0]?.gap).toMatchObject({ reason: 'replaced' });
  expect((await history()).count).toBe(40);
  await filled();
  await service.stop();

  rmSync(file);
  await start('sqlite', 'duckdb');
  expect((await health()).stores[0]?.gap).toMatchObject({ reason: 'replaced' });
  expect((await history()).count).toBe(40);
  await filled();
});

it('readings that no store has are reported as missing in every response until a user accepts it', async () => {
  await start('duckdb');
  await send(20);
  await service.stop();
  rmSync(join(folder.path, 'telemetry.duckdb'));
  await start('duckdb');
  await send(5);
  const { status, stores, history: standing } = await health();
  expect({ status, gap: stores[0]?.gap?.fill_from }).toEqual({ status: 'degraded', gap: null });
  expect(standing).toMatchObject({ status: 'partial', problem: 'gap', store: 'duckdb' });
  expect(await history()).toEqual({
    count: 5,
    warnings: [expect.stringMatching(/^the history may be partial: store duckdb lacks readings that arrived before/)],
  });
  const run = await service.request('/api/v1/scheduler/jobs/rollups/run', { method: 'POST' });
  const { id } = (await run.json()) as Job;
  await expect.poll(async () => (await service.json<Job>(`/api/v1/jobs/${id}`)).state, POLL).toBe('failed');

  const accepted = await service.request('/api/v1/storage/gaps/duckdb', { method: 'DELETE' });
  expect(accepted.status).toBe(204);
  expect((await service.request('/api/v1/storage/gaps/duckdb', { method: 'DELETE' })).status).toBe(404);
  expect(await history()).toEqual({ count: 5, warnings: [] });
  await service.stop();
  await start('duckdb');
  expect((await health()).status).toBe('healthy');
});
