import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Job } from '@wattkeeper/contract/job.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { postReadings, type Service, settled, startService, temporaryFolder } from './service.ts';

const START = Date.parse('2026-03-28T00:00:00Z');
const COUNT = 600;
const POLL = { interval: 200 };
let folder: ReturnType<typeof temporaryFolder>;
let service: Service;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await service.kill();
  folder.remove();
});

const valueAt = (row: number) => Math.sin(row) * 10;

async function start(...types: string[]): Promise<void> {
  const file = join(folder.path, 'wattkeeper.yaml');
  writeFileSync(file, `ingest:\n  store_pause_ms: 50\nstores:\n${types.map((type) => `  - type: ${type}\n`).join('')}`);
  service = await startService(folder.path, { WATTKEEPER_CONFIG: file });
}

/** Sends readings, one a minute, stops the service, and flips a bit of a reading of the first hour in the SQLite file. */
async function damaged(...types: string[]): Promise<void> {
  await start(...types);
  const readings = Array.from({ length: COUNT }, (_, row) => ({
    device_id: 'meter',
    timestamp: new Date(START + row * 60_000).toISOString(),
    values: { 'grid.power_kw': valueAt(row) },
  }));
  expect((await postReadings(service, readings)).status).toBe(202);
  await settled(service);
  await service.stop();
  const path = join(folder.path, 'telemetry.sqlite');
  const bytes = readFileSync(path);
  const value = Buffer.alloc(8);
  value.writeDoubleBE(valueAt(7));
  let at = bytes.indexOf(value);
  expect(at).toBeGreaterThan(0);
  // A free page may contain the same bytes.
  for (; at >= 0; at = bytes.indexOf(value, at + 8)) bytes[at + 4]! ^= 1;
  writeFileSync(path, bytes);
  await start(...types);
}

/** Readings of a response by their position, and its warnings; null where there is none. */
async function history(): Promise<{ values: Map<number, number>; warnings: string[] } | null> {
  const response = await service.request(
    `/api/v1/telemetry?device_id=meter&bucket=raw&start=${new Date(START).toISOString()}&end=2026-03-30T00:00:00Z`,
  );
  if (!response.ok) return null;
  const { series, warnings } = (await response.json()) as {
    series: { timestamps: string[]; value: number[] }[];
    warnings: string[];
  };
  const one = series[0];
  const places = one?.timestamps.map((time, i) => [(Date.parse(time) - START) / 60_000, one.value[i]!] as const);
  const values = new Map(places ?? []);
  for (const [row, value] of values) expect(value, `row ${row}`).toBe(valueAt(row));
  return { values, warnings };
}

const health = () => service.json<Health>('/api/v1/storage/health');

it('the nightly scrub reports a damaged store, whose file is set aside, replaced and backfilled from the other store', async () => {
  await damaged('duckdb', 'sqlite');
  const run = await service.request('/api/v1/scheduler/jobs/scrub/run', { method: 'POST' });
  const { id } = (await run.json()) as Job;
  const job = () => service.json<Job>(`/api/v1/jobs/${id}`);
  await expect.poll(async () => (await job()).state, POLL).toBe('failed');
  expect((await job()).error).toMatch(
    /store sqlite: .*telemetry\.sqlite is damaged \(rows of device 0 in group_0_0 differ from their checksum in the hour from 2026-03-28T00:00:00.000Z on\)/,
  );
  await expect.poll(async () => (await health()).stores[1]?.gap, POLL).toMatchObject({ fill_from: 'duckdb' });
  await service.request('/api/v1/scheduler/jobs/backfill/run', { method: 'POST' });
  await expect.poll(async () => (await health()).status, POLL).toBe('healthy');
  await service.stop();
  expect(readdirSync(folder.path).filter((name) => name.startsWith('telemetry.sqlite.damaged-'))).toHaveLength(1);
  // The backfilled store answers alone.
  await start('sqlite');
  expect((await history())?.values.size).toBe(COUNT);
});

it('a query of a single, damaged store never returns a wrong value, and later returns the intact values, marked as partial', async () => {
  await damaged('sqlite');
  await expect
    .poll(async () => (await history())?.warnings ?? [], POLL)
    .toContainEqual(expect.stringMatching(/^the history may be partial: store sqlite lacks readings/));
  expect((await history())?.values.size).toBe(COUNT - 60);
  expect((await health()).status).toBe('degraded');
  expect(service.log()).toMatch(/telemetry\.sqlite is damaged .* restore a backup/);
});
