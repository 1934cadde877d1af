import { lowerBound } from '../../domain/columns/frame.ts';
import type { Window } from '../../domain/time/window.ts';
import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';

/** Maximum size of packed cells in memory, bytes: about ten million values. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Size of a chunk without its cells, bytes. */
const HEAD_BYTES = 64;

/** Chunks of one device, ascending. */
interface DeviceChunks {
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly rows: Int32Array;
  /** Column → its cells by chunk: null where it has no value, undefined while not yet requested. */
  readonly cells: Map<number | 'ts', (Uint8Array | null | undefined)[]>;
  bytes: number;
}

/** One chunk with the requested columns, still packed. */
export interface PackedChunk {
  readonly first: number;
  readonly rows: number;
  readonly timestamps: Uint8Array;
  readonly cells: readonly (Uint8Array | null)[];
}

/**
 * A least-recently-used cache of settled chunks, as packed as in the file: a day of a device takes a few hundred bytes per column, and the
 * queries that find them cost far more than unpacking.
 * Connections must not be in a transaction, whose old snapshot would be cached as new. Changes of settled chunks run within `changing`:
 * until the change has ended, no read is answered from memory, so that a reader that no longer finds rows among the recent ones finds them
 * here.
 */
export class SettledCache {
  readonly #devices = new Map<string, DeviceChunks>();
  readonly #changing = new Set<Group['id']>();
  /** Changes that have started, by group. */
  readonly #changes = new Map<Group['id'], number>();
  #bytes = 0;

  /** The chunks of a device that overlap a window, ascending. */
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
      // A missing chunk was replaced meanwhile: start again with the current chunks.
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

  /** Starts and row counts of the chunks of a device that overlap a window, ascending. */
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
    // Data read during a change may be older than the change.
    if (isCalm && this.#changes.get(group.id) === before && !this.#devices.has(key)) {
      this.#devices.set(key, fresh);
      this.#grow(key, fresh, HEAD_BYTES * (1 + fresh.first.length));
    }
    return fresh;
  }

  /** Reads cells of the chunks `from … to`; returns false when one of the chunks no longer exists. */
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
        // The result's memory is freed with the result.
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
  // Record the column as known even without chunks in the window.
  if (known === undefined) cells.set(column, []);
  return false;
}

function keyOf({ id }: Group, device: number | ''): string {
  return `${id}:${device}`;
}
