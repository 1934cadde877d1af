import type { Rows } from '../../domain/frame.ts';
import { BitReader, BitWriter } from '../cells/bits.ts';
import { packColumn, packIntegers, unpackColumn, unpackIntegers } from '../cells/cell.ts';
import { decodeIntegers, encodeIntegers } from '../cells/integers.ts';
import { Appender, CHUNK_ROWS } from './appender.ts';
import { type Group, SETTLED_HEAD } from './catalog.ts';
import type { Connection } from './engine.ts';

/** A device's closed day, packed: a row of a settled table. */
export interface SettledDay {
  readonly device: number;
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly extents: Uint8Array;
  readonly timestamps: Uint8Array;
  /** One cell per column of the group; null where no value is. */
  readonly cells: readonly (Uint8Array | null)[];
}

/** What a settled day knows of one quantity. */
export interface DayExtent {
  /** Number of the quantity's column. */
  readonly column: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

/** Packs merged rows of one device; the columns are those of the group, in order. */
export function packDay(device: number, rows: Rows): SettledDay {
  const { timestamps, columns } = rows;
  return {
    device,
    first: timestamps[0] as number,
    last: timestamps[timestamps.length - 1] as number,
    rows: timestamps.length,
    extents: packExtents(rows),
    timestamps: packIntegers(timestamps),
    cells: columns.map(packColumn),
  };
}

export function unpackDay(count: number, timestamps: Uint8Array, cells: readonly (Uint8Array | null)[]): Rows {
  return {
    timestamps: unpackIntegers(timestamps, count),
    columns: cells.map((cell) =>
      cell === null ? new Float64Array(count).fill(Number.NaN) : unpackColumn(cell, count),
    ),
  };
}

/** Appends days to a group's settled table within the connection's transaction. */
export function appendDays(connection: Connection, group: Group, days: readonly SettledDay[]): void {
  if (days.length === 0) return;
  const appender = new Appender(connection, group.settled);
  for (let from = 0; from < days.length; from += CHUNK_ROWS) {
    const part = days.slice(from, from + CHUNK_ROWS);
    const doubles = (pick: (day: SettledDay) => number) => Float64Array.from(part, pick);
    const integers = (pick: (day: SettledDay) => number) => Int32Array.from(part, pick);
    appender.integers(
      0,
      integers((day) => day.device),
      0,
      part.length,
    );
    appender.doubles(
      1,
      doubles((day) => day.first),
      0,
      part.length,
    );
    appender.doubles(
      2,
      doubles((day) => day.last),
      0,
      part.length,
    );
    appender.integers(
      3,
      integers((day) => day.rows),
      0,
      part.length,
    );
    appender.bytes(
      4,
      part.map((day) => day.extents),
    );
    appender.bytes(
      5,
      part.map((day) => day.timestamps),
    );
    for (let column = 0; column < group.quantities.size; column++) {
      appender.bytes(
        SETTLED_HEAD + column,
        part.map((day) => day.cells[column] ?? null),
      );
    }
    appender.append(part.length);
  }
  appender.close();
}

/**
 * Which quantities a day has, how many values of each and when the first and last of them: so that extents and newest values are
 * found without unpacking cells. Offsets are milliseconds from the day's first and last instant.
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
    firsts.push((timestamps[first] as number) - (timestamps[0] as number));
    lasts.push((timestamps[end] as number) - (timestamps[last] as number));
  }
  const whole = counts.every((count) => count === timestamps.length);
  const out = new BitWriter();
  out.writeGamma(present.length);
  out.write(whole ? 1 : 0, 1);
  encodeIntegers(Float64Array.from(present), out);
  if (!whole) for (const list of [counts, firsts, lasts]) encodeIntegers(Float64Array.from(list), out);
  return out.finish();
}

export function unpackExtents(bytes: Uint8Array, first: number, last: number, rows: number): DayExtent[] {
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
    count: counts[i] as number,
    first: first + (firsts[i] as number),
    last: last - (lasts[i] as number),
  }));
}
