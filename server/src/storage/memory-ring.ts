import { concatRows, lowerBound, mergeRows, type Rows, sliceRows } from '../domain/frame.ts';

/** Rows that a new ring has room for: small, as there may be thousands of devices. */
const FIRST_CAPACITY = 8;
const GROWTH = 1.5;
/** Shorter runs are copied by element: a typed array's `set` costs more than it saves. */
const SHORT_RUN = 8;

/**
 * The recent rows of one device and metric group on a strictly ascending axis. Rows are appended at the end and leave at the
 * front; the arrays slide back to their start when the end is reached, so that every span is one piece of memory.
 */
export class Ring {
  readonly quantities: string[] = [];
  #timestamps = new Float64Array(FIRST_CAPACITY);
  readonly #columns: Float64Array<ArrayBuffer>[] = [];
  /** Used rows are `#from … #to`. */
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  /** Bytes that the arrays hold on to. */
  get bytes(): number {
    return this.#timestamps.byteLength * (1 + this.#columns.length);
  }

  /** Bytes of the rows in use. */
  get usedBytes(): number {
    return this.length * 8 * (1 + this.#columns.length);
  }

  /** First instant, or Infinity when empty. */
  get first(): number {
    return this.length > 0 ? (this.#timestamps[this.#from] as number) : Number.POSITIVE_INFINITY;
  }

  /** Last instant, or -Infinity when empty. */
  get last(): number {
    return this.length > 0 ? (this.#timestamps[this.#to - 1] as number) : Number.NEGATIVE_INFINITY;
  }

  /** Positions of quantities among the ring's columns; unknown ones are added. */
  place(quantities: readonly string[]): Int32Array {
    const places = new Int32Array(quantities.length);
    for (let i = 0; i < quantities.length; i++) {
      const quantity = quantities[i] as string;
      if (this.quantities[i] === quantity) {
        places[i] = i;
        continue;
      }
      const known = this.quantities.indexOf(quantity);
      places[i] = known >= 0 ? known : this.#addColumn(quantity);
    }
    return places;
  }

  /** Appends rows `from … to` of a block; they ascend and are later than what the ring holds. */
  append(
    timestamps: Float64Array,
    columns: readonly Float64Array[],
    places: Int32Array,
    from: number,
    to: number,
  ): void {
    const rows = to - from;
    this.#reserve(rows);
    const at = this.#to;
    this.#to += rows;
    if (places.length < this.#columns.length) {
      for (const column of this.#columns) column.fill(Number.NaN, at, this.#to);
    }
    if (rows < SHORT_RUN) {
      for (let row = from; row < to; row++) this.#timestamps[at + row - from] = timestamps[row] as number;
      for (let c = 0; c < places.length; c++) {
        const source = columns[c] as Float64Array;
        const target = this.#columns[places[c] as number] as Float64Array;
        for (let row = from; row < to; row++) target[at + row - from] = source[row] as number;
      }
      return;
    }
    this.#timestamps.set(timestamps.subarray(from, to), at);
    for (let c = 0; c < places.length; c++) {
      const target = this.#columns[places[c] as number] as Float64Array;
      target.set((columns[c] as Float64Array).subarray(from, to), at);
    }
  }

  /** Merges rows that are not later than everything held, in order of arrival. */
  merge(timestamps: Float64Array, columns: readonly Float64Array[], places: Int32Array, rows: readonly number[]): void {
    const late: Rows = {
      timestamps: Float64Array.from(rows, (row) => timestamps[row] as number),
      columns: this.#columns.map((_, place) => {
        const source = columns[places.indexOf(place)];
        return Float64Array.from(rows, (row) => source?.[row] ?? Number.NaN);
      }),
    };
    let earliest = Number.POSITIVE_INFINITY;
    for (const instant of late.timestamps) if (instant < earliest) earliest = instant;
    const used = this.#used();
    const cut = lowerBound(used.timestamps, earliest);
    const tail = { timestamps: used.timestamps.subarray(cut), columns: used.columns.map((c) => c.subarray(cut)) };
    const merged = mergeRows(concatRows([tail, late], this.#columns.length));
    this.#to = this.#from + cut;
    const all = Int32Array.from(this.#columns, (_, place) => place);
    this.append(merged.timestamps, merged.columns, all, 0, merged.timestamps.length);
  }

  /** Copies the rows of `[start, end)` with the columns asked; rows without any of them are left out. */
  slice(start: number, end: number, quantities: readonly string[]): Rows {
    const { timestamps, columns } = sliceRows(this.#used(), start, end);
    const chosen = quantities.map((quantity) => {
      const place = this.quantities.indexOf(quantity);
      return place < 0
        ? new Float64Array(timestamps.length).fill(Number.NaN)
        : (columns[place] as Float64Array).slice();
    });
    return mergeRows({ timestamps: timestamps.slice(), columns: chosen });
  }

  /** Forgets values at instants: those of the columns that are not NaN. */
  erase(timestamps: Float64Array, columns: readonly Float64Array[], places: Int32Array, rows: readonly number[]): void {
    const used = this.#used();
    for (const row of rows) {
      const instant = timestamps[row] as number;
      const at = lowerBound(used.timestamps, instant);
      if (used.timestamps[at] !== instant) continue;
      for (const [c, column] of columns.entries()) {
        const marked = column[row] as number;
        if (marked === marked) (used.columns[places[c] as number] as Float64Array)[at] = Number.NaN;
      }
    }
  }

  /** The rows in use, sharing memory: good until the next change. */
  view(): Rows {
    return this.#used();
  }

  /** Drops the rows before an instant and answers the last instant dropped, or -Infinity. */
  dropBefore(instant: number): number {
    if (this.first >= instant) return Number.NEGATIVE_INFINITY;
    this.#from += lowerBound(this.#timestamps.subarray(this.#from, this.#to), instant);
    return this.#timestamps[this.#from - 1] as number;
  }

  /** Gives memory back that the rows and their next growth do not need. */
  shrink(): void {
    this.#move(Math.max(FIRST_CAPACITY, Math.ceil(this.length * GROWTH)));
  }

  #used(): Rows {
    return {
      timestamps: this.#timestamps.subarray(this.#from, this.#to),
      columns: this.#columns.map((column) => column.subarray(this.#from, this.#to)),
    };
  }

  #addColumn(quantity: string): number {
    this.quantities.push(quantity);
    this.#columns.push(new Float64Array(this.#timestamps.length).fill(Number.NaN));
    return this.quantities.length - 1;
  }

  #reserve(rows: number): void {
    const capacity = this.#timestamps.length;
    if (this.#to + rows <= capacity) return;
    const needed = this.length + rows;
    this.#move(needed <= capacity / 2 ? capacity : Math.ceil(Math.max(needed, capacity * GROWTH)));
  }

  /** Slides the rows to the front of arrays of the given capacity. */
  #move(capacity: number): void {
    const move = (old: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
      if (capacity === old.length) return old.copyWithin(0, this.#from, this.#to);
      const moved = new Float64Array(capacity);
      moved.set(old.subarray(this.#from, this.#to));
      return moved;
    };
    this.#timestamps = move(this.#timestamps);
    for (let c = 0; c < this.#columns.length; c++)
      this.#columns[c] = move(this.#columns[c] as Float64Array<ArrayBuffer>);
    this.#to -= this.#from;
    this.#from = 0;
  }
}
