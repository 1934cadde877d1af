import { randomInt } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { FILE_GONE, fileIdentity } from '../domain/file-identity.ts';
import {
  type JournalDamage,
  type JournalOrigin,
  type JournalStats,
  MAX_DAMAGE_AGE_DAYS,
  type Quarantined,
} from './journal.ts';
import type { LostLog } from './lost-log.ts';

/** The limit of `randomInt`. */
const MAX_JOURNAL_ID = 2 ** 48 - 1;

/** Lost transactions that are reported individually. */
const MAX_NOTED = 10_000;

/** An entry whose batch cannot be read. */
export interface DamagedEntry {
  readonly sequence: number;
  readonly reason: string;
}

export interface EncodedBatch {
  readonly sequence: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly receivedAt: number;
  readonly quarantined: readonly Quarantined[];
}

export interface JournalRow {
  readonly sequence: number;
  readonly acceptedAt: number;
  readonly payload: Uint8Array;
}

export interface QuarantineRow {
  readonly id: number;
  readonly device_id: string;
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
  readonly reason: string;
  readonly received_at: number;
}

/** The write-ahead log was removed, and with it what was committed. */
export class LogGone extends Error {}
/** The database that was written to is no longer at its path. */
export class FileGone extends Error {}

/** The tables `journal_*` and `quarantine` of wattkeeper.db, which the journal's thread alone writes. */
export class JournalFile {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;
  /** Of its database. */
  readonly identity: string;
  readonly #logIdentity: string | null;

  /** @param lostLog what the file's log had lost before, to be noted with the damaged entries */
  constructor(path: string, now: number, lostLog: LostLog | null) {
    this.#path = path;
    this.#db = open(path, now, lostLog);
    this.#statements = prepare(this.#db);
    const identity = fileIdentity(path);
    if (identity === null) throw new FileGone(FILE_GONE);
    this.identity = identity;
    this.#logIdentity = fileIdentity(`${path}-wal`);
  }

  write(batches: readonly EncodedBatch[], acknowledged: readonly (readonly [number, number])[]): void {
    const { insertAcknowledged, insertBatch, insertQuarantined } = this.#statements;
    this.#inTransaction(() => {
      for (const [sequence, at] of acknowledged) insertAcknowledged.run(sequence, at);
      for (const { sequence, receivedAt, payload, quarantined } of batches) {
        insertBatch.run(sequence, receivedAt, payload);
        for (const { deviceId, metric, timestamp, value, reason } of quarantined) {
          insertQuarantined.run(deviceId, metric, timestamp, value, reason, receivedAt);
        }
      }
    });
    this.verify();
  }

  /**
   * Whether what was committed is in the file that the next start opens. Where only the write-ahead log was removed, its content is copied to
   * the database file, which is there.
   */
  verify(): void {
    if (fileIdentity(this.#path) !== this.identity) throw new FileGone(FILE_GONE);
    if (fileIdentity(`${this.#path}-wal`) === this.#logIdentity) return;
    const { busy, log, checkpointed } = this.#db.prepare('PRAGMA wal_checkpoint(FULL)').get() as Record<string, number>;
    if (busy !== 0 || log !== checkpointed) throw new LogGone('its write-ahead log was removed');
  }

  read(after: number, maxBytes: number): JournalRow[] {
    const batches: JournalRow[] = [];
    let bytes = 0;
    for (const row of this.#statements.selectBatches.iterate(after) as unknown as Iterable<JournalRow>) {
      batches.push(row);
      bytes += row.payload.length;
      if (bytes >= maxBytes) break;
    }
    return batches;
  }

  noteDamaged(entries: readonly DamagedEntry[], now: number): void {
    const { insertDamaged } = this.#statements;
    this.#inTransaction(() => {
      for (const { sequence, reason } of entries) insertDamaged.run(now, reason, sequence);
    });
  }

  cursors(): { store: string; sequence: number }[] {
    const rows = this.#db.prepare('SELECT store, sequence FROM journal_cursor').all();
    return rows as unknown as { store: string; sequence: number }[];
  }

  origin(): JournalOrigin {
    return this.#db.prepare('SELECT id, trimmed FROM journal_origin').get() as unknown as JournalOrigin;
  }

  advance(cursors: readonly (readonly [string, number])[]): void {
    const { upsertCursor, deleteTaken, deleteAcknowledged, updateTrimmed } = this.#statements;
    const taken = Math.min(...cursors.map(([, sequence]) => sequence));
    this.#inTransaction(() => {
      for (const [store, sequence] of cursors) upsertCursor.run(store, sequence);
      if (!Number.isFinite(taken)) return;
      deleteTaken.run(taken);
      deleteAcknowledged.run(taken);
      updateTrimmed.run(taken);
    });
    // Gives the room of trimmed batches back to the file system, a little at a time so that appends do not wait for it.
    this.#db.exec('PRAGMA incremental_vacuum(2000)');
  }

  stats(): JournalStats {
    const row = this.#db
      .prepare(
        'SELECT count(*) AS batches, coalesce(sum(length(payload)), 0) AS bytes, min(received_at) AS oldestAt FROM journal_batch',
      )
      .get();
    return row as unknown as JournalStats;
  }

  quarantined(limit: number, before: number | null): QuarantineRow[] {
    const rows = this.#db
      .prepare('SELECT * FROM quarantine WHERE id < ? ORDER BY id DESC LIMIT ?')
      .all(before ?? Number.MAX_SAFE_INTEGER, limit);
    return rows as unknown as QuarantineRow[];
  }

  find(ids: readonly number[]): QuarantineRow[] {
    return ids.flatMap((id) => this.#statements.selectQuarantined.all(id) as unknown as QuarantineRow[]);
  }

  drop(ids: readonly number[]): void {
    this.#inTransaction(() => {
      for (const id of ids) this.#statements.deleteQuarantined.run(id);
    });
  }

  /** How many values the quarantine holds. */
  quarantineCount(): number {
    return (this.#db.prepare('SELECT count(*) AS count FROM quarantine').get() as { count: number }).count;
  }

  /** Newest place in the order that was ever used: batches that waited in memory may have reached every store without being written here. */
  head(): number {
    const row = this.#db
      .prepare(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'journal_batch'), 0), coalesce((SELECT max(sequence) FROM journal_cursor), 0)) AS newest",
      )
      .get();
    return (row as { newest: number }).newest;
  }

  damage(): JournalDamage | null {
    const found = this.#db
      .prepare('SELECT count(*) AS batches, min(received_at) AS "from", max(received_at) AS until FROM journal_damaged')
      .get() as unknown as JournalDamage;
    return found.batches === 0 ? null : { ...found };
  }

  copy(to: string): void {
    this.#db.prepare('VACUUM INTO ?').run(to);
  }

  close(): void {
    this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#db.close();
  }

  #inTransaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** TOOBIG, CONSTRAINT, MISMATCH and RANGE blame the batch, and no other try helps: https://sqlite.org/rescode.html */
const BATCH_AT_FAULT = new Set([18, 19, 20, 25]);

/** Whether an error is one of the disk or of the file on it, not of what was to be written. */
export function isOfDisk(error: unknown): boolean {
  if (error instanceof FileGone || error instanceof LogGone) return true;
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && !BATCH_AT_FAULT.has(errcode & 0xff);
}

function prepare(db: DatabaseSync) {
  const insertBatch = db.prepare(
    'INSERT OR REPLACE INTO journal_batch (sequence, received_at, payload) VALUES (?, ?, ?)',
  );
  const insertQuarantined = db.prepare(
    'INSERT OR IGNORE INTO quarantine (device_id, metric, timestamp, value, reason, received_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const insertAcknowledged = db.prepare('INSERT OR REPLACE INTO journal_acknowledged (sequence, at) VALUES (?, ?)');
  const selectBatches = db.prepare(
    `SELECT sequence, coalesce(at, received_at) AS acceptedAt, coalesce(CAST(payload AS BLOB), x'') AS payload
   FROM journal_batch LEFT JOIN journal_acknowledged USING (sequence)
   WHERE sequence > ? ORDER BY sequence`,
  );
  const insertDamaged = db.prepare(
    `INSERT OR IGNORE INTO journal_damaged (sequence, received_at, found_at, reason, payload)
   SELECT sequence, received_at, ?, ?, payload FROM journal_batch WHERE sequence = ?`,
  );
  const upsertCursor = db.prepare(
    'INSERT INTO journal_cursor (store, sequence) VALUES (?, ?) ON CONFLICT (store) DO UPDATE SET sequence = excluded.sequence',
  );
  const updateTrimmed = db.prepare('UPDATE journal_origin SET trimmed = max(trimmed, ?)');
  const selectQuarantined = db.prepare('SELECT * FROM quarantine WHERE id = ?');
  const deleteQuarantined = db.prepare('DELETE FROM quarantine WHERE id = ?');
  const deleteTaken = db.prepare('DELETE FROM journal_batch WHERE sequence <= ?');
  const deleteAcknowledged = db.prepare('DELETE FROM journal_acknowledged WHERE sequence <= ?');
  return {
    insertBatch,
    insertQuarantined,
    insertAcknowledged,
    selectBatches,
    insertDamaged,
    upsertCursor,
    updateTrimmed,
    selectQuarantined,
    deleteQuarantined,
    deleteTaken,
    deleteAcknowledged,
  };
}

function open(path: string, now: number, lostLog: LostLog | null): DatabaseSync {
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
  // A journal of an earlier version says by its slowest cursor how far it has forgotten batches.
  db.prepare(
    `INSERT OR IGNORE INTO journal_origin (one, id, trimmed)
     SELECT 1, ?, coalesce(max(sequence), 0) FROM journal_cursor
     WHERE sequence < coalesce((SELECT min(sequence) FROM journal_batch), 9e15)`,
  ).run(randomInt(MAX_JOURNAL_ID));
  db.prepare('DELETE FROM journal_damaged WHERE found_at < ?').run(now - MAX_DAMAGE_AGE_DAYS * UTC_DAY_MS);
  if (lostLog !== null) noteLost(db, lostLog, now);
  return db;
}

/** Which batches they were is not known: they stand before all others. */
function noteLost(db: DatabaseSync, { transactions, writtenAt, copy }: LostLog, now: number): void {
  const insert = db.prepare('INSERT INTO journal_damaged VALUES (?, ?, ?, ?, NULL)');
  const { first } = db.prepare('SELECT min(coalesce(min(sequence), 0), 0) AS first FROM journal_damaged').get() as {
    first: number;
  };
  const reason = `a transaction of the damaged log of the database; its copy: ${copy}`;
  for (let i = 1; i <= Math.min(transactions, MAX_NOTED); i++) insert.run(first - i, writtenAt, now, reason);
}
