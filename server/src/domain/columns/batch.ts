/**
 * What travels from a source to every store: columns, not rows.
 *
 * A block holds rows of one metric group (`battery`, `solar`, …); a row is one device at one instant.
 * Column `c` of row `r` is the value of the metric `${group}.${quantities[c]}`; NaN says that the row has no such value.
 * Rows stand in order of arrival, so of two rows for the same device, instant and quantity the later one wins.
 */
export interface Block {
  readonly group: string;
  /** Quantity names, unique within the block: `soc_percent`. */
  readonly quantities: readonly string[];
  /** Dictionary of device ids that `device` points into. */
  readonly devices: readonly string[];
  /** Row → index into `devices`. */
  readonly device: Int32Array;
  /** Row → epoch milliseconds (whole numbers). */
  readonly timestamps: Float64Array;
  /** One column per quantity, each as long as `timestamps`; NaN is missing. */
  readonly columns: readonly Float64Array[];
  /** The values are not to be kept but to be forgotten: each that is not NaN stands for the one at its place, whatever that is. */
  readonly erases?: true;
}

/** Blocks that were accepted together and stand in the journal under one sequence number. */
export interface Batch {
  /** Position in the journal; grows by at least one from batch to batch. */
  readonly sequence: number;
  readonly blocks: readonly Block[];
}

/** A batch of the journal and the instant of its acknowledgement. */
export interface AcceptedBatch extends Batch {
  /** Epoch milliseconds. Never earlier than the sender's request, never later than its answer. */
  readonly acceptedAt: number;
  /** Why its blocks could not be read, where that is so: it has none then. */
  readonly damage?: string | undefined;
}

/** Rows of a block. */
export function rowCount(block: Block): number {
  return block.timestamps.length;
}

/** Values that are present in a block (not NaN). */
export function valueCount(block: Block): number {
  let count = 0;
  for (const column of block.columns) {
    for (let row = 0; row < column.length; row++) {
      if (column[row] === column[row]) count++;
    }
  }
  return count;
}

/** A block may have this many cells for each value, and this many in any case: rows with ever other quantities go to blocks of their own. */
const MAX_CELLS_PER_VALUE = 8;
const MIN_CELLS = 16_384;

/** Whether rows of these columns would be mostly empty cells. */
export function isSparse(rows: number, columns: number, values: number): boolean {
  return rows * columns > MAX_CELLS_PER_VALUE * values + MIN_CELLS;
}

/** What a block, a column and a name cost in memory beside the numbers, bytes, measured on Node 24. */
const BLOCK_BYTES = 500;
const COLUMN_BYTES = 200;
const NAME_BYTES = 40;

/** Memory that a block holds, bytes: many narrow blocks cost far more than their numbers. */
export function bytesOf(block: Block): number {
  const { device, quantities, devices, columns } = block;
  return (
    BLOCK_BYTES +
    device.length * (12 + 8 * columns.length) +
    columns.length * COLUMN_BYTES +
    (quantities.length + devices.length) * NAME_BYTES
  );
}

/** The block without the rows of these devices; itself where it has none of them. */
export function withoutDevices(block: Block, removed: Pick<ReadonlySet<string>, 'has'>): Block {
  const isRemoved = block.devices.map((id) => removed.has(id));
  if (!isRemoved.includes(true)) return block;
  const isKept = (_: number, row: number) => isRemoved[block.device[row]!] !== true;
  return withUsedDevices({
    ...block,
    device: block.device.filter(isKept),
    timestamps: block.timestamps.filter(isKept),
    columns: block.columns.map((column) => column.filter(isKept)),
  });
}

/** Blocks without the rows of removed devices. */
export function withoutRemoved(blocks: readonly Block[], removed: ReadonlySet<string>): readonly Block[] {
  if (removed.size === 0) return blocks;
  return blocks.flatMap((block) => {
    const kept = withoutDevices(block, removed);
    return kept !== block && kept.timestamps.length === 0 ? [] : kept;
  });
}

/** The block without the devices that none of its rows has. */
export function withUsedDevices(block: Block): Block {
  const used = new Map<number, number>();
  const device = block.device.map((place) => {
    const known = used.get(place) ?? used.size;
    used.set(place, known);
    return known;
  });
  return { ...block, devices: Array.from(used.keys(), (place) => block.devices[place]!), device };
}
