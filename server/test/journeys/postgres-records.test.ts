import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Device } from '@wattkeeper/contract/device.ts';
import type { Health } from '@wattkeeper/contract/service.ts';
import type { Site } from '@wattkeeper/contract/site.ts';
import type { Tariff } from '@wattkeeper/contract/tariff.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from '../storage/postgres-server.ts';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

describeWith('POSTGRES_BIN', 'the service with records in PostgreSQL', (bin) => {
  const folder = temporaryFolder();
  let server: PostgresServer;
  let service: Service;
  const start = async () => {
    const records = { WATTKEEPER_RECORDS__TYPE: 'postgres', WATTKEEPER_RECORDS__URL: server.url() };
    service = await startService(folder.path, { ...records, WATTKEEPER_INGEST__STORE_PAUSE_MS: '0' });
  };
  const send = async <T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    return service.json<T>(`/api/v1${path}`, { ...options, body: JSON.stringify(body) });
  };
  const reading = (second: number) => ({
    device_id: 'Meter',
    timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
    values: { 'grid.power_kw': second },
  });
  const readBack = async (): Promise<number[]> => {
    const window = 'start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z';
    const answer = await service.json<{ series: { value: number[] }[] }>(
      `/api/v1/telemetry?device_id=Meter&bucket=raw&${window}`,
    );
    return answer.series.flatMap(({ value }) => value);
  };

  beforeAll(async () => {
    server = await startPostgresServer(bin);
    await start();
  });
  afterAll(async () => {
    await service.stop();
    await server.remove();
    folder.remove();
  });

  it('finds site, device, tariff, session and readings again after a restart', async () => {
    const code = new URL(service.signInLink).searchParams.get('code');
    const signedIn = await service.request('/api/v1/auth/link', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
    });
    expect(signedIn.status).toBe(200);
    const cookie = signedIn.headers
      .getSetCookie()
      .map((set) => set.split(';')[0])
      .join('; ');
    const site = await send<Site>('/sites', { name: 'Boat', timezone: 'Europe/Warsaw' });
    const device = await send<Device>('/devices', { name: 'Meter', site_id: site.id, kind: 'meter' });
    const flat = { type: 'flat', price_per_kwh: 0.3 };
    const tariff = await send<Tariff>('/tariffs', { name: 'Flat', import_price: flat });
    expect((await postReadings(service, [reading(1)])).status).toBe(202);

    expect(await service.stop()).toBe(0);
    await start();
    const listed = async (path: string) => (await service.json<{ items: unknown[] }>(`/api/v1${path}`)).items;
    expect(await listed('/sites')).toContainEqual(site);
    expect(await listed('/devices')).toMatchObject([{ id: device.id, name: 'Meter', site_id: site.id }]);
    expect(await listed('/tariffs')).toEqual([tariff]);
    expect(await readBack()).toEqual([1]);
    const me = await fetch(`${service.url}/api/v1/auth/me`, { headers: { cookie } });
    expect(await me.json()).toMatchObject({ username: 'owner', role: 'admin' });
    const health = await service.json<Health>('/health');
    expect(health.records).toEqual({ type: 'postgres', status: 'ok' });
  });

  it('stores only the journal in its own file', async () => {
    const file = new DatabaseSync(join(folder.path, 'wattkeeper.db'), { readOnly: true });
    const tables = file.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'");
    expect(
      tables
        .all()
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([
      'journal_acknowledged',
      'journal_batch',
      'journal_cursor',
      'journal_damaged',
      'journal_origin',
      'quarantine',
    ]);
    file.close();
  });

  it('accepts readings of known devices while PostgreSQL is unreachable, reports it, and recovers automatically', async () => {
    await server.stop('SIGQUIT');
    const down = await service.request('/health');
    expect(down.status).toBe(503);
    expect(await down.json()).toMatchObject({ records: { type: 'postgres', status: 'failed' } });
    expect((await service.request('/api/v1/sites')).status).toBe(503);
    expect((await postReadings(service, [reading(2)])).status).toBe(202);
    await server.start();
    await expect.poll(async () => (await service.request('/health')).status).toBe(200);
    expect(await readBack()).toEqual([1, 2]);
  });

  it('exits with one clear message for a wrong password', async () => {
    const url = server.url().replace(/:[^:@]*@/, ':another@');
    const records = { WATTKEEPER_RECORDS__TYPE: 'postgres', WATTKEEPER_RECORDS__URL: url };
    const other = temporaryFolder();
    const refused = startService(other.path, records);
    await expect(refused).rejects.toThrow(/rejects the user "postgres".*check records.user/);
    await expect(refused).rejects.not.toThrow(/another@/);
    other.remove();
  });
});
