import { type Rows, sliceRows } from '../../domain/frame.ts';
import type { Window } from '../../domain/window.ts';
import { joinRows, splitByDevice } from '../rows.ts';
import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';
import { unpackDay } from './settled.ts';

/** Rows of some devices: device number → rows on a strictly ascending axis; devices without rows are left out. */
export type DeviceRows = Map<number, Rows>;

/**
 * Rows of devices within a window, recent and settled merged. Columns are numbers of the group's columns, or null for a column
 * without values. Rows in which none of the columns has a value may be among them.
 *
 * Recent rows are read before settled days: a compaction in between is then seen twice, never missed, and merging the same rows
 * twice changes nothing.
 */
export async function scan(
  connection: Connection,
  group: Group,
  devices: readonly number[],
  columns: readonly (number | null)[],
  window: Window,
): Promise<DeviceRows> {
  const known = columns.filter((column) => column !== null);
  if (devices.length === 0 || known.length === 0) return new Map();
  const recent = await recentRows(connection, group, devices, known, window);
  const parts = await settledRows(connection, group, devices, known, window);
  for (const [device, rows] of recent) {
    const settled = parts.get(device);
    if (settled) settled.push(rows);
    else parts.set(device, [rows]);
  }
  const merged: DeviceRows = new Map();
  for (const [device, list] of parts) {
    const rows = sliceRows(joinRows(list, known.length), window.start, window.end);
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

/** Settled days that reach into a window, by device, in ascending time. */
async function settledRows(
  connection: Connection,
  group: Group,
  devices: readonly number[],
  columns: readonly number[],
  { start, end }: Window,
): Promise<Map<number, Rows[]>> {
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
  const order = Uint32Array.from(first.keys()).sort((a, b) => (first[a] as number) - (first[b] as number));
  const parts = new Map<number, Rows[]>();
  for (const row of order) {
    const day = unpackDay(
      counts[row] as number,
      timestamps[row] as Uint8Array,
      cells.map((column) => column[row] ?? null),
    );
    const list = parts.get(device[row] as number);
    if (list) list.push(day);
    else parts.set(device[row] as number, [day]);
  }
  return parts;
}

/** A condition on the device: one as a parameter, so that the plan is kept, several as numbers in place. */
export function among(devices: readonly number[]): string {
  return devices.length === 1 ? 'device = ?::INTEGER' : `device IN (${devices.join(', ')})`;
}

/** The parameter that goes with `among`. */
export function single(devices: readonly number[]): number[] {
  return devices.length === 1 ? [devices[0] as number] : [];
}

/** Puts known columns where they were asked for. */
function placeColumns({ timestamps, columns }: Rows, asked: readonly (number | null)[]): Rows {
  if (asked.length === columns.length) return { timestamps, columns };
  let next = 0;
  return {
    timestamps,
    columns: asked.map((column) =>
      column === null ? new Float64Array(timestamps.length).fill(Number.NaN) : (columns[next++] as Float64Array),
    ),
  };
}
