import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Block } from '../domain/columns/batch.ts';
import { Unavailable } from '../domain/errors.ts';
import { FallbackJournal } from './fallback-journal.ts';
import type { JournalTrouble } from './journal.ts';
import { type DiskJournal, openSqliteJournal } from './sqlite-journal.ts';

let folder: string;
let full: boolean;
let changes: (JournalTrouble | null)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wattkeeper-fallback-'));
  full = false;
  changes = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, 'wattkeeper.db');

/** The real journal on a disk that a test can fill up. */
async function openDisk(): Promise<DiskJournal> {
  const disk = await openSqliteJournal(path(), Date.now);
  return new Proxy(disk, {
    get: (of, name) => {
      const value = Reflect.get(of, name, of) as unknown;
      if (name === 'write' && full) return () => Promise.reject(new Unavailable('the disk is full.'));
      return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(of) : value;
    },
  });
}

const open = (maxBytes = 1e6) =>
  FallbackJournal.open({
    open: openDisk,
    now: Date.now,
    onChange: (trouble) => changes.push(trouble),
    maxBytes,
    firstWaitMs: 20,
    maxWaitMs: 40,
  });

const block = (value: number, rows = 1): Block => ({
  group: 'load',
  quantities: ['power_kw'],
  devices: ['a'],
  device: new Int32Array(rows),
  timestamps: Float64Array.from({ length: rows }, (_, i) => 1000 * i),
  columns: [new Float64Array(rows).fill(value)],
});
const values = async (journal: Pick<DiskJournal, 'read'>, after = 0) =>
  (await journal.read(after, 1e9)).map(({ sequence, blocks }) => [sequence, blocks[0]?.columns[0]?.[0]]);

test('on a full disk readings are still accepted, acknowledged as not durable, and written when there is space again', async () => {
  const journal = await open();
  expect(await journal.append([block(1)], [])).toEqual({ sequence: 1, durable: true, acceptedAt: expect.any(Number) });
  full = true;
  const implausible = { deviceId: 'a', metric: 'battery.soc_percent', timestamp: 5, value: 200, reason: 'above 100 %' };
  expect(await journal.append([block(2)], [implausible])).toEqual({
    sequence: 2,
    durable: false,
    acceptedAt: expect.any(Number),
  });
  expect(await journal.append([block(3)], [])).toEqual({ sequence: 3, durable: false, acceptedAt: expect.any(Number) });
  expect(journal.trouble?.error).toBe('the disk is full.');
  expect(journal.durable).toBe(false);
  expect(journal.head()).toBe(3);
  expect(await values(journal)).toEqual([1, 2, 3].map((n) => [n, n]));
  expect(await journal.stats()).toMatchObject({ batches: 3 });

  full = false;
  await expect.poll(() => journal.trouble).toBeNull();
  expect(changes).toMatchObject([{ error: 'the disk is full.' }, null]);
  expect(await journal.append([block(4)], [])).toEqual({ sequence: 4, durable: true, acceptedAt: expect.any(Number) });
  expect(await journal.quarantined(10, null)).toMatchObject([implausible]);
  await journal.close();
  const reopened = await openSqliteJournal(path(), Date.now);
  expect(await values(reopened)).toEqual([1, 2, 3, 4].map((n) => [n, n]));
  await reopened.close();
});

test('batches that every store took from memory are not written to disk, and their sequences are not reused', async () => {
  const journal = await open();
  await journal.append([block(1)], []);
  full = true;
  for (const value of [2, 3]) await journal.append([block(value)], []);
  await journal.advance(new Map([['a', 3]]));
  expect(await values(journal, 1)).toEqual([]);
  full = false;
  await expect.poll(() => journal.trouble).toBeNull();
  await journal.close();
  const reopened = await open();
  expect(await reopened.cursors()).toEqual(new Map([['a', 3]]));
  expect(await reopened.append([block(4)], [])).toEqual({ sequence: 4, durable: true, acceptedAt: expect.any(Number) });
  expect(await values(reopened)).toEqual([[4, 4]]);
  await reopened.close();
});

test('readings beyond the memory limit are rejected, and the held ones remain', async () => {
  const journal = await open(100_000);
  full = true;
  await journal.append([block(1, 4000)], []);
  await expect(journal.append([block(2, 4000)], [])).rejects.toThrow(
    /the disk is full.*memory limit for readings is reached/,
  );
  expect((await journal.append([block(3)], [])).durable).toBe(false);
  expect((await values(journal)).map(([, value]) => value)).toEqual([1, 3]);
  full = false;
  await journal.close();
  const reopened = await openSqliteJournal(path(), Date.now);
  expect((await values(reopened)).map(([, value]) => value)).toEqual([1, 3]);
  await reopened.close();
});

test('stopping on a full disk reports the loss', async () => {
  const journal = await open();
  full = true;
  await journal.append([block(1)], []);
  await expect(journal.close()).rejects.toThrow('1 batches that were acknowledged as not durable are lost');
});

test('held batches are written in groups, faster than new ones arrive, and none is held after recovery', async () => {
  const writes: number[] = [];
  let busy = false;
  let [sent, acknowledged] = [0, 0];
  const appended: Promise<unknown>[] = [];
  const append = async () => {
    await journal.append([block(++sent)], []);
    acknowledged++;
  };
  /** Readings that arrive while the disk is working. */
  const arrive = () => {
    for (let i = 0; busy && i < 3; i++) appended.push(append());
  };
  const openBusy = async (): Promise<DiskJournal> => {
    const disk = await openDisk();
    const { write, advance } = disk;
    return Object.assign(disk, {
      write: async (batches: Parameters<typeof write>[0]) => {
        writes.push(batches.length);
        arrive();
        await write.call(disk, batches);
      },
      advance: async (cursors: Parameters<typeof advance>[0]) => {
        arrive();
        await advance.call(disk, cursors);
      },
    });
  };
  let held: number | null = null;
  const journal: FallbackJournal = await FallbackJournal.open({
    open: openBusy,
    now: Date.now,
    onChange: (trouble) => {
      // A store has taken the first batch.
      if (trouble === null) held = acknowledged - 1 - writes.reduce((sum, count) => sum + count, 0);
      busy = false;
    },
    firstWaitMs: 20,
    maxWaitMs: 40,
  });
  full = true;
  for (let i = 0; i < 3000; i++) appended.push(append());
  await Promise.all(appended);
  await journal.advance(new Map([['a', 1]]));
  writes.length = 0;
  [full, busy] = [false, true];
  await expect.poll(() => journal.trouble).toBeNull();
  expect(held).toBe(0);
  expect(writes.length).toBeLessThan(10);
  await journal.close();
  const reopened = await openSqliteJournal(path(), Date.now);
  expect((await values(reopened)).map(([, value]) => value)).toEqual(Array.from({ length: sent - 1 }, (_, i) => i + 2));
  await reopened.close();
});

test('a slow reader receives every batch while held batches are written to disk', async () => {
  const reading: Promise<unknown>[] = [];
  const isFurther = Promise.withResolvers<void>();
  let writes = 0;
  const journal: FallbackJournal = await FallbackJournal.open({
    open: async () => {
      const disk = await openDisk();
      const { write, read } = disk;
      return Object.assign(disk, {
        write: (batches: Parameters<typeof write>[0]) => {
          if (journal?.trouble) writes++;
          if (writes === 1 && reading.length === 0) reading.push(values(journal));
          if (writes === 2) isFurther.resolve();
          return write.call(disk, batches);
        },
        read: async (after: number, maxBytes: number) => {
          const rows = await read.call(disk, after, maxBytes);
          await isFurther.promise;
          return rows;
        },
      });
    },
    now: Date.now,
    onChange: () => {},
    firstWaitMs: 20,
  });
  await journal.append([block(1)], []);
  full = true;
  // Two of these exceed the size of one commit.
  for (const value of [2, 3, 4]) await journal.append([block(value, 250_000)], []);
  full = false;
  await expect.poll(() => journal.trouble).toBeNull();
  expect(await reading[0]).toEqual([1, 2, 3, 4].map((n) => [n, n]));
  await journal.close();
});

test('a hanging disk counts as full, and a commit that completes later adds nothing', async () => {
  const hang = Promise.withResolvers<void>();
  let late: Promise<unknown> | null = null;
  const openHanging = async (): Promise<DiskJournal> => {
    const disk = await openDisk();
    if (late !== null) return disk;
    const { write } = disk;
    return Object.assign(disk, {
      write: (batches: Parameters<typeof write>[0]) => {
        late ??= hang.promise.then(() => write.call(disk, batches));
        return late;
      },
      close: async () => {},
    });
  };
  const journal = await FallbackJournal.open({
    open: openHanging,
    now: Date.now,
    onChange: (trouble) => changes.push(trouble),
    firstWaitMs: 20,
    maxWaitMs: 40,
    maxCommitMs: 1_000,
  });
  const appended = [1, 2, 3].map((value) => journal.append([block(value)], []));
  expect((await Promise.all(appended)).map(({ sequence, durable }) => [sequence, durable])).toEqual(
    [1, 2, 3].map((n) => [n, false]),
  );
  expect(changes[0]?.error).toMatch(/has not answered for 1 s/);
  await expect.poll(() => journal.trouble).toBeNull();
  hang.resolve();
  await late;
  expect(await values(journal)).toEqual([1, 2, 3].map((n) => [n, n]));
  await journal.close();
});

test('a moved data folder is detected, with and without new readings, and nothing is lost when it returns', async () => {
  const journal = await FallbackJournal.open({
    open: (identity) => openSqliteJournal(path(), Date.now, identity),
    now: Date.now,
    onChange: (trouble) => changes.push(trouble),
    firstWaitMs: 20,
    maxWaitMs: 40,
    watchMs: 20,
  });
  expect((await journal.append([block(1)], [])).durable).toBe(true);
  renameSync(folder, `${folder}-away`);
  await expect.poll(() => journal.trouble?.error).toMatch(/wattkeeper.db.*was removed or replaced/);
  renameSync(`${folder}-away`, folder);
  await expect.poll(() => journal.trouble).toBeNull();

  renameSync(folder, `${folder}-away`);
  mkdirSync(folder);
  expect((await journal.append([block(2)], [])).durable).toBe(false);
  expect(existsSync(path())).toBe(false);
  rmSync(folder, { recursive: true });
  renameSync(`${folder}-away`, folder);
  await expect.poll(() => journal.trouble).toBeNull();
  expect((await journal.append([block(3)], [])).durable).toBe(true);
  await journal.close();
  const reopened = await openSqliteJournal(path(), Date.now);
  expect((await values(reopened)).map(([, value]) => value)).toEqual([1, 2, 3]);
  await reopened.close();
});

test('held batches are handed over completely, and none is accepted afterwards; if the handover fails, all are still held', async () => {
  const journal = await open();
  full = true;
  await journal.append([block(1)], []);
  const away = new Unavailable('not there yet');
  const during: Promise<unknown>[] = [];
  const failed = journal.handOver(async () => {
    during.push(journal.append([block(2)], []));
    throw away;
  });
  await expect(failed).rejects.toBe(away);
  await Promise.all(during.splice(0));
  expect((await values(journal)).map(([, value]) => value)).toEqual([1, 2]);

  const taken: (number | undefined)[] = [];
  await journal.handOver(async (held) => {
    during.push(expect(journal.append([block(3)], [])).rejects.toThrow('send these readings again'));
    await journal.stats();
    taken.push(...held.map(({ blocks }) => blocks[0]?.columns[0]?.[0]));
  });
  expect(taken).toEqual([1, 2]);
  await Promise.all(during);
  await expect(journal.append([block(4)], [])).rejects.toThrow('the journal is closed');
  await journal.close();
});

test('a working journal has no batches to hand over', async () => {
  const journal = await open();
  await expect(journal.handOver(async () => {})).rejects.toThrow('works again');
  await journal.close();
});

test('readings are durable although the write-ahead log is removed', async () => {
  const journal = await open();
  await journal.append([block(1)], []);
  rmSync(`${path()}-wal`);
  expect((await journal.append([block(2)], [])).durable).toBe(true);
  // The next start finds what is in the folder now.
  cpSync(path(), `${path()}-copy`);
  const found = await openSqliteJournal(`${path()}-copy`, Date.now);
  expect((await values(found)).map(([, value]) => value)).toEqual([1, 2]);
  await found.close();
  await journal.close();
});
