import type { Rows } from '../../domain/columns/frame.ts';

/** A row of a result. */
export type ValuesOfRow = readonly (number | null)[];

const FIRST_CAPACITY = 1024;

/** Turns rows into columns: the instants from one position of each row, the values from others; NULL becomes NaN. */
export function collectColumns(rows: Iterable<ValuesOfRow>, instantAt: number, places: readonly number[]): Rows {
  let capacity = FIRST_CAPACITY;
  let timestamps = new Float64Array(capacity);
  let columns = places.map(() => new Float64Array(capacity));
  let length = 0;
  for (const row of rows) {
    if (length === capacity) {
      capacity *= 2;
      timestamps = grown(timestamps, capacity);
      columns = columns.map((column) => grown(column, capacity));
    }
    timestamps[length] = row[instantAt]!;
    for (let c = 0; c < places.length; c++) columns[c]![length] = row[places[c]!] ?? Number.NaN;
    length++;
  }
  return { timestamps: timestamps.slice(0, length), columns: columns.map((column) => column.slice(0, length)) };
}

function grown(array: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(array);
  return larger;
}
