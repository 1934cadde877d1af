import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { findLostLog, lostTransactions } from './lost-log.ts';

const TRANSACTIONS = 40;
const folder = mkdtempSync(join(tmpdir(), 'wattkeeper-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A database and its log after a kill: one row per transaction; the first transaction is in the database itself. */
const killed = (() => {
  const path = join(folder, 'killed.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)');
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const insert = database.prepare('INSERT INTO t VALUES (?, randomblob(?))');
  for (let n = 0; n < TRANSACTIONS; n++) insert.run(n, n % 7 === 0 ? 9000 : 100);
  const [main, log] = [readFileSync(path), readFileSync(`${path}-wal`)];
  database.close();
  return { main, log };
})();

function rowsAfter(log: Buffer): number {
  const path = join(folder, 'again.db');
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  writeFileSync(path, killed.main);
  writeFileSync(`${path}-wal`, log);
  const database = new DatabaseSync(path);
  const { count } = database.prepare('SELECT count(*) AS count FROM t').get() as { count: number };
  database.close();
  return count;
}

it('an intact log, or one truncated by a crash, has no loss', () => {
  expect(rowsAfter(killed.log)).toBe(TRANSACTIONS);
  fc.assert(
    fc.property(fc.nat(killed.log.length), (length) => {
      expect(lostTransactions(Buffer.from(killed.log.subarray(0, length)))).toBe(0);
    }),
    { numRuns: 60 },
  );
});

it("remains of a log's previous cycle are not a loss", () => {
  const path = join(folder, 'round.db');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER PRIMARY KEY)');
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  for (let n = 0; n < 30; n++) insert.run(n);
  database.exec('PRAGMA wal_checkpoint(RESTART)');
  for (let n = 30; n < 35; n++) insert.run(n);
  const log = readFileSync(`${path}-wal`);
  database.close();
  expect(log.length).toBeGreaterThan(30 * 4096);
  expect(lostTransactions(log)).toBe(0);
  log[40]! ^= 1;
  expect(lostTransactions(log)).toBeGreaterThan(0);
});

it('transactions that SQLite drops after a flipped bit are counted, except the last one', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.nat(killed.log.length - 1), fc.nat(7), (at, bit) => {
      const log = Buffer.from(killed.log);
      log[at]! ^= 1 << bit;
      const missing = TRANSACTIONS - rowsAfter(log);
      const lost = lostTransactions(log);
      if (lost > 0) found++;
      // A transaction with an unreadable end is counted together with the next one.
      expect(lost).toBeLessThanOrEqual(missing);
      if (missing > 2) expect(lost).toBeGreaterThanOrEqual(missing - 1);
    }),
    { numRuns: 150 },
  );
  expect(found).toBeGreaterThan(50);
});

it('a damaged log is copied before it is opened', () => {
  const path = join(folder, 'found.db');
  const log = Buffer.from(killed.log);
  log[5000]! ^= 4;
  writeFileSync(path, killed.main);
  writeFileSync(`${path}-wal`, log);
  const copy = join(folder, 'copy');
  expect(findLostLog(path, copy)).toMatchObject({ copy, transactions: expect.any(Number) });
  expect(readFileSync(copy).equals(log)).toBe(true);
  const nowhere = findLostLog(path, join(folder, 'none', 'copy'));
  expect(nowhere?.copy).toMatch(/^not copied \(ENOENT/);
  copyFileSync(path, join(folder, 'alone.db'));
  expect(findLostLog(join(folder, 'alone.db'), join(folder, 'none'))).toBeNull();
  expect(existsSync(join(folder, 'none'))).toBe(false);
});
