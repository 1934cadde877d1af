import { lowerBound } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';

/** Bytes of packed cells that are held: some ten million values. */
const MAX_BYTES = 32 * 1024 * 1024;
/** What a chunk costs besides its cells. */
const HEAD_BYTES = 64;

/** Chunks of one device, ascending. */
interface DeviceChunks {
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly rows: Int32Array;
  /** Column → its cells by chunk: null where it has no value, undefined while it was not asked for. */
  readonly cells: Map<number | 'ts', (Uint8Array | null | undefined)[]>;
  bytes: number;
}

/** One chunk with the columns asked for, still packed. */
export interface PackedChunk {
  readonly first: number;
  readonly rows: number;
  readonly timestamps: Uint8Array;
  readonly cells: readonly (Uint8Array | null)[];
}

/**
 * Settled chunks in memory, as packed as in the file: a day of a device is a few hundred bytes a column, and the queries that
 * find them cost far more than unpacking. What is least recently used goes first.
 *
 * Connections must not be in a transaction: what an old one sees would be kept as new. Whoever changes settled chunks does so within `changing`: until the change has ended nobody is answered from memory, so that a reader who no
 * longer finds rows among the recent ones finds them here.
 */
export class SettledCache {
  readonly #devices = new Map<string, DeviceChunks>();
  readonly #changing = new Set<Group['id']>();
  /** Changes that have begun, by group. */
  readonly #changes = new Map<Group['id'], number>();
  #bytes = 0;

  /** The chunks of a device that reach into a window, ascending. */
  async chunks(
    connection: Connection,
    group: Group,
    device: number,
    columns: readonly number[],
    window: Window,
  ): Promise<PackedChunk[]> {
    for (;;) {
      const held = await this.#deviceOf(connection, group, device);
      const from = lowerBound(held.last, window.start);
      const to = lowerBound(held.first, window.end);
      const asked = ['ts' as const, ...columns];
      const absent = asked.filter((column) => isAbsent(held, column, from, to));
      // A chunk that is no longer there was replaced meanwhile: begin again with what is there now.
      if (absent.length > 0 && !(await this.#load(connection, group, device, held, absent, from, to))) {
        this.#forget(keyOf(group, device), held);
        continue;
      }
      const cellsOf = asked.map((column) => held.cells.get(column) as (Uint8Array | null)[]);
      return Array.from({ length: Math.max(to - from, 0) }, (_, i) => ({
        first: held.first[from + i]!,
        rows: held.rows[from + i]!,
        timestamps: cellsOf[0]![from + i]!,
        cells: cellsOf.slice(1).map((cells) => cells[from + i]!),
      }));
    }
  }

  /** Starts and rows of the chunks of a device that reach into a window, ascending. */
  async heads(connection: Connection, group: Group, device: number, { start, end }: Window) {
    const { first, last, rows } = await this.#deviceOf(connection, group, device);
    const [from, to] = [lowerBound(last, start), lowerBound(first, end)];
    return { first: first.subarray(from, Math.max(to, from)), rows: rows.subarray(from, Math.max(to, from)) };
  }

  /** Runs a change of a group's settled chunks. */
  async changing<T>(group: Group, change: () => Promise<T>): Promise<T> {
    this.#changing.add(group.id);
    this.#changes.set(group.id, (this.#changes.get(group.id) ?? 0) + 1);
    this.#forgetGroup(group);
    try {
      return await change();
    } finally {
      this.#changing.delete(group.id);
    }
  }

  async #deviceOf(connection: Connection, group: Group, device: number): Promise<DeviceChunks> {
    const key = keyOf(group, device);
    const held = this.#devices.get(key);
    if (held !== undefined) {
      this.#devices.delete(key);
      this.#devices.set(key, held);
      return held;
    }
    const before = this.#changes.get(group.id);
    const isCalm = !this.#changing.has(group.id);
    const result = await connection.query(
      `SELECT first_ts, last_ts, rows FROM ${group.settled} WHERE device = ?::INTEGER ORDER BY first_ts`,
      [device],
    );
    const fresh: DeviceChunks = {
      first: result.doubles(0),
      last: result.doubles(1),
      rows: result.integers(2),
      cells: new Map(),
      bytes: 0,
    };
    // What was read while a change went on, or began, may be older than the change.
    if (isCalm && this.#changes.get(group.id) === before && !this.#devices.has(key)) {
      this.#devices.set(key, fresh);
      this.#grow(key, fresh, HEAD_BYTES * (1 + fresh.first.length));
    }
    return fresh;
  }

  /** Reads cells of the chunks `from … to`; answers false when one of the chunks is no longer there. */
  async #load(
    connection: Connection,
    group: Group,
    device: number,
    held: DeviceChunks,
    columns: readonly (number | 'ts')[],
    from: number,
    to: number,
  ): Promise<boolean> {
    const names = columns.map((column) => (column === 'ts' ? ', ts' : `, q${column}`)).join('');
    const result = await connection.query(
      `SELECT first_ts, last_ts, rows${names} FROM ${group.settled} WHERE device = ?::INTEGER AND first_ts >= ? AND first_ts <= ?`,
      [device, held.first[from]!, held.first[to - 1]!],
    );
    const [first, last, rows] = [result.doubles(0), result.doubles(1), result.integers(2)];
    let found = 0;
    let bytes = 0;
    for (const [c, column] of columns.entries()) {
      const cells = held.cells.get(column) ?? new Array<Uint8Array | null | undefined>(held.first.length);
      held.cells.set(column, cells);
      for (const [i, cell] of result.bytes(3 + c).entries()) {
        const at = lowerBound(held.first, first[i]!);
        if (held.first[at] !== first[i] || held.last[at] !== last[i] || held.rows[at] !== rows[i]) continue;
        if (c === 0) found++;
        // The result's memory goes with the result.
        cells[at] = cell?.slice() ?? null;
        bytes += cell?.length ?? 0;
      }
    }
    const key = keyOf(group, device);
    if (this.#devices.get(key) === held) this.#grow(key, held, bytes);
    return found === to - from;
  }

  #grow(key: string, held: DeviceChunks, bytes: number): void {
    held.bytes += bytes;
    this.#bytes += bytes;
    for (const [oldKey, old] of this.#devices) {
      if (this.#bytes <= MAX_BYTES || oldKey === key) break;
      this.#forget(oldKey, old);
    }
  }

  #forget(key: string, held: DeviceChunks): void {
    if (this.#devices.get(key) !== held) return;
    this.#devices.delete(key);
    this.#bytes -= held.bytes;
  }

  #forgetGroup(group: Group): void {
    const prefix = keyOf(group, '');
    for (const [key, held] of this.#devices) if (key.startsWith(prefix)) this.#forget(key, held);
  }
}

function isAbsent({ cells }: DeviceChunks, column: number | 'ts', from: number, to: number): boolean {
  const known = cells.get(column);
  for (let i = from; i < to; i++) if (known?.[i] === undefined) return true;
  // Without chunks in the window the column still has to be known.
  if (known === undefined) cells.set(column, []);
  return false;
}

function keyOf({ id }: Group, device: number | ''): string {
  return `${id}:${device}`;
}
