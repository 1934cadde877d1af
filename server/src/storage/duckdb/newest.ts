import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Rows } from '../../domain/columns/frame.ts';
import { makeRows } from '../join-rows.ts';
import type { Group } from './catalog.ts';
import { dayOf, splitByDay } from './chunks.ts';
import type { Connection } from './engine.ts';
import { recentRows, scan } from './scan.ts';
import { type ChunkExtent, unpackChunk, unpackExtents } from './settled.ts';
import { divide, type RowsByDay } from './spans.ts';

/** Maximum number of rows in memory while a whole group is scanned. */
const PASS_ROWS = 500_000;

/** First, last and number of values of a series: device number and column number. */
export interface Extent {
  readonly device: number;
  readonly column: number;
  first: number;
  last: number;
  count: number;
}

export interface Newest {
  readonly device: number;
  readonly column: number;
  readonly timestamp: number;
  readonly value: number;
}

/** Extents of every series of a group. Chunks whose days have recent rows are merged and counted; all others store their extents. */
export async function extentsOf(connection: Connection, group: Group): Promise<Extent[]> {
  const touched = await recentDays(connection, group, Number.NEGATIVE_INFINITY);
  const extents = new Extents();
  for (const chunk of await settledExtents(connection, group, Number.NEGATIVE_INFINITY)) {
    if (!takeTouched(chunk, touched)) for (const extent of chunk.extents) extents.add(chunk.device, extent);
  }
  const columns = [...group.quantities.values()];
  await eachSpan(touched, async (devices, window) => {
    for (const [device, rows] of await scan(connection, null, group, devices, columns, window)) {
      for (const [day, part] of splitByDay(rows)) {
        if (!touched.get(device)?.has(day)) continue;
        for (const [i, column] of columns.entries()) extents.addColumn(device, column, part, i);
      }
    }
  });
  return extents.all();
}

/** Adds the days of a chunk to the days to merge when one of them is touched; returns whether one is. */
function takeTouched({ device, first, last, rows }: SettledExtents, touched: Map<number, RowsByDay>): boolean {
  const days = touched.get(device);
  if (days === undefined) return false;
  const from = dayOf(first);
  const to = dayOf(last);
  let any = false;
  for (const day of days.keys()) if (day >= from && day <= to) any = true;
  if (!any) return false;
  const each = Math.ceil(rows / (to - from + 1));
  for (let day = from; day <= to; day++) days.set(day, (days.get(day) ?? 0) + each);
  return true;
}

/** The newest value of every series of a group, at or after `since`. */
export async function newestOf(connection: Connection, group: Group, since: number): Promise<Newest[]> {
  const newest = new Map<string, Newest>();
  const columns = [...group.quantities.values()];
  await eachSpan(await recentDays(connection, group, since), async (devices, window) => {
    const start = Math.max(window.start, since);
    for (const [device, rows] of await recentRows(connection, group, devices, columns, { ...window, start })) {
      for (const [i, column] of columns.entries()) takeNewest(newest, device, column, rows, i);
    }
  });
  const chunks = await settledExtents(connection, group, since);
  const wanted = new Map<string, { rowId: number; column: number; last: number }>();
  for (const { device, rowId, extents } of chunks) {
    for (const { column, last } of extents) {
      const key = `${device} ${column}`;
      // At the same instant, the recent value is the newer one.
      if (last < since || last <= Math.max(newest.get(key)?.timestamp ?? -Infinity, wanted.get(key)?.last ?? -Infinity))
        continue;
      wanted.set(key, { rowId, column, last });
    }
  }
  const byRow = Map.groupBy(wanted.values(), ({ rowId }) => rowId);
  if (byRow.size === 0) return [...newest.values()];
  const names = columns.map((column) => `, q${column}`).join('');
  const result = await connection.run(
    `SELECT rowid::DOUBLE, device, rows, ts${names} FROM ${group.settled} WHERE rowid IN (${[...byRow.keys()].join(', ')})`,
  );
  const rowIds = result.doubles(0);
  const device = result.integers(1);
  const counts = result.integers(2);
  const timestamps = result.bytes(3);
  const cells = new Map(columns.map((column, i) => [column, result.bytes(4 + i)]));
  for (let i = 0; i < result.rows; i++) {
    const needed = byRow.get(rowIds[i]!) ?? [];
    const packed = needed.map(({ column }) => cells.get(column)?.[i] ?? null);
    const into = makeRows(counts[i]!, packed.length);
    const rows = unpackChunk(timestamps[i]!, packed, into);
    for (const [c, { column }] of needed.entries()) takeNewest(newest, device[i]!, column, rows, c);
  }
  return [...newest.values()];
}

/** The newest value of a column in rows of arrival order, if it is not older than the known one. */
function takeNewest(newest: Map<string, Newest>, device: number, column: number, rows: Rows, at: number): void {
  const values = rows.columns[at]!;
  const key = `${device} ${column}`;
  let best = newest.get(key)?.timestamp ?? Number.NEGATIVE_INFINITY;
  let found = -1;
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== values[row] || rows.timestamps[row]! < best) continue;
    best = rows.timestamps[row]!;
    found = row;
  }
  if (found >= 0) newest.set(key, { device, column, timestamp: best, value: values[found]! });
}

async function recentDays(connection: Connection, group: Group, since: number): Promise<Map<number, RowsByDay>> {
  const result = await connection.query(
    `SELECT device, floor(ts / ${UTC_DAY_MS}) AS day, count(*)::DOUBLE FROM ${group.recent} WHERE ts >= ? GROUP BY ALL ORDER BY ALL`,
    [since],
  );
  const device = result.integers(0);
  const day = result.doubles(1);
  const rows = result.doubles(2);
  const found = new Map<number, RowsByDay>();
  for (let i = 0; i < result.rows; i++) {
    const days = found.get(device[i]!) ?? new Map<number, number>();
    found.set(device[i]!, days.set(day[i]!, rows[i]!));
  }
  return found;
}

interface SettledExtents {
  readonly device: number;
  readonly rowId: number;
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly extents: ChunkExtent[];
}

async function settledExtents(connection: Connection, group: Group, since: number): Promise<SettledExtents[]> {
  const result = await connection.query(
    `SELECT device, rowid::DOUBLE, first_ts, last_ts, rows, extents FROM ${group.settled} WHERE last_ts >= ?`,
    [since],
  );
  const device = result.integers(0);
  const rowId = result.doubles(1);
  const first = result.doubles(2);
  const last = result.doubles(3);
  const rows = result.integers(4);
  return result.bytes(5).map((bytes, i) => ({
    device: device[i]!,
    rowId: rowId[i]!,
    first: first[i]!,
    last: last[i]!,
    rows: rows[i]!,
    extents: unpackExtents(bytes as Uint8Array, first[i]!, last[i]!, rows[i]!),
  }));
}

/** Iterates over all counted days, in spans of devices and days. */
async function eachSpan(
  counts: Map<number, RowsByDay>,
  visit: (devices: number[], window: { start: number; end: number }) => Promise<void>,
): Promise<void> {
  const devices = [...counts.keys()];
  let start = Number.POSITIVE_INFINITY;
  let end = Number.NEGATIVE_INFINITY;
  for (const days of counts.values()) {
    for (const day of days.keys()) {
      start = Math.min(start, day * UTC_DAY_MS);
      end = Math.max(end, (day + 1) * UTC_DAY_MS);
    }
  }
  const ascending = [...counts.values()].map((days) => new Map([...days].sort(([a], [b]) => a - b)));
  for (const span of divide(ascending, { start, end }, PASS_ROWS)) {
    await visit(
      span.devices.map((position) => devices[position]!),
      span.window,
    );
  }
}

class Extents {
  readonly #found = new Map<string, Extent>();

  add(device: number, { column, first, last, count }: ChunkExtent): void {
    const key = `${device} ${column}`;
    const known = this.#found.get(key);
    if (known === undefined) {
      this.#found.set(key, { device, column, first, last, count });
      return;
    }
    known.first = Math.min(known.first, first);
    known.last = Math.max(known.last, last);
    known.count += count;
  }

  addColumn(device: number, column: number, rows: Rows, at: number): void {
    const values = rows.columns[at]!;
    let count = 0;
    let first = -1;
    let last = -1;
    for (let row = 0; row < values.length; row++) {
      if (values[row] !== values[row]) continue;
      if (count++ === 0) first = row;
      last = row;
    }
    if (count === 0) return;
    this.add(device, {
      column,
      count,
      first: rows.timestamps[first]!,
      last: rows.timestamps[last]!,
    });
  }

  all(): Extent[] {
    return [...this.#found.values()];
  }
}
