import type { Block } from '../../domain/columns/batch.ts';
import type { FaultBoard } from './faults.ts';
import type { Memory } from './memory.ts';

/** A quantity and the resolution in which real devices report it: `['power_kw', 0.001]`. */
export type Quantity = readonly [name: string, resolution: number];

/** Metrics whose faults are added to the reported value; faults of power act on the physics. */
const ADDED_WHEN_REPORTED = /_c$|_bar$/;

/** Rows of one metric group under construction: values are rounded to the resolution, and repeat or are missing during faults. */
export class GroupTable {
  readonly #group: string;
  readonly #quantities: readonly string[];
  readonly #devices: readonly string[];
  readonly #perUnit: Float64Array;
  readonly #values: Float64Array;
  readonly #board: FaultBoard;
  /** Index in memory of the first last-reported value: device by device, quantity by quantity. */
  readonly #last: number[] = [];
  readonly #handles: number[] = [];
  readonly #silence: number[];
  readonly #isAdded: boolean[];
  #rows = 0;
  #timestamps = new Float64Array(1024);
  #device = new Int32Array(1024);
  #columns: Float64Array[];
  #current = 0;

  constructor(
    group: string,
    quantities: readonly Quantity[],
    devices: readonly string[],
    memory: Memory,
    board: FaultBoard,
  ) {
    this.#group = group;
    this.#quantities = quantities.map(([name]) => name);
    this.#devices = devices;
    this.#perUnit = Float64Array.from(quantities, ([, resolution]) => Math.round(1 / resolution));
    this.#values = memory.values;
    this.#board = board;
    for (const device of devices) {
      for (const [name] of quantities) {
        this.#last.push(memory.take(Number.NaN));
        this.#handles.push(board.handle(device, `${group}.${name}`));
      }
    }
    this.#silence = devices.map((device) => board.handle(device, '*'));
    this.#isAdded = this.#quantities.map((name) => ADDED_WHEN_REPORTED.test(name));
    this.#columns = quantities.map(() => new Float64Array(1024));
  }

  /** Begins a row; returns false if the device is silent, in which case no values may be set. */
  begin(device: number, instant: number): boolean {
    if (this.#board.isStuck(this.#silence[device]!)) return false;
    if (this.#rows === this.#timestamps.length) this.#grow();
    this.#timestamps[this.#rows] = instant;
    this.#device[this.#rows] = device;
    this.#current = device * this.#quantities.length;
    for (const column of this.#columns) column[this.#rows] = Number.NaN;
    this.#rows++;
    return true;
  }

  /** Sets a value of the current row. */
  set(column: number, value: number): void {
    const cell = this.#current + column;
    const handle = this.#handles[cell]!;
    const place = this.#last[cell]!;
    const last = this.#values[place]!;
    let reported = value;
    if (this.#board.isStuck(handle) && last === last) reported = last;
    else {
      if (this.#isAdded[column]) reported += this.#board.added(handle);
      const perUnit = this.#perUnit[column]!;
      reported = Math.round(reported * perUnit) / perUnit || 0;
    }
    this.#values[place] = reported;
    this.#columns[column]![this.#rows - 1] = reported;
  }

  /** The rows since the last call, or null if there are none. */
  take(): Block | null {
    if (this.#rows === 0) return null;
    const rows = this.#rows;
    this.#rows = 0;
    return {
      group: this.#group,
      quantities: this.#quantities,
      devices: this.#devices,
      device: this.#device.slice(0, rows),
      timestamps: this.#timestamps.slice(0, rows),
      columns: this.#columns.map((column) => column.slice(0, rows)),
    };
  }

  #grow(): void {
    const wider = (old: Float64Array) => {
      const grown = new Float64Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    const device = new Int32Array(this.#device.length * 2);
    device.set(this.#device);
    this.#device = device;
    this.#timestamps = wider(this.#timestamps);
    this.#columns = this.#columns.map(wider);
  }
}

/** The tables of a site. */
export class Recorder {
  readonly #tables: GroupTable[] = [];
  readonly #memory: Memory;
  readonly #board: FaultBoard;

  constructor(memory: Memory, board: FaultBoard) {
    this.#memory = memory;
    this.#board = board;
  }

  table(group: string, quantities: readonly Quantity[], devices: readonly string[]): GroupTable {
    const table = new GroupTable(group, quantities, devices, this.#memory, this.#board);
    this.#tables.push(table);
    return table;
  }

  take(): Block[] {
    return this.#tables.map((table) => table.take()).filter((block) => block !== null);
  }
}
