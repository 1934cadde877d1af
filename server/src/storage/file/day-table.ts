import { mergeRows, type Rows } from '../../domain/columns/frame.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';

/** Rows of one device and metric group on an ascending axis; a column for each quantity. */
export interface TableRows {
  readonly quantities: readonly string[];
  readonly rows: Rows;
}

/** Rows of a day: metric group → device → rows. */
export type DayTable = ReadonlyMap<string, ReadonlyMap<string, TableRows>>;

/** Collects values in order of arrival; of several values for the same device, metric and instant, the last one wins. */
export class TableBuilder {
  readonly #groups = new Map<string, Map<string, Columns>>();
  readonly #split = new Map<string, { group: string; quantity: string }>();

  addRecord(device: string, instant: number, values: Iterable<readonly [metric: string, value: number]>): void {
    for (const [metric, value] of values) {
      const parts = this.#split.get(metric) ?? splitMetric(metric);
      this.#split.set(metric, parts);
      this.columns(parts.group, device).add(instant, parts.quantity, value);
    }
  }

  addRows(group: string, device: string, { quantities, rows }: TableRows): void {
    const columns = this.columns(group, device);
    for (const [row, instant] of rows.timestamps.entries()) {
      for (const [c, column] of rows.columns.entries()) {
        const value = column[row]!;
        if (value === value) columns.add(instant, quantities[c]!, value);
      }
    }
  }

  columns(group: string, device: string): Columns {
    const devices = this.#groups.get(group) ?? new Map<string, Columns>();
    this.#groups.set(group, devices);
    const columns = devices.get(device) ?? new Columns();
    devices.set(device, columns);
    return columns;
  }

  build(): DayTable {
    const table = new Map<string, Map<string, TableRows>>();
    for (const [group, devices] of this.#groups) {
      const built = [...devices].map(([device, columns]) => [device, columns.build()] as const);
      const present = built.filter(([, { rows }]) => rows.timestamps.length > 0);
      if (present.length > 0) table.set(group, new Map(present));
    }
    return table;
  }
}

/** Growing columns of one device and group. */
class Columns {
  readonly #timestamps: number[] = [];
  readonly #columns = new Map<string, number[]>();

  /** Consecutive values of one instant form one row. */
  add(instant: number, quantity: string, value: number): void {
    let row = this.#timestamps.length - 1;
    if (this.#timestamps[row] !== instant) {
      this.#timestamps.push(instant);
      row++;
    }
    let column = this.#columns.get(quantity);
    if (column === undefined) {
      column = [];
      this.#columns.set(quantity, column);
    }
    while (column.length < row) column.push(Number.NaN);
    // −0 would not survive JSON.
    column[row] = value + 0;
  }

  build(): TableRows {
    const timestamps = Float64Array.from(this.#timestamps);
    const columns = [...this.#columns.values()].map((values) => {
      const column = new Float64Array(timestamps.length).fill(Number.NaN);
      column.set(values);
      return column;
    });
    return { quantities: [...this.#columns.keys()], rows: mergeRows({ timestamps, columns }) };
  }
}

/** The requested columns, in their order; missing ones are NaN. The arrays are copies. */
export function chosen({ quantities, rows }: TableRows, asked: readonly string[]): Rows {
  return {
    timestamps: rows.timestamps.slice(),
    columns: asked.map((quantity) => {
      const column = rows.columns[quantities.indexOf(quantity)];
      return column?.slice() ?? new Float64Array(rows.timestamps.length).fill(Number.NaN);
    }),
  };
}

/** Approximate size of a table in memory, bytes. */
export function bytesOf(table: DayTable): number {
  let bytes = 0;
  for (const devices of table.values()) {
    for (const { rows } of devices.values()) bytes += rows.timestamps.byteLength * (rows.columns.length + 1);
  }
  return bytes;
}
