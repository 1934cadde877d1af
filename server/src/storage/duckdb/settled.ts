import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Rows, sliceRows } from '../../domain/columns/frame.ts';
import { BitReader, BitWriter } from '../cells/bits.ts';
import { packColumn, packIntegers, unpackColumn, unpackIntegers } from '../cells/cell.ts';
import { decodeIntegers, encodeIntegers } from '../cells/integers.ts';
import { Appender, CHUNK_ROWS } from './appender.ts';
import { type Group, SETTLED_HEAD } from './catalog.ts';
import { dayOf } from './chunks.ts';
import type { Connection } from './engine.ts';

/**
 * Maximum size of a cell; longer ones are split. A quarter of a block: DuckDB stores several cells in a block only while they are small
 * relative to it; longer ones would leave much of the file empty.
 */
const MAX_CELL_BYTES = 4_000;

/** Closed days of a device, packed: a row of a settled table. It contains whole days, or a part of one day and nothing else. */
export interface Chunk {
  readonly device: number;
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly extents: Uint8Array;
  readonly timestamps: Uint8Array;
  /** One cell per column of the group; null for a column without values. */
  readonly cells: readonly (Uint8Array | null)[];
}

/** The extent of one quantity in a chunk. */
export interface ChunkExtent {
  /** Column number of the quantity. */
  readonly column: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Packs merged rows of one device into as many chunks as keep cells small; the columns are those of the group, in order. */
export function packChunks(device: number, rows: Rows): Chunk[] {
  const { timestamps, columns } = rows;
  const cells = columns.map(packColumn);
  const length = timestamps.length;
  if (length > 1 && cells.some((cell) => cell !== null && cell.length > MAX_CELL_BYTES)) {
    const middle = timestamps[length >> 1]!;
    const midnight = dayOf(middle) * UTC_DAY_MS;
    const cut = midnight > timestamps[0]! ? midnight : (nextMidnightWithin(rows, midnight) ?? middle);
    const [before, after] = [sliceRows(rows, -Infinity, cut), sliceRows(rows, cut, Infinity)];
    return [...packChunks(device, before), ...packChunks(device, after)];
  }
  return [
    {
      device,
      first: timestamps[0]!,
      last: timestamps[length - 1]!,
      rows: length,
      extents: packExtents(rows),
      timestamps: packIntegers(timestamps),
      cells,
    },
  ];
}

function nextMidnightWithin({ timestamps }: Rows, midnight: number): number | null {
  const next = midnight + UTC_DAY_MS;
  return next <= timestamps[timestamps.length - 1]! ? next : null;
}

/** Unpacks a chunk into rows of its length. */
export function unpackChunk(timestamps: Uint8Array, cells: readonly (Uint8Array | null)[], into: Rows): Rows {
  unpackIntegers(timestamps, into.timestamps);
  for (const [c, cell] of cells.entries()) {
    const column = into.columns[c]!;
    if (cell === null) column.fill(Number.NaN);
    else unpackColumn(cell, column);
  }
  return into;
}

/** Appends chunks to a group's settled table within the connection's transaction. */
export function appendChunks(connection: Connection, group: Group, chunks: readonly Chunk[]): void {
  if (chunks.length === 0) return;
  const appender = new Appender(connection, group.settled);
  for (let from = 0; from < chunks.length; from += CHUNK_ROWS) {
    const part = chunks.slice(from, from + CHUNK_ROWS);
    const doubles = (pick: (chunk: Chunk) => number) => Float64Array.from(part, pick);
    const integers = (pick: (chunk: Chunk) => number) => Int32Array.from(part, pick);
    appender.integers(
      0,
      integers((chunk) => chunk.device),
      0,
      part.length,
    );
    appender.doubles(
      1,
      doubles((chunk) => chunk.first),
      0,
      part.length,
    );
    appender.doubles(
      2,
      doubles((chunk) => chunk.last),
      0,
      part.length,
    );
    appender.integers(
      3,
      integers((chunk) => chunk.rows),
      0,
      part.length,
    );
    appender.bytes(
      4,
      part.map((chunk) => chunk.extents),
    );
    appender.bytes(
      5,
      part.map((chunk) => chunk.timestamps),
    );
    for (let column = 0; column < group.quantities.size; column++) {
      appender.bytes(
        SETTLED_HEAD + column,
        part.map((chunk) => chunk.cells[column] ?? null),
      );
    }
    appender.append(part.length);
  }
  appender.close();
}

/**
 * The quantities of a chunk with the number of their values and their first and last instants, so that extents and newest values are found
 * without unpacking cells. Offsets are milliseconds from the chunk's first and last instant.
 */
function packExtents({ timestamps, columns }: Rows): Uint8Array {
  const present: number[] = [];
  const counts: number[] = [];
  const firsts: number[] = [];
  const lasts: number[] = [];
  const end = timestamps.length - 1;
  for (const [c, column] of columns.entries()) {
    let count = 0;
    let first = -1;
    let last = -1;
    for (let row = 0; row < column.length; row++) {
      if (column[row] !== column[row]) continue;
      if (count++ === 0) first = row;
      last = row;
    }
    if (count === 0) continue;
    present.push(c);
    counts.push(count);
    firsts.push(timestamps[first]! - timestamps[0]!);
    lasts.push(timestamps[end]! - timestamps[last]!);
  }
  const whole = counts.every((count) => count === timestamps.length);
  const out = new BitWriter();
  out.writeGamma(present.length);
  out.write(whole ? 1 : 0, 1);
  encodeIntegers(Float64Array.from(present), out);
  if (!whole) for (const list of [counts, firsts, lasts]) encodeIntegers(Float64Array.from(list), out);
  return out.finish();
}

export function unpackExtents(bytes: Uint8Array, first: number, last: number, rows: number): ChunkExtent[] {
  const reader = new BitReader(bytes);
  const length = reader.readGamma();
  const whole = reader.read(1) === 1;
  const list = () => {
    const numbers = new Float64Array(length);
    decodeIntegers(reader, numbers);
    return numbers;
  };
  const columns = list();
  const counts = whole ? columns.map(() => rows) : list();
  const firsts = whole ? columns.map(() => 0) : list();
  const lasts = whole ? columns.map(() => 0) : list();
  return Array.from(columns, (column, i) => ({
    column,
    count: counts[i]!,
    first: first + firsts[i]!,
    last: last - lasts[i]!,
  }));
}
