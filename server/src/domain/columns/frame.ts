/** Samples of one device and one metric group on a shared time axis, as columns. */
export interface Frame {
  readonly deviceId: string;
  readonly group: string;
  readonly quantities: readonly string[];
  /** Epoch milliseconds, strictly ascending. */
  readonly timestamps: Float64Array;
  /** One column per quantity; NaN is missing. A row has at least one value. */
  readonly columns: readonly Float64Array[];
}

/** One metric of one device over time: epoch milliseconds, strictly ascending, and values without NaN. */
export interface Series {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** One quantity of a frame without its missing samples. */
export function seriesOf(frame: Frame, quantity: string): Series {
  const column = frame.columns[frame.quantities.indexOf(quantity)];
  return column ? withoutMissing(frame.timestamps, column) : EMPTY_SERIES;
}

export const EMPTY_SERIES: Series = { timestamps: new Float64Array(0), values: new Float64Array(0) };

/** Drops samples with a NaN value. Shares memory with its arguments if there are none. */
export function withoutMissing(timestamps: Float64Array, values: Float64Array): Series {
  let present = 0;
  for (let i = 0; i < values.length; i++) if (values[i] === values[i]) present++;
  if (present === values.length) return { timestamps, values };
  const keptTimes = new Float64Array(present);
  const keptValues = new Float64Array(present);
  for (let i = 0, at = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value === value) {
      keptTimes[at] = timestamps[i]!;
      keptValues[at++] = value;
    }
  }
  return { timestamps: keptTimes, values: keptValues };
}

/** Rows in order of arrival, before they are sorted and merged into a frame. */
export interface Rows {
  readonly timestamps: Float64Array;
  readonly columns: readonly Float64Array[];
}

/**
 * Sorts rows in order of arrival by time. Rows of the same instant are merged: of two values of the same quantity the later arrival wins,
 * and a missing value never hides an existing one. Rows without any value are dropped.
 */
export function mergeRows(rows: Rows): Rows {
  const { timestamps, columns } = rows;
  const length = timestamps.length;
  if (isAscending(timestamps) && !hasEmptyRow(columns, length)) return rows;
  const order = sortedOrder(timestamps);
  const outTimes = new Float64Array(length);
  const outColumns = columns.map(() => new Float64Array(length).fill(Number.NaN));
  let at = -1;
  let previous = Number.NaN;
  for (let i = 0; i < length; i++) {
    const row = order[i]!;
    const instant = timestamps[row]!;
    if (instant !== previous) {
      if (at < 0 || rowHasValue(outColumns, at)) at++;
      outTimes[at] = instant;
      previous = instant;
    }
    for (let c = 0; c < columns.length; c++) {
      const value = columns[c]![row]!;
      if (value === value) outColumns[c]![at] = value;
    }
  }
  const used = at >= 0 && rowHasValue(outColumns, at) ? at + 1 : Math.max(at, 0);
  return { timestamps: outTimes.subarray(0, used), columns: outColumns.map((column) => column.subarray(0, used)) };
}

/** Concatenates rows with the same columns; later parts count as later arrivals. */
export function concatRows(parts: readonly Rows[], columnCount: number): Rows {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.timestamps.length, 0);
  const timestamps = new Float64Array(length);
  const columns = Array.from({ length: columnCount }, () => new Float64Array(length));
  let at = 0;
  for (const part of parts) {
    timestamps.set(part.timestamps, at);
    for (let c = 0; c < columnCount; c++) columns[c]!.set(part.columns[c]!, at);
    at += part.timestamps.length;
  }
  return { timestamps, columns };
}

/** Rows within `[start, end)` of a strictly ascending axis, sharing memory. */
export function sliceRows(rows: Rows, start: number, end: number): Rows {
  const from = lowerBound(rows.timestamps, start);
  const to = lowerBound(rows.timestamps, end);
  if (from === 0 && to === rows.timestamps.length) return rows;
  return {
    timestamps: rows.timestamps.subarray(from, to),
    columns: rows.columns.map((column) => column.subarray(from, to)),
  };
}

/** First index whose element is at least `bound`, in an ascending array. */
export function lowerBound(ascending: ArrayLike<number>, bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isAscending(timestamps: Float64Array): boolean {
  for (let i = 1; i < timestamps.length; i++) {
    if (timestamps[i]! <= timestamps[i - 1]!) return false;
  }
  return true;
}

function hasEmptyRow(columns: readonly Float64Array[], length: number): boolean {
  for (let row = 0; row < length; row++) if (!rowHasValue(columns, row)) return true;
  return false;
}

function rowHasValue(columns: readonly Float64Array[], row: number): boolean {
  for (const column of columns) {
    const value = column[row]!;
    if (value === value) return true;
  }
  return false;
}

/** Row numbers sorted by instant; rows of the same instant remain in order of arrival (stable sort). */
function sortedOrder(timestamps: Float64Array): Uint32Array {
  const order = new Uint32Array(timestamps.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => timestamps[a]! - timestamps[b]! || a - b);
}
