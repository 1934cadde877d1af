import type { Health } from '@wattkeeper/contract/service.ts';
import type { SetAsideEntry, SetAsideRetry } from '@wattkeeper/contract/storage/set-aside.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from '../storage/postgres-server.ts';
import { type Influx, startInflux } from './influx.ts';
import { postReadings, type Service, settled, startService, temporaryFolder } from './service.ts';

const T0 = Date.UTC(2026, 2, 1);

describeWith('POSTGRES_BIN', 'a batch that a store can never accept', (bin) => {
  describeWith('INFLUXD', 'of two stores', (influxd) => {
    const folder = temporaryFolder();
    const influxFolder = temporaryFolder();
    let server: PostgresServer;
    let influx: Influx;
    let service: Service;
    const start = async (stores: 'postgres' | 'both' = 'both') => {
      service = await startService(folder.path, {
        WATTKEEPER_INGEST__STORE_PAUSE_MS: '0',
        WATTKEEPER_STORES__0__TYPE: 'postgres',
        WATTKEEPER_STORES__0__URL: server.url(),
        ...(stores === 'both' && { WATTKEEPER_STORES__1__TYPE: 'influxdb', WATTKEEPER_STORES__1__URL: influx.url }),
      });
    };
    const send = async (second: number, values: Record<string, number>) => {
      const timestamp = new Date(T0 + second * 1000).toISOString();
      const answer = await postReadings(service, { device_id: 'Meter', timestamp, values });
      expect([answer.status, await answer.json()]).toMatchObject([202, { durable: true, rejected: 0 }]);
    };
    const health = () => service.json<Health>('/api/v1/storage/health');
    const listed = async () => (await service.json<{ items: SetAsideEntry[] }>('/api/v1/storage/set-aside')).items;
    const history = async (metric: string) => {
      const window = 'start=2026-03-01T00:00:00Z&end=2026-03-02T00:00:00Z';
      const answer = await service.json<{ series: { value: number[] }[] }>(
        `/api/v1/telemetry?device_id=Meter&metric=${metric}&bucket=raw&${window}`,
      );
      return answer.series.flatMap(({ value }) => value);
    };
    const inPostgres = (column: string) =>
      server.ask(`select ${column} from wattkeeper_telemetry.samples_rv where ${column} is not null order by ts`);

    beforeAll(async () => {
      server = await startPostgresServer(bin);
      influx = await startInflux(influxFolder.path, influxd);
      await start();
    });
    afterAll(async () => {
      await service.stop();
      await influx.stop();
      await server.remove();
      folder.remove();
      influxFolder.remove();
    });

    it('is set aside for that store alone, in part, while later values are stored; it is read, listed, retried and discarded', async () => {
      await send(0, { 'rv.tank': 10, 'rv.level': 1 });
      await settled(service);
      await server.ask('alter table wattkeeper_telemetry.samples_rv add constraint checked check (tank < 1000)');
      // Another writer created the field as an integer, so it no longer accepts a float.
      await influx.post(
        `/write?${new URLSearchParams({ db: 'wattkeeper' })}`,
        `rv,device_id=other count=1i ${T0}000000`,
      );

      await send(1, { 'rv.tank': 1500, 'rv.level': 2, 'rv.count': 7 });
      await send(2, { 'rv.tank': 20, 'rv.level': 3, 'rv.count': 8 });
      await settled(service);
      await send(3, { 'rv.level': 4 });
      await settled(service);
      expect(await inPostgres('tank')).toEqual([[10], [20]]);
      expect(await inPostgres('level')).toEqual([[1], [2], [3], [4]]);
      expect(await inPostgres('count')).toEqual([[7], [8]]);

      const { status, stores, warnings } = await health();
      expect(status).toBe('degraded');
      expect(stores).toMatchObject([
        {
          name: 'postgres',
          status: 'ok',
          lag_batches: 0,
          set_aside: { values: 1, reason: expect.stringContaining('23514') },
        },
        { name: 'influxdb', status: 'ok', lag_batches: 0, set_aside: { values: 2 } },
      ]);
      expect(warnings).toHaveLength(2);
      expect(warnings[0]).toMatch(/store postgres cannot accept 1 values .* set aside .* can still be read/);
      expect(service.log()).toMatch(/store postgres cannot take 1 values, which are set aside/);
      expect(await listed()).toMatchObject([
        { store: expect.any(String), metrics: [expect.any(String)], values: expect.any(Number), kind: 'write' },
        { store: expect.any(String), metrics: [expect.any(String)], values: expect.any(Number), kind: 'write' },
      ]);
      expect(await history('rv.tank')).toEqual([10, 1500, 20]);

      await service.stop();
      await start();
      expect((await listed()).map(({ store, metrics, values }) => [store, metrics, values]).sort()).toEqual([
        ['influxdb', ['rv.count'], 2],
        ['postgres', ['rv.tank'], 1],
      ]);
      expect(await history('rv.tank')).toEqual([10, 1500, 20]);

      const retry = (store: string) =>
        service.json<SetAsideRetry>(`/api/v1/storage/set-aside/${store}/retry`, { method: 'POST' });
      expect(await retry('postgres')).toEqual({ tried: 1, taken: 0, left: 1 });
      await server.ask('alter table wattkeeper_telemetry.samples_rv drop constraint checked');
      expect(await retry('postgres')).toEqual({ tried: 1, taken: 1, left: 0 });
      expect(await inPostgres('tank')).toEqual([[10], [1500], [20]]);
      expect(await retry('influxdb')).toEqual({ tried: 2, taken: 0, left: 2 });
      await service.stop();
      await start('postgres');
      // Values set aside for a store that is no longer configured can still be discarded.
      expect(await listed()).toMatchObject([{ store: 'influxdb' }]);
      const discarded = await service.request('/api/v1/storage/set-aside/influxdb', { method: 'DELETE' });
      expect(discarded.status).toBe(204);
      expect(await listed()).toEqual([]);
      expect(await health()).toMatchObject({ status: 'healthy', warnings: [] });
      expect((await service.request('/api/v1/storage/set-aside/other/retry', { method: 'POST' })).status).toBe(404);
      const audit = await service.json<{ items: { action: string }[] }>('/api/v1/audit-log');
      const actions = audit.items.map(({ action }) => action);
      expect(actions).toEqual(expect.arrayContaining(['set_aside.retry', 'set_aside.discard']));
    });
  });
});
