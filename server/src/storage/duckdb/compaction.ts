import type { Rows } from '../../domain/frame.ts';
import { lowerBound, sliceRows } from '../../domain/frame.ts';
import { UTC_DAY_MS } from '../../domain/window.ts';
import { dropEmptyRows, joinRows } from '../rows.ts';
import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';
import { recentRows } from './scan.ts';
import { appendDays, packDay, type SettledDay, unpackDay } from './settled.ts';

/** Values that one transaction moves at most, but for a device's single day that has more. */
const MOVE_VALUES_MAX = 2_000_000;

/** Recent rows that are moved together: some devices on some days. */
interface Move {
  readonly devices: Set<number>;
  readonly days: Set<number>;
  /** `device day` of everything that has recent rows. */
  readonly touched: Set<string>;
  rows: number;
}

/** Plans the moves of a group's recent rows from before an instant, the oldest days first. */
export async function planMoves(connection: Connection, group: Group, cutoff: number): Promise<Move[]> {
  const result = await connection.query(
    `SELECT floor(ts / ${UTC_DAY_MS}) AS day, device, count(*)::DOUBLE FROM ${group.recent} WHERE ts < ? GROUP BY ALL ORDER BY ALL`,
    [cutoff],
  );
  const days = result.doubles(0);
  const devices = result.integers(1);
  const rows = result.doubles(2);
  const rowsMax = Math.max(1, Math.floor(MOVE_VALUES_MAX / Math.max(1, group.quantities.size)));
  const moves: Move[] = [];
  for (let from = 0; from < result.rows; ) {
    const day = days[from] as number;
    let to = from;
    let dayRows = 0;
    for (; to < result.rows && days[to] === day; to++) dayRows += rows[to] as number;
    const last = moves.at(-1);
    let move = last !== undefined && last.rows + dayRows <= rowsMax ? last : begin(moves);
    for (let i = from; i < to; i++) {
      // A day that does not fit into one transaction goes by devices.
      if (move.rows > 0 && dayRows > rowsMax && move.rows + (rows[i] as number) > rowsMax) move = begin(moves);
      move.days.add(day);
      move.devices.add(devices[i] as number);
      move.touched.add(`${devices[i]} ${day}`);
      move.rows += rows[i] as number;
    }
    from = to;
  }
  return moves;
}

function begin(moves: Move[]): Move {
  const move: Move = { devices: new Set(), days: new Set(), touched: new Set(), rows: 0 };
  moves.push(move);
  return move;
}

/** Makes one move in one transaction: recent rows, merged with what their days already hold, become settled days. */
export async function settle(connection: Connection, group: Group, move: Move): Promise<void> {
  const columns = [...group.quantities.values()].sort((a, b) => a - b);
  const devices = [...move.devices];
  const days = [...move.days];
  const window = { start: (days[0] as number) * UTC_DAY_MS, end: ((days.at(-1) as number) + 1) * UTC_DAY_MS };
  await connection.transaction(async () => {
    const recent = await recentRows(connection, group, devices, columns, window);
    const { known, rowIds } = await settledDays(connection, group, columns, move);
    const packed: SettledDay[] = [];
    for (const [device, rows] of recent) {
      const merged = joinRows([rows], columns.length);
      for (const [day, part] of splitByDay(merged)) {
        const before = known.get(`${device} ${day}`);
        const whole = dropEmptyRows(before === undefined ? part : joinRows([before, part], columns.length));
        if (whole.timestamps.length > 0) packed.push(packDay(device, whole));
      }
    }
    if (rowIds.length > 0) await connection.run(`DELETE FROM ${group.settled} WHERE rowid IN (${rowIds.join(', ')})`);
    appendDays(connection, group, packed);
    await connection.run(
      `DELETE FROM ${group.recent} WHERE ts >= ${window.start} AND ts < ${window.end} AND device IN (${devices.join(', ')})`,
    );
  });
}

/** The settled days that a move touches, unpacked, by `device day`. */
async function settledDays(
  connection: Connection,
  group: Group,
  columns: readonly number[],
  move: Move,
): Promise<{ known: Map<string, Rows>; rowIds: number[] }> {
  const result = await connection.run(
    `SELECT device, floor(first_ts / ${UTC_DAY_MS}), rowid::DOUBLE, rows, ts${columns.map((c) => `, q${c}`).join('')}
     FROM ${group.settled}
     WHERE floor(first_ts / ${UTC_DAY_MS}) IN (${[...move.days].join(', ')}) AND device IN (${[...move.devices].join(', ')})`,
  );
  const device = result.integers(0);
  const day = result.doubles(1);
  const id = result.doubles(2);
  const rows = result.integers(3);
  const timestamps = result.bytes(4);
  const cells = columns.map((_, i) => result.bytes(5 + i));
  const known = new Map<string, Rows>();
  const rowIds: number[] = [];
  for (let i = 0; i < result.rows; i++) {
    const key = `${device[i]} ${day[i]}`;
    if (!move.touched.has(key)) continue;
    const packed = cells.map((column) => column[i] ?? null);
    known.set(key, unpackDay(rows[i] as number, timestamps[i] as Uint8Array, packed));
    rowIds.push(id[i] as number);
  }
  return { known, rowIds };
}

/** Cuts ascending rows at midnights UTC. */
export function* splitByDay(rows: Rows): Iterable<[day: number, rows: Rows]> {
  const { timestamps } = rows;
  for (let from = 0; from < timestamps.length; ) {
    const day = Math.floor((timestamps[from] as number) / UTC_DAY_MS);
    const end = (day + 1) * UTC_DAY_MS;
    yield [day, sliceRows(rows, timestamps[from] as number, end)];
    from = lowerBound(timestamps, end);
  }
}

/** Drops the part of settled days that lies before an instant; answers how many rows went. */
export async function trimSettled(connection: Connection, group: Group, instant: number): Promise<number> {
  const columns = [...group.quantities.values()].sort((a, b) => a - b);
  const gone = await connection.query(`SELECT coalesce(sum(rows), 0)::DOUBLE FROM ${group.settled} WHERE last_ts < ?`, [
    instant,
  ]);
  await connection.query(`DELETE FROM ${group.settled} WHERE last_ts < ?`, [instant]);
  const cut = await connection.query(
    `SELECT device, rows, ts${columns.map((c) => `, q${c}`).join('')} FROM ${group.settled} WHERE first_ts < ?`,
    [instant],
  );
  const device = cut.integers(0);
  const counts = cut.integers(1);
  const timestamps = cut.bytes(2);
  const cells = columns.map((_, i) => cut.bytes(3 + i));
  let rows = gone.doubles(0)[0] as number;
  const kept: SettledDay[] = [];
  for (let i = 0; i < cut.rows; i++) {
    const packed = cells.map((column) => column[i] ?? null);
    const day = unpackDay(counts[i] as number, timestamps[i] as Uint8Array, packed);
    const rest = sliceRows(day, instant, Number.POSITIVE_INFINITY);
    rows += day.timestamps.length - rest.timestamps.length;
    kept.push(packDay(device[i] as number, rest));
  }
  await connection.query(`DELETE FROM ${group.settled} WHERE first_ts < ?`, [instant]);
  appendDays(connection, group, kept);
  return rows;
}
