import { randomInt } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { FILE_GONE, fileIdentity } from '../domain/file-identity.ts';
import { type JournalDamage, MAX_DAMAGE_AGE_DAYS } from './journal.ts';
import type { LostLog } from './lost-log.ts';
import type { JournalReply, JournalRequest, JournalRow, JournalWorkerData, QuarantineRow } from './sqlite-journal.ts';

/**
 * The journal's thread: the only one that writes `journal_*` and `quarantine` in wattkeeper.db.
 */
const port = parentPort;
if (!port) throw new Error('sqlite-journal.worker.ts must run in a worker thread');

/** Upper limit of `randomInt`. */
const MAX_JOURNAL_ID = 2 ** 48 - 1;

/** Maximum number of lost transactions that are reported individually. */
const MAX_NOTED = 10_000;

const { path, now, lostLog } = workerData as JournalWorkerData;
const database = open(path);
const opened = { file: fileIdentity(path), log: fileIdentity(`${path}-wal`) };
const insertBatch = database.prepare(
  'INSERT OR REPLACE INTO journal_batch (sequence, received_at, payload) VALUES (?, ?, ?)',
);
const insertQuarantined = database.prepare(
  'INSERT OR IGNORE INTO quarantine (device_id, metric, timestamp, value, reason, received_at) VALUES (?, ?, ?, ?, ?, ?)',
);
const insertAcknowledged = database.prepare('INSERT OR REPLACE INTO journal_acknowledged (sequence, at) VALUES (?, ?)');
const selectBatches = database.prepare(
  `SELECT sequence, coalesce(at, received_at) AS acceptedAt, coalesce(CAST(payload AS BLOB), x'') AS payload
   FROM journal_batch LEFT JOIN journal_acknowledged USING (sequence)
   WHERE sequence > ? ORDER BY sequence`,
);
const insertDamaged = database.prepare(
  `INSERT OR IGNORE INTO journal_damaged (sequence, received_at, found_at, reason, payload)
   SELECT sequence, received_at, ?, ?, payload FROM journal_batch WHERE sequence = ?`,
);
const upsertCursor = database.prepare(
  'INSERT INTO journal_cursor (store, sequence) VALUES (?, ?) ON CONFLICT (store) DO UPDATE SET sequence = excluded.sequence',
);
const updateTrimmed = database.prepare('UPDATE journal_origin SET trimmed = max(trimmed, ?)');
const selectQuarantined = database.prepare('SELECT * FROM quarantine WHERE id = ?');
const deleteQuarantined = database.prepare('DELETE FROM quarantine WHERE id = ?');
const deleteTaken = database.prepare('DELETE FROM journal_batch WHERE sequence <= ?');
const deleteAcknowledged = database.prepare('DELETE FROM journal_acknowledged WHERE sequence <= ?');

port.on('message', (request: JournalRequest) => {
  try {
    const result = perform(request);
    reply({ id: request.id, result, quarantined: quarantinedAfter(request) });
  } catch (error) {
    reply({
      id: request.id,
      error: String((error as Error).message),
      ofDisk: isOfDisk(error),
      gone: error instanceof FileGone,
    });
  }
});

port.postMessage({
  id: 0,
  result: { head: head(), identity: opened.file, damage: damage() },
  quarantined: countQuarantined(),
} satisfies JournalReply);

function open(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 10_000 });
  db.exec(`
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 8000;
    PRAGMA journal_size_limit = 67108864;
    CREATE TABLE IF NOT EXISTS journal_batch (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      received_at INTEGER NOT NULL,
      payload BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS journal_acknowledged (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS journal_damaged (
      sequence INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, found_at INTEGER NOT NULL, reason TEXT NOT NULL, payload BLOB
    );
    CREATE TABLE IF NOT EXISTS journal_cursor (store TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS journal_origin (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL, trimmed INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS quarantine (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      device_id TEXT NOT NULL,
      metric TEXT NOT NULL,
      timestamp INTEGER NOT NULL,
      value REAL NOT NULL,
      reason TEXT NOT NULL,
      received_at INTEGER NOT NULL,
      UNIQUE (device_id, metric, timestamp, value)
    );
  `);
  // A journal of an earlier version implies by its slowest cursor up to where batches were deleted.
  db.prepare(
    `INSERT OR IGNORE INTO journal_origin (one, id, trimmed)
     SELECT 1, ?, coalesce(max(sequence), 0) FROM journal_cursor
     WHERE sequence < coalesce((SELECT min(sequence) FROM journal_batch), 9e15)`,
  ).run(randomInt(MAX_JOURNAL_ID));
  db.prepare('DELETE FROM journal_damaged WHERE found_at < ?').run(now - MAX_DAMAGE_AGE_DAYS * UTC_DAY_MS);
  if (lostLog !== null) noteLost(db, lostLog);
  return db;
}

/** The affected batches are unknown: these entries precede all others. */
function noteLost(db: DatabaseSync, { transactions, writtenAt, copy }: LostLog): void {
  const insert = db.prepare('INSERT INTO journal_damaged VALUES (?, ?, ?, ?, NULL)');
  const { first } = db.prepare('SELECT min(coalesce(min(sequence), 0), 0) AS first FROM journal_damaged').get() as {
    first: number;
  };
  const reason = `a transaction of the damaged log of the database; its copy: ${copy}`;
  for (let i = 1; i <= Math.min(transactions, MAX_NOTED); i++) insert.run(first - i, writtenAt, now, reason);
}

/** Number of values in the quarantine after a request that may have changed it. */
function quarantinedAfter(request: JournalRequest): number | undefined {
  const changed =
    request.type === 'drop' ||
    (request.type === 'write' && request.batches.some(({ quarantined }) => quarantined.length > 0));
  return changed ? countQuarantined() : undefined;
}

/** TOOBIG, CONSTRAINT, MISMATCH and RANGE are errors of the batch that no retry resolves: https://sqlite.org/rescode.html */
const BATCH_AT_FAULT = new Set([18, 19, 20, 25]);

function isOfDisk(error: unknown): boolean {
  if (error instanceof FileGone || error instanceof LogGone) return true;
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && !BATCH_AT_FAULT.has(errcode & 0xff);
}

function perform(request: JournalRequest): unknown {
  switch (request.type) {
    case 'write':
      inTransaction(() => write(request));
      return verify();
    case 'verify':
      return verify();
    case 'read':
      return readBatches(request.after, request.maxBytes);
    case 'damaged':
      inTransaction(() => {
        for (const { sequence, reason } of request.entries) insertDamaged.run(request.now, reason, sequence);
      });
      return damage();
    case 'cursors':
      return database.prepare('SELECT store, sequence FROM journal_cursor').all();
    case 'origin':
      return database.prepare('SELECT id, trimmed FROM journal_origin').get();
    case 'advance':
      return advance(request.cursors);
    case 'stats':
      return database
        .prepare(
          'SELECT count(*) AS batches, coalesce(sum(length(payload)), 0) AS bytes, min(received_at) AS oldestAt FROM journal_batch',
        )
        .get();
    case 'quarantined':
      return database
        .prepare('SELECT * FROM quarantine WHERE id < ? ORDER BY id DESC LIMIT ?')
        .all(request.before ?? Number.MAX_SAFE_INTEGER, request.limit);
    case 'find':
      return request.ids.flatMap((id) => selectQuarantined.all(id) as unknown as QuarantineRow[]);
    case 'drop':
      return inTransaction(() => {
        for (const id of request.ids) deleteQuarantined.run(id);
      });
    case 'copy':
      database.prepare('VACUUM INTO ?').run(request.to);
      return null;
    case 'close':
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      database.close();
      return null;
  }
}

/** The write-ahead log was removed, and with it committed data. */
class LogGone extends Error {}
/** The open database is no longer at its path. */
class FileGone extends Error {}

/**
 * Checks that the committed data is in the file that the next start opens. If only the write-ahead log was removed, its content is copied
 * to the existing database file.
 */
function verify(): void {
  if (fileIdentity(path) !== opened.file) throw new FileGone(FILE_GONE);
  if (fileIdentity(`${path}-wal`) === opened.log) return;
  const { busy, log, checkpointed } = database.prepare('PRAGMA wal_checkpoint(FULL)').get() as Record<string, number>;
  if (busy !== 0 || log !== checkpointed) throw new LogGone('its write-ahead log was removed');
}

function write({ batches, acknowledged }: Extract<JournalRequest, { type: 'write' }>): void {
  for (const [sequence, at] of acknowledged) insertAcknowledged.run(sequence, at);
  for (const { sequence, receivedAt, payload, quarantined } of batches) {
    insertBatch.run(sequence, receivedAt, payload);
    for (const { deviceId, metric, timestamp, value, reason } of quarantined) {
      insertQuarantined.run(deviceId, metric, timestamp, value, reason, receivedAt);
    }
  }
}

function readBatches(after: number, maxBytes: number): JournalRow[] {
  const batches: JournalRow[] = [];
  let bytes = 0;
  for (const row of selectBatches.iterate(after) as unknown as Iterable<JournalRow>) {
    batches.push(row);
    bytes += row.payload.length;
    if (bytes >= maxBytes) break;
  }
  return batches;
}

function advance(cursors: readonly (readonly [string, number])[]): null {
  const taken = Math.min(...cursors.map(([, sequence]) => sequence));
  inTransaction(() => {
    for (const [store, sequence] of cursors) upsertCursor.run(store, sequence);
    if (!Number.isFinite(taken)) return;
    deleteTaken.run(taken);
    deleteAcknowledged.run(taken);
    updateTrimmed.run(taken);
  });
  // Returns the space of deleted batches to the file system in small steps, so that appends do not wait for it.
  database.exec('PRAGMA incremental_vacuum(2000)');
  return null;
}

/** Newest sequence ever used: batches held in memory may have reached every store without being written here. */
function head(): number {
  const row = database
    .prepare(
      "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'journal_batch'), 0), coalesce((SELECT max(sequence) FROM journal_cursor), 0)) AS newest",
    )
    .get();
  return (row as { newest: number }).newest;
}

function damage(): JournalDamage | null {
  const found = database
    .prepare('SELECT count(*) AS batches, min(received_at) AS "from", max(received_at) AS until FROM journal_damaged')
    .get() as unknown as JournalDamage;
  return found.batches === 0 ? null : { ...found };
}

function countQuarantined(): number {
  return (database.prepare('SELECT count(*) AS count FROM quarantine').get() as { count: number }).count;
}

function inTransaction<T>(work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function reply(message: JournalReply): void {
  port?.postMessage(message);
}
