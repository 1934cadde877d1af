import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Job } from '@wattkeeper/contract/job.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from '../storage/postgres-server.ts';
import { type Service, startService, temporaryFolder } from './service.ts';

const START = Date.parse('2026-03-28T00:00:00Z');

describeWith('POSTGRES_BIN', 'several stores', (bin) => {
  const folder = temporaryFolder();
  let server: PostgresServer;
  let service: Service;
  beforeAll(async () => {
    server = await startPostgresServer(bin);
  });
  afterAll(async () => {
    await service.kill();
    await server.remove();
    folder.remove();
  });

  const stores = {
    duckdb: '  - type: duckdb\n',
    sqlite: '  - type: sqlite\n',
    postgres: () => `  - type: postgres\n    url: ${server.url()}\n`,
  };
  const config = () => join(folder.path, 'wattkeeper.yaml');
  const start = async (...list: string[]) => {
    writeFileSync(config(), `stores:\n${list.join('')}`);
    service = await startService(folder.path, {
      WATTKEEPER_CONFIG: config(),
      WATTKEEPER_INGEST__STORE_PAUSE_MS: '50',
    });
  };
  const send = async (device: string, from: number, count: number) => {
    const readings = Array.from({ length: count }, (_, i) => ({
      device_id: device,
      timestamp: new Date(START + (from + i) * 600_000).toISOString(),
      values: { 'grid.power_kw': (from + i) / 3, ...(i % 2 === 0 && { 'grid.voltage_v': 230 + (i % 7) }) },
    }));
    const headers = { 'content-type': 'application/json' };
    const answer = await service.request('/api/v1/readings', {
      method: 'POST',
      headers,
      body: JSON.stringify(readings),
    });
    expect(await answer.json()).toMatchObject({ rejected: 0 });
  };
  const history = async (device: string) => {
    const window = `start=${new Date(START).toISOString()}&end=${new Date(START + 30 * UTC_DAY_MS).toISOString()}`;
    const { series } = await service.json<{ series: { metric: string; timestamps: string[]; value: number[] }[] }>(
      `/api/v1/telemetry?device_id=${device}&bucket=raw&${window}`,
    );
    return series.map(({ metric, timestamps, value }) => ({ metric, timestamps, value }));
  };
  const ask = (body: object) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return service.request('/api/v1/storage/backfills', init);
  };
  const run = async (body: object): Promise<Job> => {
    const answer = await ask(body);
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as Job;
    const read = () => service.json<Job>(`/api/v1/jobs/${id}`);
    await expect.poll(async () => (await read()).finished_at).not.toBeNull();
    return read();
  };

  it('a new store is backfilled from the old one, and replaces it without interruption', async () => {
    await start(stores.duckdb);
    await send('meter', 0, 1000);
    await send('shed', 0, 300);
    await service.stop();

    await start(stores.duckdb, stores.sqlite, stores.postgres());
    await send('meter', 1000, 10);
    expect(await run({ from: 'duckdb', to: 'postgres' })).toMatchObject({
      state: 'succeeded',
      result: { series: 4, values: 1500 + 450 + 15 },
    });
    const again = await run({ from: 'duckdb', to: 'postgres' });
    expect(again.result).toMatchObject({ values: 1965, written: 0 });
    const unknown = await ask({ from: 'duckdb', to: 'attic' });
    expect(unknown.status).toBe(422);
    expect(await unknown.text()).toContain('there are duckdb, sqlite, postgres');
    const before = [await history('meter'), await history('shed')];
    expect(before[0]?.[0]?.value).toHaveLength(1010);
    await service.stop();

    await start(stores.postgres(), stores.duckdb);
    expect([await history('meter'), await history('shed')]).toEqual(before);
    await service.stop();
  });

  it('the command line backfills a store while no service runs', async () => {
    writeFileSync(config(), `stores:\n${stores.duckdb}${stores.sqlite}`);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['server/src/main.ts', 'backfill', '--from', 'duckdb', '--to', 'sqlite', '--json'],
      { env: { PATH: process.env.PATH, WATTKEEPER_DATA_DIR: folder.path, WATTKEEPER_CONFIG: config() } },
    );
    expect(JSON.parse(stdout)).toMatchObject({ series: 4, values: 1965 });
    await start(stores.sqlite);
    expect((await history('meter'))[0]?.value).toHaveLength(1010);
  });
});
