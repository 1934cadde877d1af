import { statSync } from 'node:fs';
import { mergeRows, type Rows, sliceRows } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import type {
  AggregateRequest,
  DeviceBuckets,
  LatestValue,
  ReadRequest,
  SeriesExtent,
  StoreStats,
} from '../backend.ts';
import type { GroupRows } from '../coalesce.ts';
import { dropEmptyRows, joinRows, splitByDevice } from '../join-rows.ts';
import { aggregatePieces } from '../sample-window.ts';
import { Connection } from './connection.ts';
import { ChecksumMismatch, isDamage, isMisfit } from './damage.ts';
import { SealedRows } from './sealed-rows.ts';
import type { Table } from './seals.ts';
import { formatOf, mark, TELEMETRY_FILE } from './sqlite-identity.ts';
import { extents, newestSamples } from './table-reads.ts';
import { type Group, placeOf, TelemetryTables, tableAt, tableOf, tablesOf } from './telemetry-tables.ts';

/** Numbers of rows and values after which a piece of a read ends, at the end of an hour. */
const MAX_PIECE_ROWS = 2 ** 16;
const MAX_PIECE_VALUES = 2 ** 20;
/** Page cache: a larger one makes repeated reads, and writes to many devices, faster. */
const CACHE_KIB = 16 * 1024;
/** Size of the file in bytes beyond which rows are not counted: counting reads the whole file. */
const MAX_COUNTED_BYTES = 256 * 2 ** 20;

/** A piece of a read: rows of one device, and the start of the next piece. */
export interface Piece {
  readonly rows: Rows | null;
  /** Start of the device's next piece; null after the last one. */
  readonly next: number | null;
}

/** Telemetry in one SQLite file; runs on a worker thread. */
export class TelemetryFile {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #tables: TelemetryTables;
  readonly #sealed: SealedRows;

  /** Seals the rows of a file of format 1, which takes as long as reading all of them. */
  constructor(path: string) {
    this.#path = path;
    this.#connection = new Connection(path);
    const { db } = this.#connection;
    this.#tables = new TelemetryTables(db);
    this.#sealed = new SealedRows((sql) => this.#connection.prepare(sql));
    try {
      this.#open();
    } catch (error) {
      const diagnosed = this.diagnosed(error);
      // Another process may open the file, and this one may move it.
      this.close();
      throw diagnosed;
    }
  }

  write(writes: readonly GroupRows[]): void {
    this.#transaction(() => {
      for (const rows of writes) {
        const group = this.#tables.register(rows);
        // Ascending, as in the table.
        const numbered = rows.quantities
          .map((quantity, c) => ({ number: group.quantities.get(quantity)!, column: rows.columns[c]! }))
          .sort((a, b) => a.number - b.number);
        const byTable = Map.groupBy(numbered, ({ number }) => placeOf(number));
        for (const sharing of byTable.values()) {
          const table = tableOf(group, sharing[0]!.number);
          const numbers = sharing.map(({ number }) => number);
          const columns = sharing.map(({ column }) => column);
          const parts = splitByDevice(rows.device, { timestamps: rows.timestamps, columns });
          for (const [place, part] of parts) {
            const device = this.#tables.devices.get(rows.devices[place]!)!;
            this.#sealed.write(table, device, mergeRows(part), numbers);
          }
        }
      }
    });
  }

  /** Erases the values at the positions given by the rows. */
  erase(erasures: readonly GroupRows[]): void {
    this.#transaction(() => {
      for (const { group: name, quantities, devices, device, timestamps, columns } of erasures) {
        const group = this.#tables.groups.get(name);
        for (const [c, quantity] of quantities.entries()) {
          const number = group?.quantities.get(quantity);
          if (group === undefined || number === undefined) continue;
          const table = tableOf(group, number);
          for (const [row, marked] of columns[c]!.entries()) {
            const id = this.#tables.devices.get(devices[device[row]!]!);
            if (marked === marked && id !== undefined) this.#sealed.forget(table, id, timestamps[row]!, number);
          }
        }
      }
    });
  }

  /** Rows of the device at a position from an instant, as many as fit into a frame. */
  readPiece(request: ReadRequest, position: number, from: number): Piece {
    const group = this.#tables.groups.get(request.group);
    const device = this.#tables.devices.get(request.deviceIds[position]!);
    if (group === undefined || device === undefined) return { rows: null, next: null };
    const columns = request.quantities.map((quantity) => group.quantities.get(quantity) ?? null);
    const { rows, next } = this.#rows(group, device, columns, from, request.window.end);
    return { rows: rows.timestamps.length > 0 ? rows : null, next };
  }

  aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const group = this.#tables.groups.get(request.group);
    const columns = request.quantities.map((quantity) => group?.quantities.get(quantity) ?? null);
    return aggregatePieces(request, (deviceId, window) => this.#pieces(group, deviceId, columns, window));
  }

  latest(since: number): LatestValue[] {
    return [...this.devicesOfTables()].flatMap(({ deviceId, device, group, table }) => {
      const newest = newestSamples(this.#sealed, table, device, since);
      return [...group.quantities].flatMap(([quantity, column]) => {
        const sample = newest.get(column);
        return sample === undefined ? [] : [{ deviceId, metric: `${group.name}.${quantity}`, ...sample }];
      });
    });
  }

  async series(): Promise<SeriesExtent[]> {
    const found: SeriesExtent[] = [];
    for (const { deviceId, device, group, table } of this.devicesOfTables()) {
      const byColumn = await extents(this.#sealed, table, device, pieceRows(table));
      for (const [quantity, column] of group.quantities) {
        const extent = byColumn.get(column);
        if (extent !== undefined) found.push({ deviceId, metric: `${group.name}.${quantity}`, ...extent });
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
          const all = tables.map(({ rows }) => `SELECT device, ts FROM ${rows} WHERE ts < :before`).join(' UNION ');
          const counted = this.#connection.prepare(`SELECT count(*) FROM (${all})`).get({ before: instant });
          gone += (counted as unknown as [number])[0];
        }
        for (const table of tables) {
          for (const device of this.#tables.devices.values()) {
            const rows = this.#sealed.deleteBefore(table, device, instant);
            if (tables.length === 1) gone += rows;
          }
        }
      }
    });
    if (gone > 0) this.#connection.db.exec('PRAGMA incremental_vacuum');
    return gone;
  }

  /**
   * One device and table after the other, so that the write-ahead log stays small; after an interruption, the next call deletes the others.
   */
  deleteDevices(deviceIds: readonly string[]): void {
    for (const deviceId of deviceIds) {
      const device = this.#tables.devices.get(deviceId);
      if (device === undefined) continue;
      for (const group of this.#tables.groups.values()) {
        for (const table of tablesOf(group)) this.#transaction(() => this.#sealed.deleteAll(table, device));
      }
    }
    this.#connection.db.exec('PRAGMA incremental_vacuum');
  }

  stats(): StoreStats {
    const sizeBytes = [this.#path, `${this.#path}-wal`].reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    if (sizeBytes > MAX_COUNTED_BYTES) return { sizeBytes, rows: null };
    let rows = 0;
    for (const group of this.#tables.groups.values()) {
      const all = tablesOf(group).map((table) => `SELECT device, ts FROM ${table.rows}`);
      if (all.length > 0) {
        rows += (
          this.#connection.prepare(`SELECT count(*) FROM (${all.join(' UNION ')})`).get() as unknown as [number]
        )[0];
      }
    }
    return { sizeBytes, rows };
  }

  /** The error or its cause: where a statement does not match the schema, the schema may be damaged. */
  diagnosed(error: unknown): unknown {
    if (!isMisfit(error)) return error;
    try {
      const { user_version: format } = this.#connection.db.prepare('PRAGMA user_version').get()!;
      const table = this.#tables.changedTable(format === TELEMETRY_FILE.format);
      if (table === null) return error;
      return new ChecksumMismatch(`the columns of the table ${table} differ from those with which it was created`);
    } catch (found) {
      return isDamage(found) ? found : error;
    }
  }

  close(): void {
    this.#connection.close();
  }

  /** Every table with every device that has rows in it. */
  *devicesOfTables(): Iterable<DeviceOfTable> {
    for (const group of this.#tables.groups.values()) {
      for (const table of tablesOf(group)) {
        for (const [deviceId, device] of this.#tables.devices) {
          if (this.#sealed.has(table, device)) yield { deviceId, device, group, table };
        }
      }
    }
  }

  /** Rows with their checksums, for copying the intact part of a damaged file. */
  get sealed(): SealedRows {
    return this.#sealed;
  }

  #open(): void {
    const { db } = this.#connection;
    const format = formatOf(db, this.#path, TELEMETRY_FILE);
    // FULL: a commit is synced to disk.
    db.exec(`
      PRAGMA auto_vacuum = INCREMENTAL;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 1048576;
      PRAGMA cache_size = ${-CACHE_KIB};
      PRAGMA cell_size_check = ON;
    `);
    // Tables and mark in one transaction: tables without a mark would be attributed to another program.
    db.exec('BEGIN IMMEDIATE');
    this.#tables.create();
    if (format === 1) this.#upgrade();
    if (format < TELEMETRY_FILE.format) mark(db, TELEMETRY_FILE);
    db.exec('COMMIT');
    this.#tables.load();
  }

  /** Seals rows. Unreadable rows of a device remain without seals, so that later reads detect the damage. */
  #upgrade(): void {
    this.#tables.upgrade();
    for (const group of this.#tables.groups.values()) {
      for (const table of tablesOf(group)) {
        for (const device of this.#tables.devices.values()) {
          try {
            this.#sealed.seal(table, device);
          } catch (error) {
            if (!isDamage(error)) throw error;
          }
        }
      }
    }
  }

  async *#pieces(
    group: Group | undefined,
    deviceId: string,
    columns: readonly (number | null)[],
    { start, end }: Window,
  ): AsyncGenerator<Rows> {
    const device = this.#tables.devices.get(deviceId);
    if (group === undefined || device === undefined) return;
    for (let from: number | null = start; from !== null; ) {
      const { rows, next } = this.#rows(group, device, columns, from, end);
      if (rows.timestamps.length > 0) yield rows;
      from = next;
    }
  }

  /** Rows of a device from an instant, about as many as fit into a frame, and the start of the next piece. A null column stays missing. */
  #rows(
    group: Group,
    device: number,
    columns: readonly (number | null)[],
    from: number,
    end: number,
  ): { rows: Rows; next: number | null } {
    const parts: Rows[] = [];
    let cut = end;
    const places = new Set(columns.flatMap((column) => (column === null ? [] : [placeOf(column)])));
    for (const place of places) {
      const table = tableAt(group, place);
      const wanted = columns.filter((column): column is number => column !== null && placeOf(column) === place);
      const { rows, next } = this.#sealed.read(table, device, { start: from, end }, pieceRows(table), wanted);
      if (next !== null) cut = Math.min(cut, next);
      const missing = new Float64Array(rows.timestamps.length).fill(Number.NaN);
      const ofColumn = new Map(wanted.map((number, c) => [number, rows.columns[c]!]));
      parts.push({
        timestamps: rows.timestamps,
        columns: columns.map((column) => (column === null ? missing : (ofColumn.get(column) ?? missing))),
      });
    }
    const within = parts.map((part) => sliceRows(part, from, cut));
    return { rows: dropEmptyRows(joinRows(within, columns.length)), next: cut < end ? cut : null };
  }

  #transaction(work: () => void): void {
    this.#connection.transaction(work, () => this.#tables.load());
  }
}

/** A device that has rows in a table. */
export interface DeviceOfTable {
  readonly deviceId: string;
  readonly device: number;
  readonly group: Group;
  readonly table: Table;
}

function pieceRows({ columns }: Table): number {
  return Math.min(MAX_PIECE_ROWS, Math.ceil(MAX_PIECE_VALUES / columns.length));
}
