import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import { openTelemetryStore, type StoreInput } from '../../src/storage/open-store.ts';
import { batch, blockOf, type Row, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';
import { describeWith } from '../needs.ts';
import { startCitus } from './citus-server.ts';
import { newPlace, opened, partedTablesPromises } from './parted-tables.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

const T0 = Date.UTC(2026, 0, 15);

describeWith('CITUS', 'telemetry in Citus', (bin) => {
  let server: PostgresServer;
  const at = (folder: string): StoreInput => {
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
    return { type: 'postgres', url: server.url(), schema: `folder_${name}`, extension: 'citus' };
  };

  beforeAll(async () => {
    server = await startCitus(bin);
  });
  afterAll(() => server.remove());

  telemetryStoreConformance('postgres with Citus', { open: (folder) => openTelemetryStore(at(folder)), inChild: at });
  partedTablesPromises(() => server);

  it('leaves a schema without the extension unchanged, and reports it when the configuration requires the extension', async () => {
    const place = newPlace(server);
    const plain = await opened({ ...place, extension: 'none' });
    await plain.write([batch('g', [['d', T0, { a: 1 }]])]);
    const again = await opened(place);
    expect(await rowsOf(again, 'g', ['d'], ['a'])).toEqual([['d', T0, 1]]);
    const demanding = openTelemetryStore({ ...place, extension: 'citus' });
    await expect(demanding).rejects.toBeInstanceOf(InvalidInput);
    await expect(openTelemetryStore({ ...place, extension: 'citus' })).rejects.toThrow(
      /has tables without Citus: use another schema and fill it with backfill/,
    );
    const distributed = newPlace(server);
    await (await opened(distributed)).close();
    await expect(openTelemetryStore({ ...distributed, extension: 'none' })).rejects.toThrow(/is distributed by Citus/);
  });

  it('reports what is missing when the extension cannot be created', async () => {
    await server.ask(`create role modest login password 'modest'`);
    await server.ask('create database modest owner modest');
    const { port } = server;
    const login = { host: '127.0.0.1', port, database: 'modest', user: 'modest', password: 'modest' };
    const options = { type: 'postgres' as const, ...login, extension: 'citus' as const };
    await expect(openTelemetryStore(options)).rejects.toBeInstanceOf(InvalidInput);
    await expect(openTelemetryStore(options)).rejects.toThrow(
      /cannot create the extension citus .*let a superuser run .* in the database "modest"/,
    );
    const plain = await startPostgresServer(bin);
    await expect(openTelemetryStore({ ...newPlace(plain), extension: 'citus' }))
      .rejects.toThrow(/cannot create the extension citus .*put citus first into shared_preload_libraries/)
      .finally(() => plain.remove());
  });

  describe('with a coordinator and two workers', () => {
    const workers: PostgresServer[] = [];
    let coordinator: PostgresServer;
    const placeOf = (node: PostgresServer) => {
      const login = { host: '127.0.0.1', port: node.port, database: 'postgres', user: 'keeper', password: 'keeper' };
      return { type: 'postgres' as const, ...login, schema: newPlace(node).schema };
    };

    beforeAll(async () => {
      coordinator = await startCitus(bin);
      await coordinator.ask(`select citus_set_coordinator_host('127.0.0.1', $1)`, [coordinator.port]);
      for (let i = 0; i < 2; i++) {
        const worker = await startCitus(bin);
        workers.push(worker);
        await coordinator.ask(`select citus_add_node('127.0.0.1', $1)`, [worker.port]);
      }
      await coordinator.ask(`create role keeper login password 'keeper'`);
      await coordinator.ask('grant create on database postgres to keeper');
      for (const node of [coordinator, ...workers]) {
        await node.ask(`insert into pg_dist_authinfo values (0, 'keeper', 'password=keeper')`);
      }
    });
    afterAll(async () => {
      for (const one of [coordinator, ...workers]) await one.remove();
    });

    it('distributes samples by device, with all groups colocated, and replicates small tables to every node', async () => {
      const place = placeOf(coordinator);
      const store = await opened(place);
      const rows = Array.from({ length: 40 }, (_, i): Row => [`d${i}`, T0 + i, { v: i, w: -i }]);
      await store.write([batch('g', rows), batch('h', rows)]);
      const tables = await coordinator.ask(
        `select relname, citus_table_type, colocation_id = (select colocation_id from citus_tables where table_name = $2::regclass)
         from citus_tables join pg_class on pg_class.oid = table_name where relnamespace = $1::regnamespace order by 1`,
        [place.schema, `${place.schema}.samples_g`],
      );
      expect(tables).toEqual([
        ['samples_g', 'distributed', true],
        ['samples_g$2026-01', 'distributed', true],
        ['samples_h', 'distributed', true],
        ['samples_h$2026-01', 'distributed', true],
        ['telemetry_device_shards', 'distributed', true],
        ['telemetry_devices', 'reference', false],
        ['telemetry_format', 'reference', false],
        ['telemetry_groups', 'reference', false],
        ['telemetry_quantities', 'reference', false],
      ]);
      const [ports = []] = await coordinator.ask(
        `select array_agg(distinct nodeport order by nodeport) from citus_shards where table_name = $1::regclass`,
        [`${place.schema}.samples_g`],
      );
      expect(ports[0]).toEqual(workers.map(({ port }) => port).sort((a, b) => a - b));

      const latest = await store.latest(T0 + 30);
      expect(latest).toHaveLength(40);
      expect(latest).toContainEqual({ deviceId: 'd33', metric: 'h.w', timestamp: T0 + 33, value: -33 });
      expect(await store.series()).toHaveLength(160);
      await store.erase([blockOf('g', rows.slice(0, 5))]);
      expect((await store.stats()).rows).toBe(75);
      expect(await store.deleteBefore(T0 + 10, null)).toBe(15);
      const seen = await Promise.all(
        [coordinator, ...workers].map((node) => node.ask(`select sum(v) from ${place.schema}.avg_1d_h`)),
      );
      expect(seen.flat(2)).toEqual(Array(3).fill((30 * (10 + 39)) / 2));
    });

    it('rejects a whole batch with rows of an unreachable worker, and accepts it when the worker is back', async () => {
      const store = await opened(placeOf(coordinator));
      const rows = (value: number) => Array.from({ length: 20 }, (_, i): Row => [`d${i}`, T0, { v: value }]);
      const devices = rows(0).map(([device]) => device);
      await store.write([batch('g', rows(1))]);
      await workers[0]?.stop('SIGQUIT');
      await expect(store.write([batch('g', rows(2))])).rejects.toBeInstanceOf(Unavailable);
      await workers[0]?.start();
      expect(await rowsOf(store, 'g', devices, ['v'])).toEqual(devices.map((device) => [device, T0, 1]));
      await store.write([batch('g', rows(2))]);
      expect(await rowsOf(store, 'g', devices, ['v'])).toEqual(devices.map((device) => [device, T0, 2]));
    });

    it('asks for the coordinator when a worker is configured', async () => {
      const worker = openTelemetryStore(placeOf(workers[0]!));
      await expect(worker).rejects.toThrow(/is a worker of Citus: set stores to the coordinator/);
    });
  });
});
