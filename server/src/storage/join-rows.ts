import { concatRows, mergeRows, type Rows } from '../domain/columns/frame.ts';

/**
 * Parts in order of arrival on one strictly ascending axis, rows of the same instant merged. The result may include rows without a value.
 */
export function joinRows(parts: readonly Rows[], columnCount: number): Rows {
  const joined = concatRows(parts, columnCount);
  return isAscending(joined.timestamps) ? joined : mergeRows(joined);
}

/** Empty rows to fill. */
export function makeRows(length: number, columnCount: number): Rows {
  return {
    timestamps: new Float64Array(length),
    columns: Array.from({ length: columnCount }, () => new Float64Array(length)),
  };
}

/** Rows `from … to`, sharing memory. */
export function partOf({ timestamps, columns }: Rows, from: number, to: number): Rows {
  return { timestamps: timestamps.subarray(from, to), columns: columns.map((column) => column.subarray(from, to)) };
}

/** Removes rows without any value; the order is preserved. Shares memory when none is removed. */
export function dropEmptyRows(rows: Rows): Rows {
  const { timestamps, columns } = rows;
  const kept = new Uint32Array(timestamps.length);
  let count = 0;
  for (let row = 0; row < timestamps.length; row++) {
    for (const column of columns) {
      if (column[row] !== column[row]) continue;
      kept[count++] = row;
      break;
    }
  }
  if (count === timestamps.length) return rows;
  const pick = (source: Float64Array) => {
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) out[i] = source[kept[i]!]!;
    return out;
  };
  return { timestamps: pick(timestamps), columns: columns.map(pick) };
}

/** Splits rows of many devices by device, preserving their order. */
export function splitByDevice(device: Int32Array, rows: Rows): Map<number, Rows> {
  const counts = new Map<number, number>();
  for (let row = 0; row < device.length; row++) {
    const id = device[row]!;
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  if (counts.size === 1) return new Map([[device[0]!, rows]]);
  const places = new Map([...counts].map(([id, count]) => [id, new Uint32Array(count)]));
  const filled = new Map<number, number>();
  for (let row = 0; row < device.length; row++) {
    const id = device[row]!;
    const at = filled.get(id) ?? 0;
    (places.get(id) as Uint32Array)[at] = row;
    filled.set(id, at + 1);
  }
  return new Map([...places].map(([id, rowsOf]) => [id, pickRows(rows, rowsOf)]));
}

function pickRows({ timestamps, columns }: Rows, places: Uint32Array): Rows {
  const pick = (source: Float64Array) => {
    const out = new Float64Array(places.length);
    for (let i = 0; i < places.length; i++) out[i] = source[places[i]!]!;
    return out;
  };
  return { timestamps: pick(timestamps), columns: columns.map(pick) };
}

function isAscending(timestamps: Float64Array): boolean {
  for (let i = 1; i < timestamps.length; i++) {
    if (timestamps[i]! <= timestamps[i - 1]!) return false;
  }
  return true;
}
