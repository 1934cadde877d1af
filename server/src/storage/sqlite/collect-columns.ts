import type { Rows } from '../../domain/frame.ts';

const FIRST_CAPACITY = 1024;

/** Turns result rows `[ts, value, …]` into columns; NULL becomes NaN. */
export function collectColumns(rows: Iterable<unknown>, columnCount: number): Rows {
  let capacity = FIRST_CAPACITY;
  let timestamps = new Float64Array(capacity);
  let columns = Array.from({ length: columnCount }, () => new Float64Array(capacity));
  let length = 0;
  for (const row of rows as Iterable<(number | null)[]>) {
    if (length === capacity) {
      capacity *= 2;
      timestamps = grown(timestamps, capacity);
      columns = columns.map((column) => grown(column, capacity));
    }
    timestamps[length] = row[0] as number;
    for (let c = 0; c < columnCount; c++) (columns[c] as Float64Array)[length] = row[c + 1] ?? Number.NaN;
    length++;
  }
  return { timestamps: timestamps.slice(0, length), columns: columns.map((column) => column.slice(0, length)) };
}

function grown(array: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(array);
  return larger;
}
