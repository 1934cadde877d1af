import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Health } from '@wattkeeper/contract/service.ts';
import { expect, it } from 'vitest';
import { postReadings, type Service, settled, startService, temporaryFolder } from './service.ts';

const T0 = Date.now() - 3_600_000;

async function send(service: Service, value: number): Promise<void> {
  const timestamp = new Date(T0 + value * 1000).toISOString();
  const answer = await postReadings(service, { device_id: 'meter', timestamp, values: { 'grid.power_kw': value } });
  expect(await answer.json()).toMatchObject({ durable: true });
}

/** Flips a bit of an entry in the middle of the journal. */
function damage(path: string): void {
  const file = new DatabaseSync(path);
  const entries = file.prepare('SELECT sequence, payload FROM journal_batch ORDER BY sequence').all();
  const { sequence, payload } = Object(entries[entries.length >> 1]) as { sequence: number; payload: Uint8Array };
  payload[payload.length >> 1]! ^= 1;
  file.prepare('UPDATE journal_batch SET payload = ? WHERE sequence = ?').run(payload, sequence);
  file.close();
}

it('a service starts on a journal with a damaged entry, reports it, and stores everything else', async () => {
  const folder = temporaryFolder();
  // The store and the journal history receive the first batch, and the others after a restart.
  let service = await startService(folder.path, { WATTKEEPER_INGEST__STORE_PAUSE_MS: '60000' });
  try {
    for (let value = 1; value <= 9; value++) await send(service, value);
    await service.kill();
    damage(join(folder.path, 'wattkeeper.db'));

    service = await startService(folder.path);
    await send(service, 10);
    await settled(service);
    const start = new Date(T0).toISOString();
    const answer = await service.json<{ series: { value: number[] }[] }>(
      `/api/v1/telemetry?device_id=meter&metric=grid.power_kw&bucket=raw&start=${start}`,
    );
    const values = answer.series[0]!.value;
    expect(values).toHaveLength(9);
    expect(values).toEqual(expect.arrayContaining([1, 2, 9, 10]));
    expect(service.log()).toMatch(/batch \d+ of the journal cannot be read/);
    const health = () => service.json<Health>('/health');
    expect(await health()).toMatchObject({ status: 'degraded' });
    const warnings = async () => (await health()).warnings.join();
    expect(await warnings()).toMatch(/the journal is damaged on disk: stores lack the readings of a batch/);
    await expect.poll(warnings).toMatch(/the batches from (\d+) to \1 are missing/);
  } finally {
    await service.kill();
    folder.remove();
  }
});

it('a service whose database has a damaged log reports the loss, keeps the log, and accepts later readings', async () => {
  const folder = temporaryFolder();
  let service = await startService(folder.path, { WATTKEEPER_INGEST__STORE_PAUSE_MS: '60000' });
  try {
    for (let value = 1; value <= 20; value++) await send(service, value);
    await service.kill();
    const path = join(folder.path, 'wattkeeper.db-wal');
    const log = readFileSync(path);
    // Before the last batches: each has a frame of at least 4 KB.
    log[log.length - 50_000]! ^= 1;
    writeFileSync(path, log);

    service = await startService(folder.path);
    expect(service.log()).toMatch(/the end of the log of wattkeeper.db is damaged: \d+ changes are lost/);
    const [copy] = readdirSync(folder.path).filter((name) => name.startsWith('wattkeeper.db-wal.damaged-'));
    expect(readFileSync(join(folder.path, copy!)).equals(log)).toBe(true);
    const { status, warnings } = await service.json<Health>('/health');
    expect(status).toBe('degraded');
    expect(warnings.join()).toMatch(/the journal is damaged on disk: stores lack the readings of \d+ batches/);

    for (let value = 21; value <= 30; value++) await send(service, value);
    await settled(service);
    const start = new Date(T0).toISOString();
    const answer = await service.json<{ series: { value: number[] }[] }>(
      `/api/v1/telemetry?device_id=meter&metric=grid.power_kw&bucket=raw&start=${start}`,
    );
    const values = answer.series[0]!.value;
    expect(values).toEqual(expect.arrayContaining([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]));
    expect(values.length).toBeLessThan(30);

    await service.kill();
    service = await startService(folder.path);
    const copies = readdirSync(folder.path).filter((name) => name.startsWith('wattkeeper.db-wal.damaged-'));
    expect(copies).toEqual([copy]);
    expect((await service.json<Health>('/health')).warnings).toEqual(warnings);
  } finally {
    await service.kill();
    folder.remove();
  }
});
