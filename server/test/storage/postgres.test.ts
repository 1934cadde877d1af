import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { openTelemetryStore, type TelemetryStoreOptions } from '../../src/storage/open-store.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';
import { describeWith } from '../needs.ts';
import { newPlace, opened, partedTablesPromises } from './parted-tables.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

describeWith('POSTGRES_BIN', 'telemetry in PostgreSQL', (bin) => {
  let server: PostgresServer;
  const at = (folder: string): TelemetryStoreOptions => {
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
    return { type: 'postgres', url: server.url(), schema: `folder_${name}` };
  };

  beforeAll(async () => {
    server = await startPostgresServer(bin);
  });
  afterAll(() => server.remove());

  telemetryStoreConformance('postgres', { open: (folder) => openTelemetryStore(at(folder)), inChild: at });
  partedTablesPromises(() => server);

  it('refuses tables of another version', async () => {
    const place = newPlace(server);
    await (await opened(place)).close();
    await server.ask(`update ${place.schema}.telemetry_format set version = 99`);
    await expect(openTelemetryStore(place)).rejects.toThrow(Corrupt);
    await expect(openTelemetryStore(place)).rejects.toThrow(/has format 99, this program reads 1/);
  });

  it('says so when nothing answers', async () => {
    const nowhere = openTelemetryStore({ type: 'postgres', host: '127.0.0.1', port: 1 });
    await expect(nowhere).rejects.toThrow(Unavailable);
    await expect(nowhere).rejects.toThrow(/127.0.0.1:1\/wattkeeper cannot be reached.*in stores/);
  });
});
