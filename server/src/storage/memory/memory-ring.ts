import { concatRows, lowerBound, mergeRows, type Rows } from '../../domain/columns/frame.ts';

/** Initial capacity of a ring, rows: small, since there may be thousands of devices. */
const FIRST_CAPACITY = 8;
const GROWTH = 1.5;
/** Shorter runs are copied by element, which is faster than a typed array's `set`. */
const SHORT_RUN = 8;

/** Memory of a ring in addition to its numbers, and of each of its columns, bytes; measured on Node 24 with `bench/series-memory.ts`. */
const RING_BYTES = 400;
const COLUMN_BYTES = 16;
/** With more columns than this, they are found through an index. */
const FEW_COLUMNS = 32;

/**
 * The recent rows of one device and metric group on a strictly ascending axis. Rows are appended at the end and removed at the front; they
 * are moved to the start when the end is reached, so that every range of rows is contiguous in memory. Instants and columns share one
 * array: separate arrays would need more memory than the few values of most columns.
 */
export class Ring {
  quantities: readonly string[] = [];
  #index: Map<string, number> | null = null;
  #capacity = FIRST_CAPACITY;
  /** The instants, then one column after the other, each with room for `#capacity` rows. */
  #data = new Float64Array(FIRST_CAPACITY);
  /** Rows are `#from … #to`. */
  #from = 0;
  #to = 0;

  get length(): number {
    return this.#to - this.#from;
  }

  /** Allocated bytes of the ring. */
  get bytes(): number {
    return this.#bytesWith(this.#capacity);
  }

  /** Bytes of the ring without spare capacity. */
  get usedBytes(): number {
    return this.#bytesWith(Math.max(FIRST_CAPACITY, this.length));
  }

  /** First instant, or Infinity when empty. */
  get first(): number {
    return this.length > 0 ? this.#data[this.#from]! : Number.POSITIVE_INFINITY;
  }

  /** Last instant, or -Infinity when empty. */
  get last(): number {
    return this.length > 0 ? this.#data[this.#to - 1]! : Number.NEGATIVE_INFINITY;
  }

  /** Positions of quantities among the ring's columns; unknown ones are added. */
  place(quantities: readonly string[]): Int32Array {
    const before = this.quantities.length;
    const added: string[] = [];
    const places = Int32Array.from(quantities, (quantity, i) => {
      if (this.quantities[i] === quantity) return i;
      const known = this.#find(quantity);
      if (known >= 0) return known;
      this.#index?.set(quantity, before + added.length);
      return before + added.push(quantity) - 1;
    });
    if (added.length === 0) return places;
    this.quantities = this.quantities.concat(added);
    this.#addColumns(before);
    return places;
  }

  /** Appends rows `from … to` of a block; they ascend and are later than the rows of the ring. */
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
    const data = this.#data;
    const capacity = this.#capacity;
    if (places.length < this.quantities.length) {
      for (let c = 1; c <= this.quantities.length; c++)
        data.fill(Number.NaN, c * capacity + at, c * capacity + this.#to);
    }
    if (rows < SHORT_RUN) {
      for (let row = from; row < to; row++) data[at + row - from] = timestamps[row]!;
      for (let c = 0; c < places.length; c++) {
        const source = columns[c]!;
        const target = (1 + places[c]!) * capacity + at - from;
        for (let row = from; row < to; row++) data[target + row] = source[row]!;
      }
      return;
    }
    data.set(timestamps.subarray(from, to), at);
    for (let c = 0; c < places.length; c++) data.set(columns[c]!.subarray(from, to), (1 + places[c]!) * capacity + at);
  }

  /** Merges rows, in order of arrival, that are not all later than the existing ones. */
  merge(timestamps: Float64Array, columns: readonly Float64Array[], places: Int32Array, rows: readonly number[]): void {
    const late: Rows = {
      timestamps: Float64Array.from(rows, (row) => timestamps[row]!),
      columns: this.quantities.map(() => new Float64Array(rows.length).fill(Number.NaN)),
    };
    for (const [c, place] of places.entries()) {
      for (const [i, row] of rows.entries()) late.columns[place]![i] = columns[c]![row]!;
    }
    let earliest = Number.POSITIVE_INFINITY;
    for (const instant of late.timestamps) if (instant < earliest) earliest = instant;
    const used = this.#used();
    const cut = lowerBound(used.timestamps, earliest);
    const tail = { timestamps: used.timestamps.subarray(cut), columns: used.columns.map((c) => c.subarray(cut)) };
    const merged = mergeRows(concatRows([tail, late], this.quantities.length));
    this.#to = this.#from + cut;
    const all = Int32Array.from(this.quantities.keys());
    this.append(merged.timestamps, merged.columns, all, 0, merged.timestamps.length);
  }

  /** Copies the rows of `[start, end)` with the requested columns; rows without a value in any of them are omitted. */
  slice(start: number, end: number, quantities: readonly string[]): Rows {
    const instants = this.#part(0);
    const [from, to] = [lowerBound(instants, start), lowerBound(instants, end)];
    const columns = quantities.map((quantity) => {
      const place = this.#find(quantity);
      return place < 0 ? new Float64Array(to - from).fill(Number.NaN) : this.#part(1 + place).slice(from, to);
    });
    return mergeRows({ timestamps: instants.slice(from, to), columns });
  }

  /** Erases values at instants: those of the columns that are not NaN. */
  erase(timestamps: Float64Array, columns: readonly Float64Array[], places: Int32Array, rows: readonly number[]): void {
    const used = this.#used();
    for (const row of rows) {
      const instant = timestamps[row]!;
      const at = lowerBound(used.timestamps, instant);
      if (used.timestamps[at] !== instant) continue;
      for (const [c, column] of columns.entries()) {
        const marked = column[row]!;
        if (marked === marked) used.columns[places[c]!]![at] = Number.NaN;
      }
    }
  }

  /** The rows, as views of the same memory: valid until the next change. */
  view(): Rows {
    return this.#used();
  }

  /** Drops the rows before an instant and returns the last dropped instant, or -Infinity. */
  dropBefore(instant: number): number {
    if (this.first >= instant) return Number.NEGATIVE_INFINITY;
    this.#from += lowerBound(this.#part(0), instant);
    return this.#data[this.#from - 1]!;
  }

  /** Frees memory that the rows and their next growth do not need. */
  shrink(): void {
    this.#move(Math.max(FIRST_CAPACITY, Math.ceil(this.length * GROWTH)));
  }

  #bytesWith(capacity: number): number {
    return RING_BYTES + COLUMN_BYTES * this.quantities.length + capacity * 8 * (1 + this.quantities.length);
  }

  #used(): Rows {
    return { timestamps: this.#part(0), columns: this.quantities.map((_, c) => this.#part(1 + c)) };
  }

  /** The instants (0) or a column (from 1) of the rows. */
  #part(c: number): Float64Array<ArrayBuffer> {
    return this.#data.subarray(c * this.#capacity + this.#from, c * this.#capacity + this.#to);
  }

  #find(quantity: string): number {
    if (this.quantities.length <= FEW_COLUMNS) return this.quantities.indexOf(quantity);
    this.#index ??= new Map(this.quantities.map((name, place) => [name, place]));
    return this.#index.get(quantity) ?? -1;
  }

  #addColumns(before: number): void {
    const data = new Float64Array(this.#capacity * (1 + this.quantities.length));
    data.set(this.#data);
    this.#data = data.fill(Number.NaN, this.#capacity * (1 + before));
  }

  #reserve(rows: number): void {
    const capacity = this.#capacity;
    if (this.#to + rows <= capacity) return;
    const needed = this.length + rows;
    this.#move(needed <= capacity / 2 ? capacity : Math.ceil(Math.max(needed, capacity * GROWTH)));
  }

  /** Moves the rows to the front, with room for `capacity` of them. */
  #move(capacity: number): void {
    const data = capacity === this.#capacity ? this.#data : new Float64Array(capacity * (1 + this.quantities.length));
    for (let c = 0; c <= this.quantities.length; c++) {
      if (data === this.#data) data.copyWithin(c * capacity, c * capacity + this.#from, c * capacity + this.#to);
      else data.set(this.#part(c), c * capacity);
    }
    this.#data = data;
    this.#capacity = capacity;
    this.#to -= this.#from;
    this.#from = 0;
  }
}
