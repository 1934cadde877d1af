import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound } from '../../domain/columns/frame.ts';
import type { GroupRows } from '../coalesce.ts';
import { splitByDevice } from '../join-rows.ts';
import { bytesOf, type DayTable, TableBuilder, type TableRows } from './day-table.ts';
import { dayName, type FolderState, type StoreFolder } from './folder.ts';
import { OlderFiles } from './older-files.ts';
import { packTable, readRecords } from './record-lines.ts';

export interface DayTablesOptions {
  /** Number of days after which a day's file is deleted, counted from the day or the last write to it, whichever is later; null: never. */
  readonly retention_days: number | null;
  readonly timezone: string;
  readonly device?: string | undefined;
}

/** The extent of a series in a day. */
export interface DayExtent {
  readonly deviceId: string;
  readonly metric: string;
  readonly first: number;
  readonly last: number;
  readonly lastValue: number;
  readonly count: number;
}

interface Summary {
  readonly extents: readonly DayExtent[];
  readonly rows: number;
}

/** Maximum size of cached unpacked tables, bytes. */
const CACHE_BYTES = 64 * 1024 * 1024;

/**
 * The days of a store: its own files, which take precedence over the records of older installations. Changes must not overlap; reads may.
 */
export class DayTables {
  readonly #folder: StoreFolder;
  readonly #olderFiles: OlderFiles;
  /** Days with older records that apply in addition to the day's own file, if any. */
  readonly #older: Set<number>;
  readonly #options: DayTablesOptions;
  readonly #now: () => number;
  /** Day → name of its file; null for days of older records alone. */
  readonly #names: Map<number, string | null>;
  /** Instants before which records of older files are ignored; by metric group, '' for all. */
  #forgotten: Map<string, number>;
  /** Least recently used first. */
  readonly #cache = new Map<number, DayTable>();
  #cachedBytes = 0;
  #changes = 0;
  readonly #summaries = new Map<number, Summary>();

  private constructor(
    folder: StoreFolder,
    olderFiles: OlderFiles,
    names: Map<number, string | null>,
    { forgotten, absorbed }: FolderState,
    options: DayTablesOptions,
    now: () => number,
  ) {
    this.#folder = folder;
    this.#olderFiles = olderFiles;
    this.#names = names;
    this.#forgotten = new Map(Object.entries(forgotten));
    this.#older = new Set([...olderFiles.days()].filter((day) => !absorbed.includes(day)));
    this.#options = options;
    this.#now = now;
  }

  static async open(folder: StoreFolder, options: DayTablesOptions, now: () => number): Promise<DayTables> {
    const older = await OlderFiles.open(folder.path, { timezone: options.timezone, device: options.device });
    const names = new Map<number, string | null>(await folder.days());
    const tables = new DayTables(folder, older, names, await folder.state(), options, now);
    for (const day of tables.#older) if (!names.has(day)) names.set(day, null);
    return tables;
  }

  /** UTC days, ascending. */
  days(): number[] {
    return [...this.#names.keys()].sort((a, b) => a - b);
  }

  /** Empty for a missing day. */
  async table(day: number): Promise<DayTable> {
    const cached = this.#cache.get(day);
    if (cached !== undefined) {
      this.#cache.delete(day);
      this.#cache.set(day, cached);
      return cached;
    }
    const name = this.#names.get(day);
    if (name === undefined) return new Map();
    const changes = this.#changes;
    const table = await this.#load(day, name);
    // A table read during a change may be outdated.
    if (this.#changes === changes) this.#keep(day, table);
    return table;
  }

  async extents(day: number): Promise<readonly DayExtent[]> {
    return (await this.#summary(day)).extents;
  }

  async rows(): Promise<number> {
    let rows = 0;
    for (const day of this.days()) rows += (await this.#summary(day)).rows;
    return rows;
  }

  /** Merges rows into the files of their days, over existing values. */
  async merge(groups: readonly GroupRows[]): Promise<void> {
    for (const [day, added] of byDay(groups)) {
      const builder = new TableBuilder();
      addTable(builder, await this.table(day));
      for (const { group, device, rows } of added) builder.addRows(group, device, rows);
      await this.#write(day, builder.build());
    }
  }

  /**
   * Deletes files of days that ended before the retention and were last written before it: data of an import or a backfill is kept for the
   * whole retention after its arrival. Returns the number of deleted days.
   */
  async removeExpired(): Promise<number> {
    const { retention_days: retentionDays } = this.#options;
    if (retentionDays === null) return 0;
    const expired = this.#now() - retentionDays * UTC_DAY_MS;
    let removed = 0;
    for (const day of this.days()) {
      const name = this.#names.get(day);
      if (!name || (day + 1) * UTC_DAY_MS > expired || (await this.#folder.writtenAt(name)) > expired) continue;
      await this.#remove(day);
      removed++;
    }
    return removed;
  }

  /** Erases the values at the positions given by the rows. */
  async erase(groups: readonly GroupRows[]): Promise<void> {
    for (const [day, places] of byDay(groups)) {
      const table = new TableBuilder();
      addTable(table, await this.table(day));
      const before = table.build();
      for (const { group, device, rows } of places) eraseFrom(before.get(group)?.get(device), rows);
      const kept = new TableBuilder();
      addTable(kept, before);
      const after = kept.build();
      if (after.size > 0) await this.#write(day, after);
      else if (this.#names.has(day)) await this.#remove(day);
    }
  }

  /** Rewrites the days that contain data of the devices. */
  async deleteDevices(deviceIds: ReadonlySet<string>): Promise<void> {
    for (const day of this.days()) {
      const table = await this.table(day);
      const kept = new Map(
        [...table].map(([group, devices]) => [group, new Map([...devices].filter(([id]) => !deviceIds.has(id)))]),
      );
      if ([...kept].every(([group, devices]) => devices.size === table.get(group)!.size)) continue;
      const isEmpty = [...kept.values()].every(({ size }) => size === 0);
      // A day with older records keeps its own file, even an empty one: without it, the older records would apply again.
      if (isEmpty && !this.#older.has(day)) await this.#remove(day);
      else await this.#write(day, kept);
    }
  }

  /** Returns the number of deleted rows. */
  async deleteBefore(instant: number, group: string | null): Promise<number> {
    const before = await this.rows();
    const key = group ?? '';
    this.#forgotten.set(key, Math.max(this.#forgotten.get(key) ?? instant, instant));
    const forgotten = Object.fromEntries(this.#forgotten);
    await this.#folder.writeState({ ...(await this.#folder.state()), forgotten });
    for (const day of this.days()) {
      if (day * UTC_DAY_MS >= instant) break;
      const kept = await this.#without(day, instant, group);
      if (this.#names.get(day) === null) this.#forget(day);
      else if (kept.size === 0) await this.#remove(day);
      else await this.#write(day, kept);
    }
    return before - (await this.rows());
  }

  async #without(day: number, instant: number, group: string | null): Promise<DayTable> {
    const kept = new TableBuilder();
    addTable(kept, await this.table(day), (of) =>
      group === null || of === group ? instant : Number.NEGATIVE_INFINITY,
    );
    return kept.build();
  }

  async #load(day: number, name: string | null): Promise<DayTable> {
    const older = new TableBuilder();
    if (this.#older.has(day)) await this.#olderFiles.readDay(day, older);
    const builder = new TableBuilder();
    const all = this.#forgotten.get('') ?? Number.NEGATIVE_INFINITY;
    addTable(builder, older.build(), (group) => Math.max(all, this.#forgotten.get(group) ?? all));
    const bytes = name === null ? null : await this.#folder.read(name);
    if (bytes !== null) await readRecords(name as string, bytes, builder);
    return builder.build();
  }

  async #write(day: number, table: DayTable): Promise<void> {
    const name = dayName(day);
    const before = this.#names.get(day);
    await this.#folder.write(name, await packTable(table));
    this.#forget(day);
    this.#names.set(day, name);
    this.#keep(day, table);
    if (before && before !== name) await this.#folder.remove(before);
    if (this.#older.delete(day)) await this.#noteAbsorbed(day);
  }

  async #remove(day: number): Promise<void> {
    const name = this.#names.get(day);
    this.#forget(day);
    if (name) await this.#folder.remove(name);
    if (this.#older.has(day)) this.#names.set(day, null);
    else this.#names.delete(day);
  }

  async #noteAbsorbed(day: number): Promise<void> {
    const state = await this.#folder.state();
    await this.#folder.writeState({ ...state, absorbed: [...state.absorbed, day] });
  }

  async #summary(day: number): Promise<Summary> {
    const known = this.#summaries.get(day) ?? summaryOf(await this.table(day));
    this.#summaries.set(day, known);
    return known;
  }

  #keep(day: number, table: DayTable): void {
    if (this.#cache.has(day)) return;
    this.#cache.set(day, table);
    this.#cachedBytes += bytesOf(table);
    for (const [oldest, other] of this.#cache) {
      if (this.#cachedBytes <= CACHE_BYTES || oldest === day) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= bytesOf(other);
    }
  }

  #forget(day: number): void {
    const cached = this.#cache.get(day);
    if (cached !== undefined) this.#cachedBytes -= bytesOf(cached);
    this.#cache.delete(day);
    this.#summaries.delete(day);
    this.#changes++;
  }
}

/** Adds the rows of a table from an instant, which may differ by group. */
function addTable(
  builder: TableBuilder,
  table: DayTable,
  from: (group: string) => number = () => Number.NEGATIVE_INFINITY,
): void {
  for (const [group, devices] of table) {
    for (const [device, { quantities, rows }] of devices) {
      const cut = lowerBound(rows.timestamps, from(group));
      const left = {
        timestamps: rows.timestamps.subarray(cut),
        columns: rows.columns.map((column) => column.subarray(cut)),
      };
      if (left.timestamps.length > 0) builder.addRows(group, device, { quantities, rows: left });
    }
  }
}

function eraseFrom(from: TableRows | undefined, places: TableRows): void {
  if (from === undefined) return;
  for (const [c, quantity] of places.quantities.entries()) {
    const column = from.rows.columns[from.quantities.indexOf(quantity)];
    if (column === undefined) continue;
    for (const [row, instant] of places.rows.timestamps.entries()) {
      const at = lowerBound(from.rows.timestamps, instant);
      const isPlace = from.rows.timestamps[at] === instant && !Number.isNaN(places.rows.columns[c]?.[row]);
      if (isPlace) column[at] = Number.NaN;
    }
  }
}

/** Rows by UTC day, in order of arrival. */
function byDay(groups: readonly GroupRows[]): Map<number, { group: string; device: string; rows: TableRows }[]> {
  const days = new Map<number, { group: string; device: string; rows: TableRows }[]>();
  for (const { group, quantities, devices, device, timestamps, columns } of groups) {
    for (const [place, rows] of splitByDevice(device, { timestamps, columns })) {
      const dayOfRow = Int32Array.from(rows.timestamps, (instant) => Math.floor(instant / UTC_DAY_MS));
      for (const [day, part] of splitByDevice(dayOfRow, rows)) {
        const list = days.get(day) ?? [];
        days.set(day, list);
        list.push({ group, device: devices[place]!, rows: { quantities, rows: part } });
      }
    }
  }
  return days;
}

function summaryOf(table: DayTable): Summary {
  const extents: DayExtent[] = [];
  let rows = 0;
  for (const [group, devices] of table) {
    for (const [deviceId, { quantities, rows: of }] of devices) {
      rows += of.timestamps.length;
      for (const [c, quantity] of quantities.entries()) {
        const column = of.columns[c]!;
        const present = column.reduce<number[]>((places, value, row) => {
          if (value === value) places.push(row);
          return places;
        }, []);
        const [first, last] = [present[0], present.at(-1)];
        if (first === undefined || last === undefined) continue;
        extents.push({
          deviceId,
          metric: `${group}.${quantity}`,
          first: of.timestamps[first]!,
          last: of.timestamps[last]!,
          lastValue: column[last]!,
          count: present.length,
        });
      }
    }
  }
  return { extents, rows };
}
