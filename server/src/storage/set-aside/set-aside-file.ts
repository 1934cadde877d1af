import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Block, valueCount, withoutDevices } from '../../domain/columns/batch.ts';
import { decodeBlocks, encodeBlocks } from '../../domain/columns/batch-codec.ts';
import { Conflict, Corrupt, Unavailable } from '../../domain/errors.ts';
import { coalesce } from '../coalesce.ts';
import { extentOf, withoutEmpty, withoutPlaces } from './block-parts.ts';

/** Values of one store, group and reason that were set aside. */
export interface SetAsideEntry {
  readonly id: number;
  readonly store: string;
  readonly group: string;
  readonly reason: string;
  /** Times at which the first and the last value were set aside, epoch milliseconds. */
  readonly since: number;
  readonly until: number;
  /** Instants of the first and the last value, epoch milliseconds. */
  readonly first: number;
  readonly last: number;
  readonly values: number;
  readonly bytes: number;
  /** null when the bytes on disk are damaged. */
  readonly block: Block | null;
}

/** Totals of the values that one store has set aside. */
export interface SetAsideTotals {
  readonly entries: number;
  readonly values: number;
  readonly bytes: number;
  readonly since: number;
  /** Id of the newest entry, and its reason. */
  readonly lastId: number;
  readonly reason: string;
  /** First and last instant of each group. */
  readonly extents: ReadonlyMap<string, { readonly first: number; readonly last: number }>;
}

/**
 * Maximum size of the values that one store may set aside, bytes. Beyond it, its batches wait in the journal like those of an unavailable
 * store.
 */
export const MAX_SET_ASIDE_BYTES = 256 * 1024 * 1024;
/**
 * Values of the same kind are added to an entry up to this size: a field that is rejected every second must not create an entry each time.
 */
const MAX_GROWING_BYTES = 64 * 1024;
const FORMAT = 1;

interface Row {
  readonly id: number;
  readonly store: string;
  readonly metric_group: string;
  readonly reason: string;
  readonly since: number;
  readonly until: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly value_count: number;
  readonly bytes: number;
  readonly payload: Uint8Array;
}

/**
 * Values that stores could never accept, in one SQLite file; runs on a worker thread. At most one value, the newest, is stored for each
 * place of a store.
 */
export class SetAsideFile {
  readonly #db: DatabaseSync;
  readonly #maxBytes: number;

  constructor(path: string, maxBytes = MAX_SET_ASIDE_BYTES) {
    // Created here, so that no other user can read it.
    if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
    this.#db = new DatabaseSync(path, { timeout: 10_000 });
    this.#maxBytes = maxBytes;
    const version = (this.#db.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;
    if (version !== 0 && version !== FORMAT) {
      this.#db.close();
      throw new Conflict(`${path} has format ${version}, this program reads ${FORMAT}: use the program that wrote it`);
    }
    const [{ quick_check: found }] = this.#db.prepare('PRAGMA quick_check(1)').all() as [{ quick_check: string }];
    if (found !== 'ok') {
      this.#db.close();
      throw new Corrupt(`${path} is damaged (${found})`);
    }
    this.#db.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA user_version = ${FORMAT};
      CREATE TABLE IF NOT EXISTS set_aside (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        store TEXT NOT NULL,
        metric_group TEXT NOT NULL,
        erases INTEGER NOT NULL,
        reason TEXT NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER NOT NULL,
        first_at REAL NOT NULL,
        last_at REAL NOT NULL,
        value_count INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        payload BLOB NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS set_aside_place ON set_aside (store, metric_group, last_at);
    `);
  }

  /** By store. */
  totals(): Map<string, SetAsideTotals> {
    const groups = this.#db
      .prepare(
        `SELECT store, metric_group, count(*) AS entries, sum(value_count) AS value_count, sum(bytes) AS bytes, min(since) AS since,
          min(first_at) AS first_at, max(last_at) AS last_at, max(id) AS id
         FROM set_aside GROUP BY store, metric_group`,
      )
      .all() as unknown as (Row & { entries: number })[];
    const newest = this.#db.prepare(
      'SELECT reason FROM set_aside WHERE store = ? ORDER BY until DESC, id DESC LIMIT 1',
    );
    const totals = new Map<string, SetAsideTotals>();
    for (const { id, store, metric_group, entries, value_count, bytes, since, first_at, last_at } of groups) {
      const known = totals.get(store);
      totals.set(store, {
        entries: (known?.entries ?? 0) + entries,
        values: (known?.values ?? 0) + value_count,
        bytes: (known?.bytes ?? 0) + bytes,
        since: Math.min(known?.since ?? since, since),
        lastId: Math.max(known?.lastId ?? 0, id),
        reason: known?.reason ?? (newest.get(store) as { reason: string }).reason,
        extents: new Map([...(known?.extents ?? []), [metric_group, { first: first_at, last: last_at }]]),
      });
    }
    return totals;
  }

  /** Stores values that a store cannot accept; synced to disk when it returns. @throws Unavailable when the limit is reached */
  add(store: string, block: Block, reason: string, now: number): void {
    this.#transaction(() => {
      this.#forget(store, block);
      const grown = this.#growing(store, block, reason);
      if (grown === undefined) this.#insert(store, block, reason, now);
      else this.#update(grown.id, this.#joined(grown.known, block), now);
      const { bytes } = this.#db.prepare('SELECT sum(bytes) AS bytes FROM set_aside WHERE store = ?').get(store) as {
        bytes: number;
      };
      if (bytes <= this.#maxBytes) return;
      throw new Unavailable(
        `${Math.round(bytes / 2 ** 20)} MB that store ${store} cannot accept are set aside, and the limit is ${Math.round(this.#maxBytes / 2 ** 20)} MB: retry or discard them on the System page`,
      );
    });
  }

  /** Deletes values that the store has since accepted at the same places. */
  supersede(store: string, blocks: readonly Block[]): void {
    this.#transaction(() => {
      for (const block of blocks) this.#forget(store, block);
    });
  }

  /** Entries of a group that have values in a window. */
  overlapping(store: string, group: string, start: number, end: number): Block[] {
    const rows = this.#db
      .prepare('SELECT payload FROM set_aside WHERE store = ? AND metric_group = ? AND last_at >= ? AND first_at < ?')
      .all(store, group, start, end) as unknown as Row[];
    return rows.flatMap((row) => blockIn(row) ?? []);
  }

  /** Entries with ids above `after`, ascending; of one store or (null) of all. */
  page(store: string | null, after: number, limit: number): SetAsideEntry[] {
    const rows = this.#db
      .prepare('SELECT * FROM set_aside WHERE id > ? AND (? IS NULL OR store = ?) ORDER BY id LIMIT ?')
      .all(after, store, store, limit) as unknown as Row[];
    return rows.map((row) => ({
      id: row.id,
      store: row.store,
      group: row.metric_group,
      reason: row.reason,
      since: row.since,
      until: row.until,
      first: row.first_at,
      last: row.last_at,
      values: row.value_count,
      bytes: row.bytes,
      block: blockIn(row),
    }));
  }

  remove(ids: readonly number[]): void {
    const remove = this.#db.prepare('DELETE FROM set_aside WHERE id = ?');
    this.#transaction(() => {
      for (const id of ids) remove.run(id);
    });
    this.#db.exec('PRAGMA incremental_vacuum');
  }

  /** An unreadable entry is deleted as well: it may contain data of the devices, and nothing can use it. */
  deleteDevices(store: string, deviceIds: readonly string[]): void {
    const removed = new Set(deviceIds);
    const entries = this.#db.prepare('SELECT id FROM set_aside WHERE store = ?').all(store) as { id: number }[];
    const payloadOf = this.#db.prepare('SELECT payload FROM set_aside WHERE id = ?');
    this.#transaction(() => {
      for (const { id } of entries) {
        const block = blockIn(payloadOf.get(id) as unknown as Row);
        const rest = block && withoutDevices(block, removed);
        if (rest === null) this.#db.prepare('DELETE FROM set_aside WHERE id = ?').run(id);
        else if (rest !== block) this.#update(id, rest, null);
      }
    });
    this.#db.exec('PRAGMA incremental_vacuum');
  }

  deleteBefore(store: string, instant: number, group: string | null): void {
    const rows = this.#db
      .prepare('SELECT id, payload FROM set_aside WHERE store = ? AND first_at < ? AND (? IS NULL OR metric_group = ?)')
      .all(store, instant, group, group) as unknown as Row[];
    this.#transaction(() => {
      for (const row of rows) {
        const block = blockIn(row);
        if (block === null) continue;
        const columns = block.columns.map((column) =>
          column.map((value, r) => (block.timestamps[r]! < instant ? Number.NaN : value)),
        );
        this.#update(row.id, withoutEmpty({ ...block, columns }), null);
      }
    });
  }

  close(): void {
    this.#db.close();
  }

  #forget(store: string, block: Block): void {
    const { first, last } = extentOf(block);
    const rows = this.#db
      .prepare(
        'SELECT id, payload FROM set_aside WHERE store = ? AND metric_group = ? AND last_at >= ? AND first_at <= ?',
      )
      .all(store, block.group, first, last) as unknown as Row[];
    for (const row of rows) {
      const kept = blockIn(row);
      const rest = kept && withoutPlaces(kept, block);
      if (rest !== null && rest !== kept) this.#update(row.id, rest, null);
    }
  }

  /** The entry to which values of the same kind are added. */
  #growing(store: string, block: Block, reason: string): { id: number; known: Block } | undefined {
    const row = this.#db
      .prepare(
        'SELECT * FROM set_aside WHERE store = ? AND metric_group = ? AND erases = ? AND reason = ? AND bytes < ? ORDER BY id DESC LIMIT 1',
      )
      .get(store, block.group, block.erases ? 1 : 0, reason, MAX_GROWING_BYTES) as Row | undefined;
    const known = row && blockIn(row);
    return row && known ? { id: row.id, known } : undefined;
  }

  #joined(known: Block, block: Block): Block {
    const [rows] = coalesce([{ sequence: 0, blocks: [known, block] }]);
    return { ...rows!, ...(block.erases && { erases: true }) };
  }

  #insert(store: string, block: Block, reason: string, now: number): void {
    const { first, last } = extentOf(block);
    const payload = encodeBlocks([block]);
    this.#db
      .prepare(
        `INSERT INTO set_aside (store, metric_group, erases, reason, since, until, first_at, last_at, value_count, bytes, payload)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        store,
        block.group,
        block.erases ? 1 : 0,
        reason,
        now,
        now,
        first,
        last,
        valueCount(block),
        payload.length,
        payload,
      );
  }

  /** @param now when values were added; null: none were */
  #update(id: number, block: Block, now: number | null): void {
    const values = valueCount(block);
    if (values === 0) {
      this.#db.prepare('DELETE FROM set_aside WHERE id = ?').run(id);
      return;
    }
    const { first, last } = extentOf(block);
    const payload = encodeBlocks([block]);
    this.#db
      .prepare(
        'UPDATE set_aside SET first_at = ?, last_at = ?, value_count = ?, bytes = ?, payload = ?, until = coalesce(?, until) WHERE id = ?',
      )
      .run(first, last, values, payload.length, payload, now, id);
  }

  #transaction(work: () => void): void {
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

/** null for damaged bytes, which must not block other entries. */
function blockIn({ payload }: Pick<Row, 'payload'>): Block | null {
  try {
    return decodeBlocks(payload)[0] ?? null;
  } catch (error) {
    if (error instanceof Corrupt) return null;
    throw error;
  }
}
