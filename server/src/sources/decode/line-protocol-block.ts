import { type Block, isSparse, withUsedDevices } from '../../domain/columns/batch.ts';

/** Maximum number of quantities of one measurement in one request; more are rejected. */
export const MAX_QUANTITIES = 2000;
/** Returned by `column` after the previous rows were sealed into a block; the current line must be read again. */
export const SEALED = -2;
const FIRST_ROWS = 8;

/** Collects the lines of one measurement as columns; lines with many different fields become several blocks. */
export class BlockBuilder {
  readonly group: string;
  readonly devices: string[] = [];
  /** Field keys as bytes, in the order of the columns: most lines repeat the order of the preceding one. */
  keys: Uint8Array[] = [];
  #quantities: string[] = [];
  readonly #positions = new Map<string, number>();
  readonly #deviceIndexes = new Map<string, number>();
  #columns: Float64Array[] = [];
  readonly #sealed: Block[] = [];
  #device = new Int32Array(FIRST_ROWS);
  #timestamps = new Float64Array(FIRST_ROWS);
  #rows = 0;
  #values = 0;

  constructor(group: string) {
    this.group = group;
  }

  deviceIndex(name: string): number {
    const known = this.#deviceIndexes.get(name);
    if (known !== undefined) return known;
    this.#deviceIndexes.set(name, this.devices.length);
    return this.devices.push(name) - 1;
  }

  /** Must be called before each line: seals a block that would become sparse. */
  beginLine(): void {
    if (isSparse(this.#rows + 1, this.#columns.length, this.#values + 1)) this.#seal();
  }

  /** Index of the column of a quantity; -1 beyond the maximum. */
  column(quantity: string, key: Uint8Array): number {
    const known = this.#positions.get(quantity);
    if (known !== undefined) return known;
    if (this.#quantities.length === MAX_QUANTITIES) return -1;
    if (isSparse(this.#rows + 1, this.#columns.length + 1, this.#values + 1)) {
      this.#seal();
      return SEALED;
    }
    this.#positions.set(quantity, this.#quantities.length);
    this.keys.push(key.slice());
    this.#columns.push(new Float64Array(this.#timestamps.length).fill(Number.NaN));
    return this.#quantities.push(quantity) - 1;
  }

  /** Adds a row: `values[i]` in column `columns[i]`; for a repeated column the last value counts. */
  add(device: number, timestamp: number, columns: Int32Array, values: Float64Array, count: number): void {
    if (this.#rows === this.#timestamps.length) this.#grow();
    const row = this.#rows++;
    this.#device[row] = device;
    this.#timestamps[row] = timestamp;
    this.#values += count;
    for (let i = 0; i < count; i++) {
      this.#columns[columns[i]!]![row] = values[i]!;
    }
  }

  /** All lines, in order. */
  build(): Block[] {
    this.#seal();
    return this.#sealed;
  }

  #seal(): void {
    const rows = this.#rows;
    if (rows > 0) {
      // Copies: a view would retain the allocated space for more rows.
      const block = {
        group: this.group,
        quantities: this.#quantities,
        devices: this.devices,
        device: this.#device.slice(0, rows),
        timestamps: this.#timestamps.slice(0, rows),
        columns: this.#columns.map((column) => column.slice(0, rows)),
      };
      this.#sealed.push(withUsedDevices(block));
    }
    this.keys = [];
    this.#quantities = [];
    this.#positions.clear();
    this.#columns = [];
    this.#device = new Int32Array(FIRST_ROWS);
    this.#timestamps = new Float64Array(FIRST_ROWS);
    this.#rows = 0;
    this.#values = 0;
  }

  #grow(): void {
    const length = this.#timestamps.length * 2;
    const device = new Int32Array(length);
    device.set(this.#device);
    this.#device = device;
    const timestamps = new Float64Array(length);
    timestamps.set(this.#timestamps);
    this.#timestamps = timestamps;
    for (const [c, column] of this.#columns.entries()) {
      const grown = new Float64Array(length).fill(Number.NaN, column.length);
      grown.set(column);
      this.#columns[c] = grown;
    }
  }
}
