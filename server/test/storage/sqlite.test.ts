import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Corrupt, Unavailable } from '../../src/domain/errors.ts';
import { openTelemetryStore, type StoreInput } from '../../src/storage/open-store.ts';
import { batch, rowsOf } from '../conformance/telemetry-blocks.ts';
import { telemetryStoreConformance } from '../conformance/telemetry-store.ts';

const T0 = Date.UTC(2026, 0, 15);
const at = (folder: string): StoreInput => ({ type: 'sqlite', path: join(folder, 'telemetry.sqlite') });

telemetryStoreConformance('sqlite', { open: (folder) => openTelemetryStore(at(folder)), inChild: at, reject });

/** A trigger on the table of `g`: its third quantity is `poison`. */
async function reject(folder: string): Promise<() => Promise<void>> {
  const store = await openTelemetryStore(at(folder));
  await store.write([batch('g', [['d', 0, { a: 0, b: 0, poison: 0 }]])]);
  await store.close();
  const run = async (sql: string) => {
    const database = new DatabaseSync(join(folder, 'telemetry.sqlite'));
    database.exec(sql);
    database.close();
  };
  await run(
    `CREATE TRIGGER checked BEFORE INSERT ON group_0_0 WHEN NEW.q2 >= 1000 BEGIN SELECT RAISE(ABORT, 'poison'); END`,
  );
  return () => run('DROP TRIGGER checked');
}

describe('the SQLite store', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sqlite-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('locks its file', async () => {
    const store = await openTelemetryStore(at(folder));
    await store.write([batch('g', [['d', T0, { v: 1 }]])]);
    await expect(openTelemetryStore(at(folder))).rejects.toBeInstanceOf(Unavailable);
    await store.close();
    await (await openTelemetryStore(at(folder))).close();
  });

  it('rejects a file that is not a database', async () => {
    await writeFile((at(folder) as { path: string }).path, 'this is a letter, not a database '.repeat(1000));
    await expect(openTelemetryStore(at(folder))).rejects.toBeInstanceOf(Corrupt);
  });

  it('distributes a group with very many quantities over several tables and joins their rows', async () => {
    const store = await openTelemetryStore(at(folder));
    const values = Object.fromEntries(Array.from({ length: 1700 }, (_, i) => [`quantity ${i}`, i / 4]));
    await store.write([
      batch('g', [
        ['d', T0, values],
        ['d', T0 + 1, { 'quantity 1': 1 }],
        ['d', T0 + 2, { 'quantity 1699': 2 }],
      ]),
    ]);
    expect(await rowsOf(store, 'g', ['d'], ['quantity 1699', 'nothing', 'quantity 1'])).toEqual([
      ['d', T0, 424.75, null, 0.25],
      ['d', T0 + 1, null, null, 1],
      ['d', T0 + 2, 2, null, null],
    ]);
    expect((await store.stats()).rows).toBe(3);
    expect(await store.deleteBefore(T0 + 2, null)).toBe(2);
    await store.close();
  });
});
