import type { StatementSync } from 'node:sqlite';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Rows } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import { collectColumns, type ValuesOfRow } from './collect-columns.ts';
import { hashRow } from './row-hash.ts';
import { type Seal, SealChanges, type Table, verified } from './seals.ts';

/** Rows written by one statement, for tables up to this many columns; more gain nothing. */
const ROWS_PER_INSERT = 8;
const COLUMNS_PER_INSERT = 100;

/**
 * Rows with a seal for each hour of a device, in a separate table: SQLite has no checksums, and returns changed bytes as other values or as
 * fewer rows. Reads compare whole hours with their seals; writes change the seals by the difference, so that existing damage remains
 * detectable. Expects statements that return arrays.
 */
export class SealedRows {
  readonly #prepare: (sql: string) => StatementSync;

  constructor(prepare: (sql: string) => StatementSync) {
    this.#prepare = prepare;
  }

  /**
   * Rows of a device in the whole hours around a window, and the instant at which the next read continues.
   * @param rowsMax number of rows after which to stop, at the end of the hour
   * @param wanted numbers of the columns to return; all are read, since one checksum covers them
   * @throws ChecksumMismatch when rows and seals differ
   */
  read(
    table: Table,
    device: number,
    { start, end }: Window,
    rowsMax: number,
    wanted: readonly number[] = table.columns,
  ): { rows: Rows; next: number | null } {
    const { rows, next } = this.scan(table, device, { start, end }, rowsMax);
    const places = wanted.map((number) => table.columns.indexOf(number));
    return { rows: collectColumns(rows, table.columns.length, places), next };
  }

  /**
   * As `read`, row by row: the values of every column of the table, and the instant last.
   * @throws ChecksumMismatch, possibly after some rows, when rows and seals differ
   */
  scan(
    table: Table,
    device: number,
    { start, end }: Window,
    rowsMax: number,
  ): { rows: Iterable<ValuesOfRow>; next: number | null } {
    const first = Math.floor(start / HOUR_MS);
    const last = Math.ceil(end / HOUR_MS);
    const seals = new Map<number, Seal>();
    let planned = 0;
    let stop = last;
    const sealed = this.#prepare(
      `SELECT hour, rows, hash FROM ${table.seals} WHERE device = ? AND hour >= ? AND hour < ? ORDER BY hour`,
    );
    for (const [hour, rows, hash] of sealed.iterate(device, first, last) as unknown as Iterable<number[]>) {
      if (planned >= rowsMax) {
        stop = hour!;
        break;
      }
      seals.set(hour!, { rows: rows!, hash: hash! });
      planned += rows!;
    }
    const found = this.#rows(table, 'device = ? AND ts >= ? AND ts < ? ORDER BY ts');
    const rows = found.iterate(device, first * HOUR_MS, stop * HOUR_MS) as unknown as Iterable<ValuesOfRow>;
    return { rows: verified(table, device, rows, seals), next: stop < last ? stop * HOUR_MS : null };
  }

  /** The newest hour before a given one in which a device has rows or a seal; null without one. */
  newestHour(table: Table, device: number, before: number): number | null {
    const [instant] = this.#prepare(`SELECT max(ts) FROM ${table.rows} WHERE device = ? AND ts < ?`).get(
      device,
      before * HOUR_MS,
    ) as unknown as [number | null];
    const [hour] = this.#prepare(`SELECT max(hour) FROM ${table.seals} WHERE device = ? AND hour < ?`).get(
      device,
      before,
    ) as unknown as [number | null];
    if (instant === null && hour === null) return null;
    return Math.max(instant === null ? -Infinity : Math.floor(instant / HOUR_MS), hour ?? -Infinity);
  }

  /** Hours in which a device has a seal; empty when they cannot be read. */
  hours(table: Table, device: number): number[] {
    try {
      const found = this.#prepare(`SELECT hour FROM ${table.seals} WHERE device = ? ORDER BY hour`).all(device);
      return (found as unknown as [number][]).map(([hour]) => hour);
    } catch {
      // Damage of any kind: the caller takes what is readable.
      return [];
    }
  }

  /** The rows of an hour; null when they cannot be read or differ from their seal. */
  readWhole(table: Table, device: number, hour: number): Rows | null {
    try {
      return this.read(table, device, { start: hour * HOUR_MS, end: (hour + 1) * HOUR_MS }, Number.POSITIVE_INFINITY)
        .rows;
    } catch {
      return null;
    }
  }

  has(table: Table, device: number): boolean {
    return [table.rows, table.seals].some(
      (name) => this.#prepare(`SELECT 1 FROM ${name} WHERE device = ? LIMIT 1`).get(device) !== undefined,
    );
  }

  /**
   * Writes rows of a device; missing values leave stored ones unchanged.
   * @param rows merged: instants ascend, and every row has a value
   * @param numbers of the columns of `rows`, ascending
   */
  write(table: Table, device: number, rows: Rows, numbers: readonly number[]): void {
    const { timestamps, columns } = rows;
    const [newest] = this.#prepare(`SELECT max(ts) FROM ${table.rows} WHERE device = ?`).get(device) as unknown as [
      number | null,
    ];
    const changes = new SealChanges();
    const values = new Float64Array(columns.length);
    for (let row = 0; row < timestamps.length; row++) {
      const instant = timestamps[row]!;
      for (let c = 0; c < columns.length; c++) values[c] = columns[c]![row]!;
      const before = newest !== null && instant <= newest ? this.#rowAt(table, device, instant) : null;
      if (before === null) {
        changes.add(instant, 1, hashRow(instant, numbers, values));
        continue;
      }
      const after = before.slice();
      for (const [c, number] of numbers.entries()) {
        const value = values[c]!;
        if (value === value) after[table.columns.indexOf(number)] = value;
      }
      changes.add(instant, 0, hashRow(instant, table.columns, after) - hashRow(instant, table.columns, before));
    }
    this.#insert(table, device, rows, numbers);
    this.#apply(table, device, changes);
  }

  /** Deletes one value of a device, and its row if it has no other. */
  forget(table: Table, device: number, instant: number, number: number): void {
    const before = this.#rowAt(table, device, instant);
    if (before === null) return;
    const after = before.slice();
    after[table.columns.indexOf(number)] = null;
    const isEmpty = after.every((value) => value === null);
    const left = isEmpty ? 0 : hashRow(instant, table.columns, after);
    const changes = new SealChanges();
    changes.add(instant, isEmpty ? -1 : 0, left - hashRow(instant, table.columns, before));
    const change = isEmpty ? `DELETE FROM ${table.rows}` : `UPDATE ${table.rows} SET q${number} = NULL`;
    this.#prepare(`${change} WHERE device = ? AND ts = ?`).run(device, instant);
    this.#apply(table, device, changes);
  }

  /** Deletes the rows of a device before an instant; returns their number. */
  deleteBefore(table: Table, device: number, instant: number): number {
    const hour = Math.floor(instant / HOUR_MS);
    const changes = new SealChanges();
    const cut = this.#rows(table, 'device = ? AND ts >= ? AND ts < ?');
    for (const row of cut.iterate(device, hour * HOUR_MS, instant) as unknown as Iterable<ValuesOfRow>) {
      const at = row[table.columns.length]!;
      changes.add(at, -1, -hashRow(at, table.columns, row));
    }
    const { changes: rows } = this.#prepare(`DELETE FROM ${table.rows} WHERE device = ? AND ts < ?`).run(
      device,
      instant,
    );
    this.#prepare(`DELETE FROM ${table.seals} WHERE device = ? AND hour < ?`).run(device, hour);
    this.#apply(table, device, changes);
    return Number(rows);
  }

  /** Deletes the rows of a device and their seals, including damaged ones. */
  deleteAll(table: Table, device: number): void {
    for (const name of [table.rows, table.seals]) this.#prepare(`DELETE FROM ${name} WHERE device = ?`).run(device);
  }

  /** Seals rows that have no seals yet. */
  seal(table: Table, device: number): void {
    const changes = new SealChanges();
    const all = this.#rows(table, 'device = ?');
    for (const row of all.iterate(device) as unknown as Iterable<ValuesOfRow>) {
      const instant = row[table.columns.length]!;
      changes.add(instant, 1, hashRow(instant, table.columns, row));
    }
    this.#apply(table, device, changes);
  }

  /** Selects rows: the values of every column, and the instant. */
  #rows(table: Table, where: string): StatementSync {
    return this.#prepare(`SELECT ${table.columns.map((c) => `q${c}, `).join('')}ts FROM ${table.rows} WHERE ${where}`);
  }

  /** Values of a row; null for a missing row. */
  #rowAt(table: Table, device: number, instant: number): (number | null)[] | null {
    const found = this.#rows(table, 'device = ? AND ts = ?').get(device, instant) as unknown as
      | (number | null)[]
      | undefined;
    return found?.slice(0, table.columns.length) ?? null;
  }

  #insert(table: Table, device: number, { timestamps, columns }: Rows, numbers: readonly number[]): void {
    const names = numbers.map((number) => `q${number}`);
    const row = `(${['?', '?', ...names.map(() => '?')].join(', ')})`;
    const together = names.length > COLUMNS_PER_INSERT ? 1 : ROWS_PER_INSERT;
    const insert = (count: number) =>
      this.#prepare(
        `INSERT INTO ${table.rows} (device, ts, ${names.join(', ')}) VALUES ${Array(count).fill(row).join(', ')}
         ON CONFLICT (device, ts) DO UPDATE SET ${names.map((q) => `${q} = coalesce(excluded.${q}, ${q})`).join(', ')}`,
      );
    const many = insert(together);
    let values: (number | null)[] = [];
    for (let at = 0; at < timestamps.length; at++) {
      values.push(device, timestamps[at]!);
      for (const column of columns) {
        const value = column[at]!;
        values.push(value === value ? value : null);
      }
      if (values.length < together * (2 + columns.length)) continue;
      many.run(...values);
      values = [];
    }
    if (values.length > 0) insert(values.length / (2 + columns.length)).run(...values);
  }

  #apply(table: Table, device: number, changes: SealChanges): void {
    const change = this.#prepare(
      `INSERT INTO ${table.seals} (device, hour, rows, hash) VALUES (?, ?, ?, ?)
       ON CONFLICT (device, hour) DO UPDATE SET rows = rows + excluded.rows, hash = (hash + excluded.hash) & 4294967295`,
    );
    const drop = this.#prepare(`DELETE FROM ${table.seals} WHERE device = ? AND hour = ? AND rows = 0 AND hash = 0`);
    for (const [hour, { rows, hash }] of changes.byHour) {
      change.run(device, hour, rows, hash >>> 0);
      if (rows < 0) drop.run(device, hour);
    }
  }
}
