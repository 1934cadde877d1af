import { statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Buckets, emptyBuckets } from '../../domain/aggregate.ts';
import type { Rows } from '../../domain/frame.ts';
import type {
  AggregateRequest,
  DeviceBuckets,
  LatestValue,
  ReadRequest,
  SeriesExtent,
  StoreStats,
} from '../backend.ts';
import type { GroupRows } from '../coalesce.ts';
import { dropEmptyRows, joinRows, partOf } from '../rows.ts';
import { aggregateRows, sampleWindow } from '../sample-window.ts';
import { formatOf, mark, TELEMETRY_FILE } from '../sqlite-identity.ts';
import { collectColumns } from './collect-columns.ts';
import { type Group, TelemetryTables, tableOf, tablesOf } from './telemetry-tables.ts';

/** Statements that are kept prepared. */
const PREPARED_MAX = 256;
/** Rows of a frame at most. */
const FRAME_ROWS = 65_536;
/** Beyond this many bytes rows are not counted: counting reads the whole file. */
const COUNTED_BYTES_MAX = 256 * 2 ** 20;
/** Rows that one statement writes, and columns up to which it does: more gain nothing. */
const ROWS_PER_INSERT = 8;
const COLUMNS_PER_INSERT = 100;

/** A piece of a read: rows of one device, and where to go on. */
export interface Piece {
  readonly rows: Rows | null;
  /** Instant from which the device's next piece begins; null after the last one. */
  readonly next: number | null;
}

/** Telemetry in one SQLite file; lives on a worker thread. */
export class TelemetryFile {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #tables: TelemetryTables;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(path: string, cacheMb: number) {
    this.#path = path;
    this.#db = new DatabaseSync(path, { timeout: 1000 });
    // Exclusive: names and numbers are kept in memory, so that another writer must be refused. FULL: a commit is on the disk.
    this.#db.exec('PRAGMA locking_mode = EXCLUSIVE');
    const format = formatOf(this.#db, path, TELEMETRY_FILE);
    this.#db.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 1048576;
      PRAGMA cache_size = ${-cacheMb * 1024};
    `);
    // Tables and mark at once: tables without a mark would be taken for those of another program.
    this.#db.exec('BEGIN IMMEDIATE');
    this.#tables = new TelemetryTables(this.#db);
    if (format < TELEMETRY_FILE.format) mark(this.#db, TELEMETRY_FILE);
    this.#db.exec('COMMIT');
  }

  write(writes: readonly GroupRows[]): void {
    this.#transaction(() => {
      for (const rows of writes) {
        const group = this.#tables.register(rows);
        const columns = rows.quantities.map((quantity) => group.quantities.get(quantity) as number);
        for (const table of new Set(columns.map((column) => tableOf(group, column)))) {
          const places = [...columns.keys()].filter((i) => tableOf(group, columns[i] as number) === table);
          this.#upsert(table, columns, places, rows);
        }
      }
    });
  }

  /** Forgets the values at the places of those that the rows hold. */
  erase(erasures: readonly GroupRows[]): void {
    this.#transaction(() => {
      for (const { group: name, quantities, devices, device, timestamps, columns } of erasures) {
        const group = this.#tables.groups.get(name);
        for (const [c, quantity] of quantities.entries()) {
          const number = group?.quantities.get(quantity);
          if (group === undefined || number === undefined) continue;
          const table = tableOf(group, number);
          const forget = this.#prepare(`UPDATE ${table} SET q${number} = NULL WHERE device = ? AND ts = ?`);
          const others = [...group.quantities.values()].filter((column) => tableOf(group, column) === table);
          const empty = this.#prepare(
            `DELETE FROM ${table} WHERE device = ? AND ts = ? AND ${others.map((q) => `q${q} IS NULL`).join(' AND ')}`,
          );
          for (const [row, marked] of (columns[c] as Float64Array).entries()) {
            const id = this.#tables.devices.get(devices[device[row] as number] as string);
            if (marked !== marked || id === undefined) continue;
            forget.run(id, timestamps[row] as number);
            empty.run(id, timestamps[row] as number);
          }
        }
      }
    });
  }

  /** Rows of the device at a position from an instant on, as many as fit into a frame. */
  readPiece(request: ReadRequest, position: number, from: number): Piece {
    const group = this.#tables.groups.get(request.group);
    const device = this.#tables.devices.get(request.deviceIds[position] as string);
    if (group === undefined || device === undefined) return { rows: null, next: null };
    const columns = request.quantities.map((quantity) => group.quantities.get(quantity) ?? null);
    const { rows, next } = this.#rows(group, device, columns, from, request.window.end, FRAME_ROWS);
    return { rows: rows.timestamps.length > 0 ? rows : null, next };
  }

  aggregate(request: AggregateRequest): DeviceBuckets[] {
    const group = this.#tables.groups.get(request.group);
    const bucketCount = Math.max(request.edges.length - 1, 0);
    return request.deviceIds.map((deviceId, position) => {
      const device = this.#tables.devices.get(deviceId);
      if (group === undefined || device === undefined || bucketCount === 0) {
        return { deviceId, buckets: request.quantities.map(() => emptyBuckets(bucketCount)) };
      }
      const expected = request.expectedIntervalMs[position] ?? null;
      const { start, end } = sampleWindow(request.edges, expected);
      // One quantity at a time: it holds least, and SQLite skips what lies before a column quickly.
      const buckets = request.quantities.map((quantity): Buckets => {
        const column = group.quantities.get(quantity);
        if (column === undefined) return emptyBuckets(bucketCount);
        const { rows } = this.#rows(group, device, [column], start, end, Number.POSITIVE_INFINITY);
        return aggregateRows(rows, request, expected)[0] as Buckets;
      });
      return { deviceId, buckets };
    });
  }

  latest(since: number): LatestValue[] {
    const found: LatestValue[] = [];
    for (const { deviceId, device, group } of this.#devicesOfGroups()) {
      for (const [quantity, column] of group.quantities) {
        // Goes backwards along the primary key, so that it stops at the newest value.
        const newest = this.#prepare(
          `SELECT ts, q${column} FROM ${tableOf(group, column)} WHERE device = ? AND ts >= ? AND q${column} IS NOT NULL ORDER BY ts DESC LIMIT 1`,
        ).get(device, since) as unknown as [number, number] | undefined;
        if (newest === undefined) continue;
        found.push({ deviceId, metric: `${group.name}.${quantity}`, timestamp: newest[0], value: newest[1] });
      }
    }
    return found;
  }

  series(): SeriesExtent[] {
    const found: SeriesExtent[] = [];
    for (const { deviceId, device, group } of this.#devicesOfGroups()) {
      for (const [quantity, column] of group.quantities) {
        const [count, first, last] = this.#prepare(
          `SELECT count(*), min(ts), max(ts) FROM ${tableOf(group, column)} WHERE device = ? AND q${column} IS NOT NULL`,
        ).get(device) as unknown as [number, number, number];
        if (count > 0) found.push({ deviceId, metric: `${group.name}.${quantity}`, first, last, count });
      }
    }
    return found;
  }

  deleteBefore(instant: number, name: string | null): number {
    let gone = 0;
    this.#transaction(() => {
      for (const group of this.#tables.groups.values()) {
        if (name !== null && group.name !== name) continue;
        const tables = tablesOf(group);
        if (tables.length > 1) {
          const all = tables.map((table) => `SELECT device, ts FROM ${table} WHERE ts < :before`).join(' UNION ');
          const counted = this.#prepare(`SELECT count(*) FROM (${all})`).get({ before: instant });
          gone += (counted as unknown as [number])[0];
        }
        for (const table of tables) {
          for (const device of this.#tables.devices.values()) {
            const { changes } = this.#prepare(`DELETE FROM ${table} WHERE device = ? AND ts < ?`).run(device, instant);
            if (tables.length === 1) gone += Number(changes);
          }
        }
      }
    });
    if (gone > 0) this.#db.exec('PRAGMA incremental_vacuum');
    return gone;
  }

  stats(): StoreStats {
    const sizeBytes = [this.#path, `${this.#path}-wal`].reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    if (sizeBytes > COUNTED_BYTES_MAX) return { sizeBytes, rows: null };
    let rows = 0;
    for (const group of this.#tables.groups.values()) {
      const all = tablesOf(group).map((table) => `SELECT device, ts FROM ${table}`);
      if (all.length > 0) {
        rows += (this.#prepare(`SELECT count(*) FROM (${all.join(' UNION ')})`).get() as unknown as [number])[0];
      }
    }
    return { sizeBytes, rows };
  }

  close(): void {
    this.#prepared.clear();
    this.#db.close();
  }

  #upsert(table: string, columns: readonly number[], places: readonly number[], rows: GroupRows): void {
    const names = places.map((i) => `q${columns[i]}`);
    const row = `(${['?', '?', ...names.map(() => '?')].join(', ')})`;
    const together = places.length > COLUMNS_PER_INSERT ? 1 : ROWS_PER_INSERT;
    const insert = (count: number) =>
      this.#prepare(
        `INSERT INTO ${table} (device, ts, ${names.join(', ')}) VALUES ${Array(count).fill(row).join(', ')}
         ON CONFLICT (device, ts) DO UPDATE SET ${names.map((q) => `${q} = coalesce(excluded.${q}, ${q})`).join(', ')}`,
      );
    const numbers = rows.devices.map((id) => this.#tables.devices.get(id) as number);
    const sources = places.map((i) => rows.columns[i] as Float64Array);
    const many = insert(together);
    let values: (number | null)[] = [];
    for (let at = 0; at < rows.timestamps.length; at++) {
      const before = values.length;
      values.push(numbers[rows.device[at] as number] as number, rows.timestamps[at] as number);
      let empty = true;
      for (const source of sources) {
        const value = source[at] as number;
        if (value === value) empty = false;
        values.push(value === value ? value : null);
      }
      if (empty) values.length = before;
      else if (values.length === together * (2 + sources.length)) {
        many.run(...values);
        values = [];
      }
    }
    if (values.length > 0) insert(values.length / (2 + sources.length)).run(...values);
  }

  /** Rows of a device from an instant on, `rowsMax` of each table at most, and where to go on. */
  #rows(
    group: Group,
    device: number,
    columns: readonly (number | null)[],
    from: number,
    end: number,
    rowsMax: number,
  ): { rows: Rows; next: number | null } {
    const parts: Rows[] = [];
    let cut = Number.POSITIVE_INFINITY;
    const tables = new Set(columns.flatMap((column) => (column === null ? [] : [tableOf(group, column)])));
    for (const table of tables) {
      const asked = columns.map((column) => (column !== null && tableOf(group, column) === table ? column : null));
      const part = this.#scan(table, device, asked, from, end, rowsMax);
      parts.push(part);
      if (part.timestamps.length >= rowsMax) cut = Math.min(cut, part.timestamps[part.timestamps.length - 1] as number);
    }
    const joined = joinRows(
      parts.map((part) => partOf(part, 0, countUpTo(part.timestamps, cut))),
      columns.length,
    );
    return { rows: dropEmptyRows(joined), next: cut === Number.POSITIVE_INFINITY ? null : cut + 1 };
  }

  /** Rows of a table along its primary key; a column that is null stays missing. */
  #scan(
    table: string,
    device: number,
    columns: readonly (number | null)[],
    from: number,
    end: number,
    rowsMax: number,
  ): Rows {
    const known = columns.flatMap((column, place) => (column === null ? [] : [{ column, place }]));
    const statement = this.#prepare(
      `SELECT ts${known.map(({ column }) => `, q${column}`).join('')} FROM ${table} WHERE device = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?`,
    );
    const limit = Number.isFinite(rowsMax) ? rowsMax : -1;
    const found = collectColumns(statement.iterate(device, from, end, limit), known.length);
    const placed: Float64Array[] = [];
    for (const [c, { place }] of known.entries()) placed[place] = found.columns[c] as Float64Array;
    const missing = new Float64Array(found.timestamps.length).fill(Number.NaN);
    return { timestamps: found.timestamps, columns: columns.map((_, place) => placed[place] ?? missing.slice()) };
  }

  /** Every group with every device that has rows in it. */
  *#devicesOfGroups(): Iterable<{ deviceId: string; device: number; group: Group }> {
    for (const group of this.#tables.groups.values()) {
      for (const [deviceId, device] of this.#tables.devices) {
        const present = tablesOf(group).some(
          (table) => this.#prepare(`SELECT 1 FROM ${table} WHERE device = ? LIMIT 1`).get(device) !== undefined,
        );
        if (present) yield { deviceId, device, group };
      }
    }
  }

  #prepare(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= PREPARED_MAX) this.#prepared.clear();
    const statement = this.#db.prepare(sql);
    statement.setReturnArrays(true);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#tables.load();
      throw error;
    }
  }
}

/** How many of ascending instants are at or before one. */
function countUpTo(timestamps: Float64Array, instant: number): number {
  let count = timestamps.length;
  while (count > 0 && (timestamps[count - 1] as number) > instant) count--;
  return count;
}
