import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from '../storage/postgres-server.ts';
import { postReadings, type Service, startService, temporaryFolder } from './service.ts';

describeWith('POSTGRES_BIN', 'the service with telemetry in PostgreSQL', (bin) => {
  const folder = temporaryFolder();
  let server: PostgresServer;
  let service: Service;
  const start = async () => {
    const store = { WATTKEEPER_STORES__0__TYPE: 'postgres', WATTKEEPER_STORES__0__URL: server.url() };
    service = await startService(folder.path, { ...store, WATTKEEPER_INGEST__STORE_PAUSE_MS: '0' });
  };
  const reading = (second: number) => ({
    device_id: 'Meter',
    timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
    values: { 'grid.power_kw': second },
  });
  const stored = async (): Promise<unknown[]> =>
    (await server.ask('select power_kw from wattkeeper_telemetry.samples_grid order by ts')).flat();

  beforeAll(async () => {
    server = await startPostgresServer(bin);
    await start();
  });
  afterAll(async () => {
    await service.stop();
    await server.remove();
    folder.remove();
  });

  it('writes each reading acknowledged while PostgreSQL was unreachable exactly once, and returns it after a restart', async () => {
    expect((await postReadings(service, [reading(1)])).status).toBe(202);
    await expect.poll(stored).toEqual([1]);
    await server.stop('SIGQUIT');
    expect((await postReadings(service, [reading(2), reading(3)])).status).toBe(202);
    await server.start();
    await expect.poll(stored).toEqual([1, 2, 3]);

    expect(await service.stop()).toBe(0);
    await start();
    const answer = await service.json<{ series: { value: number[] }[] }>(
      '/api/v1/telemetry?device_id=Meter&bucket=raw&start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z',
    );
    expect(answer.series.flatMap(({ value }) => value)).toEqual([1, 2, 3]);
  });
});
