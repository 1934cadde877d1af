import type { Block } from '../../domain/batch.ts';

/** One device's rows of one metric group, gathered as columns while the simulation runs. */
export class Recorder {
  readonly device: string;
  readonly group: string;
  readonly quantities: readonly string[];
  readonly #decimals: readonly number[];
  #timestamps = new Float64Array(1024);
  #columns: Float64Array[];
  #rows = 0;

  /** @param quantities name → decimals that the device reports with */
  constructor(device: string, group: string, quantities: Readonly<Record<string, number>>) {
    this.device = device;
    this.group = group;
    this.quantities = Object.keys(quantities);
    this.#decimals = Object.values(quantities).map((decimals) => 10 ** decimals);
    this.#columns = this.quantities.map(() => new Float64Array(1024));
  }

  /** Adds a row; values in the order of the quantities, rounded to what the device reports. */
  add(timestamp: number, ...values: readonly number[]): void {
    if (this.#rows === this.#timestamps.length) this.#grow();
    this.#timestamps[this.#rows] = timestamp;
    for (let c = 0; c < values.length; c++) {
      const scale = this.#decimals[c] as number;
      (this.#columns[c] as Float64Array)[this.#rows] = Math.round((values[c] as number) * scale) / scale + 0;
    }
    this.#rows++;
  }

  /** Hands out what was gathered and begins anew; null when there is nothing. */
  take(): Block | null {
    if (this.#rows === 0) return null;
    const block = {
      group: this.group,
      quantities: this.quantities,
      devices: [this.device],
      device: new Int32Array(this.#rows),
      timestamps: this.#timestamps.slice(0, this.#rows),
      columns: this.#columns.map((column) => column.slice(0, this.#rows)),
    };
    this.#rows = 0;
    return block;
  }

  #grow(): void {
    const grown = (column: Float64Array) => {
      const longer = new Float64Array(column.length * 2);
      longer.set(column);
      return longer;
    };
    this.#timestamps = grown(this.#timestamps);
    this.#columns = this.#columns.map(grown);
  }
}
