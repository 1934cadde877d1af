import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { InvalidInput } from '../../src/domain/errors.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { openTelemetryStore, type StoreInput } from '../../src/storage/open-store.ts';
import { batch, type Row, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';
import { describeWith } from '../needs.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

const T0 = Date.UTC(2026, 0, 15);

describeWith('TIMESCALEDB', 'telemetry in TimescaleDB', (bin) => {
  let server: PostgresServer;
  let schemas = 0;
  const at = (folder: string): StoreInput & { schema: string } => {
    const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
    return { type: 'postgres', url: server.url(), schema: `folder_${name}`, extension: 'timescaledb' };
  };
  /** Compresses old chunks as policies and autovacuum do automatically; here, whenever a test requests compaction. */
  const compressAll = async (schema: string): Promise<void> => {
    await server
      .ask(
        `select compress_chunk(c, true) from timescaledb_information.hypertables h,
         show_chunks(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) c where h.hypertable_schema = $1`,
        [schema],
      )
      .catch((error: Error) => {
        // The policy was compressing the same chunk.
        if (!/already compressed|deadlock|concurrent/.test(error.message)) throw error;
      });
    await server.ask('vacuum');
  };
  const compressing = (store: TelemetryStore, schema: string): TelemetryStore =>
    new Proxy(store, {
      get: (of, name) => {
        if (name === 'compact')
          return async (...given: Parameters<TelemetryStore['compact']>) => {
            const report = await of.compact(...given);
            await compressAll(schema);
            return report;
          };
        const value = Reflect.get(of, name, of) as unknown;
        return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(of) : value;
      },
    });

  beforeAll(async () => {
    server = await startPostgresServer(bin, 'timescaledb');
    await server.ask('create extension timescaledb');
  });
  afterAll(() => server.remove());

  telemetryStoreConformance('postgres with TimescaleDB', {
    open: async (folder) => {
      const options = at(folder);
      return compressing(await openTelemetryStore(options), options.schema);
    },
    inChild: at,
  });

  const opened = async (options: StoreInput) => {
    const store = await openTelemetryStore(options);
    onTestFinished(() => store.close());
    return store;
  };
  const newSchema = () => `place_${++schemas}`;

  it('has compressible chunks, a policy per table, and means that stay up to date', async () => {
    const schema = newSchema();
    const store = await opened({ type: 'postgres', url: server.url(), schema });
    const rows: Row[] = Array.from({ length: 30 * 288 }, (_, i) => ['d', T0 + i * 300_000, { a: i % 288 }]);
    await store.write([batch('g', rows)]);
    await store.write([batch('g', [['d', T0 + 1, { b: 5 }]])]);
    const [[tables, policies] = []] = await server.ask(
      `select (select count(*)::int from timescaledb_information.hypertables where hypertable_schema = $1),
         (select count(*)::int from timescaledb_information.jobs where hypertable_schema = $1 and proc_name = 'policy_compression')`,
      [schema],
    );
    expect([tables, policies]).toEqual([1, 1]);
    const daily = `select ts, a from "${schema}".avg_1d_g where device = 'd' order by ts`;
    const means = await server.ask(daily);
    expect(means).toHaveLength(30);
    expect(means.every(([, mean]) => mean === 143.5)).toBe(true);
    await compressAll(schema);
    const [[compressed] = []] = await server.ask(
      `select count(*)::int from timescaledb_information.chunks where hypertable_schema = $1 and is_compressed`,
      [schema],
    );
    expect(compressed).toBeGreaterThan(3);
    // Late and repeated readings are added to compressed chunks, in any number.
    await store.write([
      batch(
        'g',
        rows.map(([device, instant]): Row => [device, instant, { a: 1 }]),
      ),
    ]);
    expect(await rowsOf(store, 'g', ['d'], ['a'], T0, T0 + 2)).toEqual([['d', T0, 1]]);
    expect((await server.ask(daily)).every(([, mean]) => mean === 1)).toBe(true);
  });

  it('leaves a schema without the extension unchanged, and reports it when the configuration requires the extension', async () => {
    const schema = newSchema();
    const plain = await opened({ type: 'postgres', url: server.url(), schema, extension: 'none' });
    await plain.write([batch('g', [['d', T0, { a: 1 }]])]);
    const again = await opened({ type: 'postgres', url: server.url(), schema });
    expect(await rowsOf(again, 'g', ['d'], ['a'])).toEqual([['d', T0, 1]]);
    const demanding = openTelemetryStore({ type: 'postgres', url: server.url(), schema, extension: 'timescaledb' });
    await expect(demanding).rejects.toBeInstanceOf(InvalidInput);
    await expect(
      openTelemetryStore({ type: 'postgres', url: server.url(), schema, extension: 'timescaledb' }),
    ).rejects.toThrow(/has tables without TimescaleDB: use another schema and fill it with backfill/);
  });
});
