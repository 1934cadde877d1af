import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { identityToRecipient } from 'age-encryption';
import { afterAll, describe, expect, it } from 'vitest';
import type { Batch } from '../../src/domain/columns/batch.ts';
import { Conflict, Corrupt } from '../../src/domain/errors.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import { writeBackup } from '../../src/storage/backup/backup.ts';
import { JournalHistory } from '../../src/storage/journal-history/journal-history.ts';
import { readJournalHistory } from '../../src/storage/journal-history/read-history.ts';
import { segmentsIn } from '../../src/storage/journal-history/segments.ts';
import { openTelemetryStore } from '../../src/storage/open-store.ts';
import { openRecords, type RecordStore } from '../../src/storage/records/record-store.ts';
import { LEFT_OUT, TRANSFERRED } from '../../src/storage/records/transfer.ts';
import { checkBackup, type RestoreTarget, restoreBackup } from '../../src/storage/restore/restore.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-lifecycle-'));
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true });
});

const START = Date.parse('2026-03-28T00:00:00Z');
const never = new AbortController().signal;
// A passphrase takes a second at each use; an identity takes no time.
const IDENTITY = 'AGE-SECRET-KEY-184JMZMVQH3E6U0PSL869004Y3U2NYV7R30EU99CSEDNPH02YUVFSZW44VU';
const KEYS = { identities: [IDENTITY], recipients: [await identityToRecipient(IDENTITY)] };
let files = 0;

async function newStore(type: 'duckdb' | 'sqlite'): Promise<TelemetryStore> {
  const store = await openTelemetryStore({ type, path: join(folder, `${++files}.${type}`) });
  closers.push(() => store.close());
  return store;
}

async function newRecords(path = join(folder, `${++files}.db`)): Promise<RecordStore> {
  const records = await openRecords({ type: 'sqlite', path });
  closers.push(() => records.close());
  return records;
}

/** Rows of two devices with gaps, missing values and numbers that are hard to store exactly. */
function batch(from: number, minutes: number): Batch {
  const rows = Array.from({ length: minutes }, (_, i) => from + i).filter((minute) => minute % 17 !== 3);
  const device = Int32Array.from(rows, (minute) => minute % 2);
  const odd = [0.1, -0, 1e-300, 1 / 3, 123456789.125, Number.NaN];
  return {
    sequence: 0,
    blocks: [
      {
        group: 'grid',
        quantities: ['power_kw', 'energy_imported_kwh'],
        devices: ['5f0c1f6e-2d0b-4a57-9d52-3b1f0a3c0001', '5f0c1f6e-2d0b-4a57-9d52-3b1f0a3c0002'],
        device,
        timestamps: Float64Array.from(rows, (minute) => START + minute * MINUTE_MS),
        columns: [
          Float64Array.from(rows, (minute) => odd[minute % 6]!),
          Float64Array.from(rows, (minute) => minute / 8),
        ],
      },
    ],
  };
}

async function everything(store: TelemetryStore) {
  const found: unknown[] = [];
  for (const { deviceId, metric, first, last } of (await store.series()).sort((a, b) =>
    `${a.deviceId}${a.metric}` < `${b.deviceId}${b.metric}` ? -1 : 1,
  )) {
    const [group, quantity] = metric.split('.') as [string, string];
    const request = { deviceIds: [deviceId], group, quantities: [quantity], window: { start: first, end: last + 1 } };
    const rows: [number, number][] = [];
    for await (const frame of store.read(request)) {
      for (const [i, at] of frame.timestamps.entries()) rows.push([at, frame.columns[0]![i]! + 0]);
    }
    found.push([deviceId, metric, rows]);
  }
  return found;
}

async function backupOf(store: TelemetryStore, records: RecordStore, path = join(folder, `${++files}.backup`)) {
  const { card } = await writeBackup(path, {
    archived: null,
    store,
    records: records.contents,
    configuration: 'http:\n  port: 8001\n',
    version: '1.2.3',
    keys: KEYS,
    startedAt: START,
    now: () => START,
    signal: never,
    progress: () => {},
  });
  return { path, ...card };
}

async function restored(path: string, target: RestoreTarget) {
  return restoreBackup(await checkBackup(path, KEYS, never), KEYS, target, never, () => {});
}

describe.each(['duckdb', 'sqlite'] as const)('a backup of an installation in %s', (type) => {
  it('is restored with equal records and telemetry, in the other engine too', async () => {
    const store = await newStore(type);
    await store.write([batch(0, 4000), batch(4000, 60)]);
    await store.compact(START + 2000 * MINUTE_MS, never);
    const records = await newRecords();
    const site = await records.sites.create({ name: 'Farm', timezone: 'Europe/Warsaw', currency: 'PLN' } as never);
    await records.auditLog.append({ actor: 'ada', action: 'site.create', target: site.id });
    const backup = await backupOf(store, records);
    expect(backup.series).toBe(4);

    const into = { type: 'sqlite', path: join(folder, `${++files}.db`) } as const;
    const other = await newStore(type === 'duckdb' ? 'sqlite' : 'duckdb');
    const shares: (number | null)[] = [];
    const report = await restoreBackup(
      await checkBackup(backup.path, KEYS, never),
      KEYS,
      { store: other, records: into },
      never,
      (s) => shares.push(s),
    );
    expect(report.values).toBe(backup.values);
    expect(report.comparedDays).toBe(12);
    expect(shares.at(-1)).toBe(1);
    expect(await everything(other)).toEqual(await everything(store));
    const restored = await newRecords(into.path);
    expect(await restored.sites.list()).toEqual(await records.sites.list());
    expect(await restored.auditLog.page({ limit: 10 } as never)).toEqual(
      await records.auditLog.page({ limit: 10 } as never),
    );
    await restored.auditLog.append({ actor: 'bob', action: 'after', target: 'restore' });
  });
});

describe('a restore', () => {
  it('includes every table, or excludes it deliberately', async () => {
    const path = join(folder, `${++files}.db`);
    await newRecords(path);
    const tables = new DatabaseSync(path, { readOnly: true })
      .prepare(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite%' and name not like 'kysely%'",
      )
      .all()
      .map(({ name }) => name as string);
    expect(tables.sort()).toEqual([...TRANSFERRED, ...LEFT_OUT].sort());
  });

  it('rejects a destination that is not empty, and leaves it unchanged', async () => {
    const store = await newStore('sqlite');
    await store.write([batch(0, 100)]);
    const records = await newRecords();
    await records.tariffs.list();
    const backup = await backupOf(store, records);
    const path = join(folder, `${++files}.db`);
    const taken = await newRecords(path);
    await taken.featureFlags.set('insights', false);
    const target = { store: await newStore('sqlite'), records: { type: 'sqlite', path } as const };
    await expect(restored(backup.path, target)).rejects.toThrow(Conflict);
    expect(await target.store.series()).toEqual([]);
  });

  it('reports a store that does not return the written rows', async () => {
    const store = await newStore('sqlite');
    await store.write([batch(0, 3000)]);
    const backup = await backupOf(store, await newRecords());
    const lossy = await newStore('sqlite');
    const target = {
      records: { type: 'sqlite', path: join(folder, `${++files}.db`) } as const,
      store: new Proxy(lossy, {
        get: (of, name) =>
          name === 'write'
            ? (batches: readonly Batch[]) => {
                const [block] = batches[0]!.blocks;
                block!.columns[0]![5] = 77;
                return of.write(batches);
              }
            : // biome-ignore lint/plugin: any method of the port
              (of[name as keyof TelemetryStore] as (...all: unknown[]) => unknown).bind(of),
      }),
    };
    await expect(restored(backup.path, target)).rejects.toThrow(
      /days of series differ, such as 5f0c1f6e-.* grid\..* 2026-03-28/,
    );
  });
});

describe('the journal history', () => {
  it('returns the batches of a time range, from sealed and open segments and after a crash', async () => {
    const clock = { now: START };
    const path = join(folder, 'journal');
    const open = (confirmed: number | null) =>
      JournalHistory.open({
        folder: path,
        keys: KEYS,
        deviceOf: () => undefined,
        now: () => clock.now,
        journal: { confirmed, oldestAfter: async () => null },
      });
    const taken = async (after: number, until: number) => {
      const found = [];
      for await (const { acceptedAt, blocks } of readJournalHistory(path, KEYS, after, until)) {
        found.push([(acceptedAt - START) / MINUTE_MS, blocks[0]?.timestamps[0]]);
      }
      return found;
    };
    const archive = await open(0);
    const accepted = (minute: number) => ({ ...batch(minute, 10), sequence: 1 + minute / 10, acceptedAt: clock.now });
    for (let minute = 0; minute < 150; minute += 10) {
      clock.now = START + minute * MINUTE_MS;
      await archive.write([accepted(minute)]);
    }
    // The process is killed here: nothing is sealed or closed.
    const again = await open(15);
    clock.now = START + 150 * MINUTE_MS;
    await again.write([accepted(150)]);
    const all = await taken(0, Number.POSITIVE_INFINITY);
    expect(all).toEqual(Array.from({ length: 16 }, (_, i) => [10 * i, batch(10 * i, 10).blocks[0]?.timestamps[0]]));
    expect(await taken(START + 20 * MINUTE_MS, START + 40 * MINUTE_MS)).toEqual(all.slice(2, 5));
    expect(await again.prune(START + 61 * MINUTE_MS)).toBe(1);
    expect((await taken(0, Number.POSITIVE_INFINITY))[0]?.[0]).toBe(70);
  });

  it('names the damaged segment', async () => {
    const path = join(folder, 'damaged');
    const archive = await JournalHistory.open({
      folder: path,
      keys: {},
      deviceOf: () => undefined,
      now: () => START,
      journal: { confirmed: null, oldestAfter: async () => null },
    });
    await archive.write([{ ...batch(0, 10), sequence: 1, acceptedAt: START }]);
    await archive.seal();
    const [segment] = await segmentsIn(path);
    const bytes = readFileSync(segment?.path as string);
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 0xff;
    writeFileSync(segment?.path as string, bytes);
    const read = async () => {
      for await (const _ of readJournalHistory(path, {}, 0, Number.POSITIVE_INFINITY));
    };
    await expect(read()).rejects.toThrow(Corrupt);
  });
});
