import { Client } from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { InvalidInput, Unavailable } from '../../src/domain/errors.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { batch, type Row, rowsOf } from '../conformance/telemetry-blocks.ts';
import type { PostgresServer } from './postgres-server.ts';

const T0 = Date.UTC(2026, 0, 15);
let schemas = 0;

/** A separate schema on a server. */
export const newPlace = (server: PostgresServer) => ({
  type: 'postgres' as const,
  url: server.url(),
  schema: `place_${++schemas}`,
});

/** Opens a store for one test. */
export async function opened(options: Parameters<typeof openTelemetryStore>[0]): Promise<TelemetryStore> {
  const store = await openTelemetryStore(options);
  onTestFinished(() => store.close());
  return store;
}

/** Guarantees of tables partitioned by month in addition to those of the port, with any extension. */
export function partedTablesPromises(serverOf: () => PostgresServer): void {
  severalNodes(serverOf);
  tables(serverOf);
}

function severalNodes(serverOf: () => PostgresServer): void {
  it('contains each write completely and once after the server crashed and connections broke during writes', async () => {
    const store = await opened(newPlace(serverOf()));
    const rows = (write: number): Row[] =>
      Array.from({ length: 500 }, (_, i) => [`d${i % 5}`, T0 + (write * 100 + Math.floor(i / 5)) * 1000, { v: write }]);
    let failures = 0;
    let written = 0;
    const isWritten = () =>
      store.write([batch('g', rows(written))]).then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof Unavailable)) throw error;
          failures++;
          return false;
        },
      );
    const writing = (async () => {
      for (; written < 120 || failures < 2; written++) await expect.poll(isWritten, { interval: 20 }).toBe(true);
    })();
    const reached = (count: number) => expect.poll(() => written, { interval: 10 }).toBeGreaterThanOrEqual(count);
    await reached(20);
    await serverOf().ask('select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()');
    await reached(50);
    await serverOf().stop('SIGQUIT');
    await serverOf().start();
    await writing;
    for (const device of ['d0', 'd4']) {
      const found = await rowsOf(store, 'g', [device], ['v']);
      expect(found).toEqual(
        Array.from({ length: written * 100 }, (_, i) => [device, T0 + i * 1000, Math.floor(i / 100)]),
      );
    }
  });

  it('lets two nodes add devices, quantities and months at once', async () => {
    const place = newPlace(serverOf());
    const nodes = await Promise.all([opened(place), opened(place)]);
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        nodes[i % 2]?.write([batch('g', [[`d${i % 7}`, T0 + i * 86_400_000, { [`q${i % 11}`]: i, [`of ${i}`]: i }]])]),
      ),
    );
    for (const store of nodes) {
      for (let i = 0; i < 40; i++) {
        const found = await rowsOf(store, 'g', [`d${i % 7}`], [`of ${i}`]);
        expect(found).toEqual([[`d${i % 7}`, T0 + i * 86_400_000, i]]);
      }
    }
  });

  it('adds groups and devices during concurrent reads', async () => {
    const store = await opened(newPlace(serverOf()));
    let writing = true;
    const readers = Array.from({ length: 4 }, async () => {
      while (writing) await store.latest(0);
    });
    for (let i = 0; i < 25; i++) {
      const groups = Array.from({ length: 6 }, (_, g) => batch(`g${i}_${g}`, [[`d${i}_${g}`, T0, { v: g }]]));
      await store.write(groups);
    }
    writing = false;
    await Promise.all(readers);
    expect(await store.latest(0)).toHaveLength(150);
  });

  it('continues to write after another node dropped a month', async () => {
    const place = newPlace(serverOf());
    const [one, other] = await Promise.all([opened(place), opened(place)]);
    await one.write([batch('g', [['d', T0, { v: 1 }]])]);
    expect(await other.deleteBefore(T0 + 90 * 86_400_000, null)).toBe(1);
    await one.write([batch('g', [['d', T0 + 1, { v: 2 }]])]);
    expect(await rowsOf(other, 'g', ['d'], ['v'])).toEqual([['d', T0 + 1, 2]]);
  });
}

function tables(serverOf: () => PostgresServer): void {
  it('aborts a statement that waits too long, without a partial result', async () => {
    const place = newPlace(serverOf());
    const store = await opened({ ...place, statement_timeout_ms: 300 });
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    const client = new Client({ connectionString: serverOf().url() });
    await client.connect();
    await client.query(`begin; lock table ${place.schema}.samples_g`);
    const late = batch('g', [['d', T0 + 1, { v: 2 }]]);
    await expect(store.write([batch('a', [['d', T0, { v: 1 }]]), late])).rejects.toThrow(/cancelled a statement/);
    await client.query('rollback');
    await client.end();
    expect(await rowsOf(store, 'a', ['d'], ['v'])).toEqual([]);
    await store.write([late]);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toHaveLength(2);
  });

  it('provides means of a minute, 15 minutes, an hour and a day to SQL clients', async () => {
    const place = newPlace(serverOf());
    const store = await opened(place);
    const rows = Array.from({ length: 120 }, (_, i): Row => ['van', T0 + i * 60_000, { soc_percent: i }]);
    await store.write([batch('battery', rows)]);
    await store.write([batch('battery', [['van', T0 + 30_000, { soc_percent: 10, volts: 12.5 }]])]);
    const means = (view: string) =>
      serverOf().ask(
        `select device, date_part('epoch', ts) * 1000, soc_percent, volts from ${place.schema}.${view} order by ts`,
      );
    expect((await means('avg_1min_battery')).slice(0, 2)).toEqual([
      ['van', T0, 5, 12.5],
      ['van', T0 + 60_000, 1, null],
    ]);
    expect((await means('avg_15min_battery'))[1]).toEqual(['van', T0 + 900_000, 22, null]);
    expect((await means('avg_1h_battery'))[1]).toEqual(['van', T0 + 3_600_000, 89.5, null]);
    expect(await means('avg_1d_battery')).toEqual([['van', T0, 7150 / 121, 12.5]]);
  });

  it('stores each month in its own partition, and drops it as a whole', async () => {
    const place = newPlace(serverOf());
    const store = await opened(place);
    const month = (m: number): Row => ['d', Date.UTC(2026, m, 1), { v: m }];
    await store.write([batch('g', [month(0), month(1), month(2), ['d', month(1)[1] - 1, { v: 9 }]])]);
    const partitions = async () =>
      (
        await serverOf().ask(
          `select relname from pg_class where relkind = 'r' and relnamespace = $1::regnamespace and relname ~ '^samples' order by 1`,
          [place.schema],
        )
      ).flat();
    expect(await partitions()).toEqual(['samples_g$2026-01', 'samples_g$2026-02', 'samples_g$2026-03']);
    expect(await store.deleteBefore(Date.UTC(2026, 1, 1), 'g')).toBe(2);
    expect(await partitions()).toEqual(['samples_g$2026-02', 'samples_g$2026-03']);
  });

  it('reports why it cannot store a value, and stores the others', async () => {
    const store = await opened(newPlace(serverOf()));
    const wide = Object.fromEntries(Array.from({ length: 1300 }, (_, i) => [`quantity_${i}`, i + 0.5]));
    await expect(store.write([batch('wide', [['d', T0, wide]])])).rejects.toThrow(InvalidInput);
    await expect(store.write([batch('g', [['a\0b', T0, { v: 1 }]])])).rejects.toThrow(/NUL/);
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    expect(await rowsOf(store, 'g', ['d'], ['v'])).toEqual([['d', T0, 1]]);
  });
}
