import { type Rows, sliceRows } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import { joinRows, makeRows, partOf, splitByDevice } from '../join-rows.ts';
import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';
import type { RecentExtents } from './recent-extents.ts';
import { unpackChunk } from './settled.ts';
import type { SettledCache } from './settled-cache.ts';

/** Cached knowledge of a database's rows. */
export interface Sources {
  readonly recent: RecentExtents;
  readonly settled: SettledCache;
}

/** For more devices than this, chunks are read at once and not cached. */
const CACHED_DEVICES = 16;

/** Rows of some devices: device number → rows on a strictly ascending axis; devices without rows are omitted. */
export type DeviceRows = Map<number, Rows>;

/**
 * Rows of devices within a window, recent and settled merged. Columns are numbers of the group's columns, or null for a column without
 * values. The result may include rows without a value in any of the columns.
 * Recent rows are read before settled chunks: rows that a concurrent compaction moves are then read twice, never missed, and merging the
 * same rows twice has no effect.
 *
 * @param sources caches; null within a transaction, which sees an older snapshot
 */
export async function scan(
  connection: Connection,
  sources: Sources | null,
  group: Group,
  devices: readonly number[],
  columns: readonly (number | null)[],
  window: Window,
): Promise<DeviceRows> {
  const known = columns.filter((column) => column !== null);
  if (devices.length === 0 || known.length === 0) return new Map();
  const fresh = sources === null ? devices : sources.recent.within(group, devices, window);
  const recent = fresh.length === 0 ? new Map() : await recentRows(connection, group, fresh, known, window);
  const settled =
    sources !== null && devices.length <= CACHED_DEVICES
      ? await cachedRows(connection, sources.settled, group, devices, known, window)
      : await settledRows(connection, group, devices, known, window);
  const merged: DeviceRows = new Map();
  for (const device of new Set([...settled.keys(), ...recent.keys()])) {
    const parts = [settled.get(device), recent.get(device)].filter((part) => part !== undefined);
    const rows = sliceRows(joinRows(parts, known.length), window.start, window.end);
    if (rows.timestamps.length > 0) merged.set(device, placeColumns(rows, columns));
  }
  return merged;
}

/** Rows of a group's recent table in order of arrival, by device. */
export async function recentRows(
  connection: Connection,
  group: Group,
  devices: readonly number[],
  columns: readonly number[],
  { start, end }: Window,
): Promise<DeviceRows> {
  const names = columns.map((column) => `, q${column}`).join('');
  const result = await connection.query(
    `SELECT device, ts${names} FROM ${group.recent} WHERE ${among(devices)} AND ts >= ? AND ts < ?`,
    [...single(devices), start, end],
  );
  if (result.rows === 0) return new Map();
  const rows = { timestamps: result.doubles(1), columns: columns.map((_, i) => result.doubles(2 + i)) };
  return splitByDevice(result.integers(0), rows);
}

/** As `settledRows`, from memory where possible. */
async function cachedRows(
  connection: Connection,
  cache: SettledCache,
  group: Group,
  devices: readonly number[],
  columns: readonly number[],
  window: Window,
): Promise<DeviceRows> {
  const found: DeviceRows = new Map();
  for (const device of devices) {
    const chunks = await cache.chunks(connection, group, device, columns, window);
    if (chunks.length === 0) continue;
    const rows = makeRows(
      chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
      columns.length,
    );
    let at = 0;
    for (const { rows: count, timestamps, cells } of chunks) {
      unpackChunk(timestamps, cells, partOf(rows, at, at + count));
      at += count;
    }
    found.set(device, rows);
  }
  return found;
}

/** The rows of settled chunks that overlap a window, by device, in ascending time. */
async function settledRows(
  connection: Connection,
  group: Group,
  devices: readonly number[],
  columns: readonly number[],
  { start, end }: Window,
): Promise<DeviceRows> {
  const names = columns.map((column) => `, q${column}`).join('');
  const result = await connection.query(
    `SELECT device, first_ts, rows, ts${names} FROM ${group.settled} WHERE ${among(devices)} AND last_ts >= ? AND first_ts < ?`,
    [...single(devices), start, end],
  );
  const device = result.integers(0);
  const first = result.doubles(1);
  const counts = result.integers(2);
  const timestamps = result.bytes(3);
  const cells = columns.map((_, i) => result.bytes(4 + i));
  const ascending = [...first.keys()].sort((a, b) => first[a]! - first[b]!);
  const found: DeviceRows = new Map();
  for (const [id, chunks] of Map.groupBy(ascending, (chunk) => device[chunk]!)) {
    const length = chunks.reduce((sum, chunk) => sum + counts[chunk]!, 0);
    const rows = makeRows(length, columns.length);
    let at = 0;
    for (const chunk of chunks) {
      const part = partOf(rows, at, at + counts[chunk]!);
      const packed = cells.map((column) => column[chunk] ?? null);
      unpackChunk(timestamps[chunk]!, packed, part);
      at += counts[chunk]!;
    }
    found.set(id, rows);
  }
  return found;
}

/** A condition on the device: a single device as a parameter, so that the plan is cached; several as literal numbers. */
export function among(devices: readonly number[]): string {
  return devices.length === 1 ? 'device = ?::INTEGER' : `device IN (${devices.join(', ')})`;
}

/** The parameter for the condition of `among`. */
export function single(devices: readonly number[]): number[] {
  return devices.length === 1 ? [devices[0]!] : [];
}

/** Puts known columns at their requested positions. */
function placeColumns({ timestamps, columns }: Rows, asked: readonly (number | null)[]): Rows {
  if (asked.length === columns.length) return { timestamps, columns };
  let next = 0;
  return {
    timestamps,
    columns: asked.map((column) =>
      column === null ? new Float64Array(timestamps.length).fill(Number.NaN) : columns[next++]!,
    ),
  };
}
