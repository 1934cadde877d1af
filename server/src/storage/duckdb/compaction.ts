import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Rows, sliceRows } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import { dropEmptyRows, joinRows, makeRows } from '../join-rows.ts';
import type { Group } from './catalog.ts';
import { type ChunkSpan, chunkSpans, cutIntoChunks } from './chunks.ts';
import type { Connection } from './engine.ts';
import { recentRows } from './scan.ts';
import { appendChunks, type Chunk, packChunks, unpackChunk } from './settled.ts';

/** Maximum number of values that one transaction moves, except for a single day of a device that has more. */
const MAX_MOVED_VALUES = 2_000_000;

/** Recent rows that are moved together: some devices on some days. */
export interface Move {
  /** Device → UTC days that have recent rows, ascending. */
  readonly touched: Map<number, number[]>;
  readonly days: Set<number>;
  rows: number;
}

/** Plans the moves of a group's recent rows before an instant, oldest days first. */
export async function planMoves(connection: Connection, group: Group, cutoff: number): Promise<Move[]> {
  const result = await connection.query(
    `SELECT floor(ts / ${UTC_DAY_MS}) AS day, device, count(*)::DOUBLE FROM ${group.recent} WHERE ts < ? GROUP BY ALL ORDER BY ALL`,
    [cutoff],
  );
  const days = result.doubles(0);
  const devices = result.integers(1);
  const rows = result.doubles(2);
  const rowsMax = Math.max(1, Math.floor(MAX_MOVED_VALUES / Math.max(1, group.quantities.size)));
  const moves: Move[] = [];
  for (let from = 0; from < result.rows; ) {
    const day = days[from]!;
    let to = from;
    let dayRows = 0;
    for (; to < result.rows && days[to] === day; to++) dayRows += rows[to]!;
    const last = moves.at(-1);
    let move = last !== undefined && last.rows + dayRows <= rowsMax ? last : begin(moves);
    for (let i = from; i < to; i++) {
      // A day that does not fit into one transaction is split by device.
      if (move.rows > 0 && dayRows > rowsMax && move.rows + rows[i]! > rowsMax) move = begin(moves);
      const device = devices[i]!;
      move.touched.set(device, [...(move.touched.get(device) ?? []), day]);
      move.days.add(day);
      move.rows += rows[i]!;
    }
    from = to;
  }
  return moves;
}

function begin(moves: Move[]): Move {
  const move: Move = { touched: new Map(), days: new Set(), rows: 0 };
  moves.push(move);
  return move;
}

/**
 * Makes one move in one transaction: recent rows, merged with the existing rows of their days, become settled chunks.
 * @param change transforms the merged rows of a device before they are settled; columns in the order of their numbers
 */
export async function settle(
  connection: Connection,
  group: Group,
  move: Move,
  change: (device: number, rows: Rows) => Rows = (_, rows) => rows,
): Promise<void> {
  const columns = [...group.quantities.values()].sort((a, b) => a - b);
  const devices = [...move.touched.keys()];
  const days = [...move.days];
  const window = { start: days[0]! * UTC_DAY_MS, end: ((days.at(-1) as number) + 1) * UTC_DAY_MS };
  await connection.transaction(async () => {
    const recent = await recentRows(connection, group, devices, columns, window);
    const spans = await spansOf(connection, group, devices, window);
    const plans = new Map(
      [...move.touched].map(([device, touched]) => [device, chunkSpans(spans.get(device) ?? [], touched)]),
    );
    const taken = [...plans.values()].flatMap(({ taken }) => taken.map(({ rowId }) => rowId));
    const before = await unpackAll(connection, group, columns, taken);
    const packed: Chunk[] = [];
    for (const device of devices) {
      const fresh = recent.get(device);
      const { taken, kept } = plans.get(device) as ReturnType<typeof chunkSpans>;
      const parts = [...taken.map(({ rowId }) => before.get(rowId) as Rows), ...(fresh ? [fresh] : [])];
      const merged = dropEmptyRows(change(device, joinRows(parts, columns.length)));
      if (merged.timestamps.length === 0) continue;
      for (const part of cutIntoChunks(merged, kept)) packed.push(...packChunks(device, part));
    }
    if (taken.length > 0) await connection.run(`DELETE FROM ${group.settled} WHERE rowid IN (${taken.join(', ')})`);
    appendChunks(connection, group, packed);
    await connection.run(
      `DELETE FROM ${group.recent} WHERE ts >= ${window.start} AND ts < ${window.end} AND device IN (${devices.join(', ')})`,
    );
  });
}

/** Settled chunks of devices in the months around a window: device → chunk spans, ascending. */
async function spansOf(
  connection: Connection,
  group: Group,
  devices: readonly number[],
  { start, end }: Window,
): Promise<Map<number, ChunkSpan[]>> {
  const from = new Date(start);
  const month = Date.UTC(from.getUTCFullYear(), from.getUTCMonth());
  const result = await connection.run(
    `SELECT device, first_ts, last_ts, rows, rowid::DOUBLE FROM ${group.settled}
     WHERE last_ts >= ${month} AND first_ts < ${end} AND device IN (${devices.join(', ')}) ORDER BY first_ts`,
  );
  const device = result.integers(0);
  const first = result.doubles(1);
  const last = result.doubles(2);
  const rows = result.integers(3);
  const rowId = result.doubles(4);
  const spans = new Map<number, ChunkSpan[]>();
  for (let i = 0; i < result.rows; i++) {
    const span = {
      first: first[i]!,
      last: last[i]!,
      rows: rows[i]!,
      rowId: rowId[i]!,
    };
    const list = spans.get(device[i]!);
    if (list) list.push(span);
    else spans.set(device[i]!, [span]);
  }
  return spans;
}

async function unpackAll(
  connection: Connection,
  group: Group,
  columns: readonly number[],
  rowIds: readonly number[],
): Promise<Map<number, Rows>> {
  if (rowIds.length === 0) return new Map();
  const result = await connection.run(
    `SELECT rowid::DOUBLE, rows, ts${columns.map((c) => `, q${c}`).join('')} FROM ${group.settled} WHERE rowid IN (${rowIds.join(', ')})`,
  );
  const id = result.doubles(0);
  const rows = result.integers(1);
  const timestamps = result.bytes(2);
  const cells = columns.map((_, i) => result.bytes(3 + i));
  const unpacked = new Map<number, Rows>();
  for (let i = 0; i < result.rows; i++) {
    const packed = cells.map((column) => column[i] ?? null);
    const into = makeRows(rows[i]!, columns.length);
    unpacked.set(id[i]!, unpackChunk(timestamps[i]!, packed, into));
  }
  return unpacked;
}

/** Deletes the part of settled chunks before an instant; returns the number of deleted rows. */
export async function trimSettled(connection: Connection, group: Group, instant: number): Promise<number> {
  const columns = [...group.quantities.values()].sort((a, b) => a - b);
  const gone = await connection.query(`SELECT coalesce(sum(rows), 0)::DOUBLE FROM ${group.settled} WHERE last_ts < ?`, [
    instant,
  ]);
  await connection.query(`DELETE FROM ${group.settled} WHERE last_ts < ?`, [instant]);
  const cut = await connection.query(`SELECT rowid::DOUBLE, device FROM ${group.settled} WHERE first_ts < ?`, [
    instant,
  ]);
  const rowIds = cut.doubles(0);
  const devices = cut.integers(1);
  const chunks = await unpackAll(connection, group, columns, [...rowIds]);
  let rows = gone.doubles(0)[0]!;
  const kept: Chunk[] = [];
  for (const [i, rowId] of rowIds.entries()) {
    const chunk = chunks.get(rowId) as Rows;
    const rest = sliceRows(chunk, instant, Number.POSITIVE_INFINITY);
    rows += chunk.timestamps.length - rest.timestamps.length;
    kept.push(...packChunks(devices[i]!, rest));
  }
  await connection.query(`DELETE FROM ${group.settled} WHERE first_ts < ?`, [instant]);
  appendChunks(connection, group, kept);
  return rows;
}
