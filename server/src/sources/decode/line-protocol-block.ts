import type { Block } from '../../domain/batch.ts';

/** Quantities of one measurement in one request; more are refused. */
export const MAX_QUANTITIES = 2000;
const FIRST_ROWS = 1024;

/** Gathers the lines of one measurement as columns. */
export class BlockBuilder {
  readonly group: string;
  readonly devices: string[] = [];
  /** Field keys as bytes, in the order of the columns: lines mostly repeat the order of the line before. */
  readonly keys: Uint8Array[] = [];
  readonly #quantities: string[] = [];
  readonly #positions = new Map<string, number>();
  readonly #deviceIndexes = new Map<string, number>();
  readonly #columns: Float64Array[] = [];
  #device = new Int32Array(FIRST_ROWS);
  #timestamps = new Float64Array(FIRST_ROWS);
  #rows = 0;

  constructor(group: string) {
    this.group = group;
  }

  deviceIndex(name: string): number {
    const known = this.#deviceIndexes.get(name);
    if (known !== undefined) return known;
    this.#deviceIndexes.set(name, this.devices.length);
    return this.devices.push(name) - 1;
  }

  /** Column of a quantity; -1 when there are too many. */
  column(quantity: string, key: Uint8Array): number {
    const known = this.#positions.get(quantity);
    if (known !== undefined) return known;
    if (this.#quantities.length === MAX_QUANTITIES) return -1;
    this.#positions.set(quantity, this.#quantities.length);
    this.keys.push(key.slice());
    this.#columns.push(new Float64Array(this.#timestamps.length).fill(Number.NaN));
    return this.#quantities.push(quantity) - 1;
  }

  /** Adds a row; `columns[i]` gets `values[i]`, of a column named twice the last. */
  add(device: number, timestamp: number, columns: Int32Array, values: Float64Array, count: number): void {
    if (this.#rows === this.#timestamps.length) this.#grow();
    const row = this.#rows++;
    this.#device[row] = device;
    this.#timestamps[row] = timestamp;
    for (let i = 0; i < count; i++) {
      (this.#columns[columns[i] as number] as Float64Array)[row] = values[i] as number;
    }
  }

  get rows(): number {
    return this.#rows;
  }

  build(): Block {
    return {
      group: this.group,
      quantities: this.#quantities,
      devices: this.devices,
      device: this.#device.subarray(0, this.#rows),
      timestamps: this.#timestamps.subarray(0, this.#rows),
      columns: this.#columns.map((column) => column.subarray(0, this.#rows)),
    };
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
