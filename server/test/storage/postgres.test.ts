import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { Database } from '../../src/storage/postgres/database.ts';
import { PostgresConnection } from '../../src/storage/records/records-options.ts';
import { batch } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';
import { describeWith } from '../needs.ts';
import { newPlace, opened, partedTablesPromises } from './parted-tables.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

describeWith('POSTGRES_BIN', 'telemetry in PostgreSQL', (bin) => {
  let server: PostgresServer;
  const at = (folder: string) => {
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
    return { type: 'postgres' as const, url: server.url(), schema: `folder_${name}` };
  };

  beforeAll(async () => {
    server = await startPostgresServer(bin);
  });
  afterAll(() => server.remove());

  /** A check on the table of `g`. */
  const reject = async (folder: string) => {
    const store = await openTelemetryStore(at(folder));
    await store.write([batch('g', [['d', 0, { a: 0, b: 0, poison: 0 }]])]);
    await store.close();
    const table = `${at(folder).schema}.samples_g`;
    await server.ask(`alter table ${table} add constraint checked check (poison < 1000)`);
    return async () => void (await server.ask(`alter table ${table} drop constraint checked`));
  };
  telemetryStoreConformance('postgres', { open: (folder) => openTelemetryStore(at(folder)), inChild: at, reject });
  partedTablesPromises(() => server);

  it('rejects tables of another version', async () => {
    const place = newPlace(server);
    await (await opened(place)).close();
    await server.ask(`update ${place.schema}.telemetry_format set version = 99`);
    await expect(openTelemetryStore(place)).rejects.toThrow(Corrupt);
    await expect(openTelemetryStore(place)).rejects.toThrow(/has format 99, this program reads 1/);
  });

  it('repeats a transaction that the server aborted in favour of another', async () => {
    await server.ask('create table crossed (id integer primary key, n integer)');
    await server.ask('insert into crossed values (1, 0), (2, 0)');
    const database = new Database({ ...PostgresConnection.parse({ url: server.url() }), schema: 'public' }, 30_000);
    onTestFinished(() => database.close());
    // Each transaction holds the row that the other needs next: the server has to abort one.
    let [waiting, begun] = [2, () => {}];
    const both = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const count = (first: number, second: number) =>
      database.transaction(async (run) => {
        await run('update crossed set n = n + 1 where id = $1', [first]);
        waiting -= 1;
        if (waiting === 0) begun();
        await both;
        await run('update crossed set n = n + 1 where id = $1', [second]);
      });
    await Promise.all([count(1, 2), count(2, 1)]);
    expect(waiting).toBeLessThan(0);
    expect(await server.ask('select n from crossed')).toEqual([[2], [2]]);
  });

  it('reports a server that does not respond', async () => {
    const nowhere = openTelemetryStore({ type: 'postgres', host: '127.0.0.1', port: 1 });
    await expect(nowhere).rejects.toThrow(Unavailable);
    await expect(nowhere).rejects.toThrow(/127.0.0.1:1\/wattkeeper cannot be reached.*in stores/);
  });
});
