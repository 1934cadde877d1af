/**
 * The unit of transfer from a source to every store, stored by columns.
 *
 * A block contains rows of one metric group (`battery`, `solar`, …); a row is one device at one instant. Column `c` of row `r` is the value
 * of the metric `${group}.${quantities[c]}`; NaN means that the row has no such value. Rows are in order of arrival: of two rows for the
 * same device, instant and quantity the later one wins.
 */
export interface Block {
  readonly group: string;
  /** Quantity names, unique within the block: `soc_percent`. */
  readonly quantities: readonly string[];
  /** Device ids, indexed by `device`. */
  readonly devices: readonly string[];
  /** Row → index into `devices`. */
  readonly device: Int32Array;
  /** Row → epoch milliseconds (integers). */
  readonly timestamps: Float64Array;
  /** One column per quantity, each as long as `timestamps`; NaN is missing. */
  readonly columns: readonly Float64Array[];
  /** The block deletes values: each value other than NaN deletes the stored value at its place, whatever it is. */
  readonly erases?: true;
}

/** Blocks that were accepted together and have one sequence number in the journal. */
export interface Batch {
  /** Position in the journal; increases by at least one from batch to batch. */
  readonly sequence: number;
  readonly blocks: readonly Block[];
}

/** A batch of the journal with the instant of its acknowledgement. */
export interface AcceptedBatch extends Batch {
  /** Epoch milliseconds: at or after the request and at or before the response. */
  readonly acceptedAt: number;
  /** The reason why its blocks are unreadable; such a batch has no blocks. */
  readonly damage?: string | undefined;
}

/** Number of rows of a block. */
export function rowCount(block: Block): number {
  return block.timestamps.length;
}

/** Number of values in a block (not NaN). */
export function valueCount(block: Block): number {
  let count = 0;
  for (const column of block.columns) {
    for (let row = 0; row < column.length; row++) {
      if (column[row] === column[row]) count++;
    }
  }
  return count;
}

/** Maximum cells per value of a block, and cells always allowed; rows with too many different quantities go to separate blocks. */
const MAX_CELLS_PER_VALUE = 8;
const MIN_CELLS = 16_384;

/** Whether most cells of such rows would be empty. */
export function isSparse(rows: number, columns: number, values: number): boolean {
  return rows * columns > MAX_CELLS_PER_VALUE * values + MIN_CELLS;
}

/** Memory of a block, a column and a name in addition to the numbers, bytes, measured on Node 24. */
const BLOCK_BYTES = 500;
const COLUMN_BYTES = 200;
const NAME_BYTES = 40;

/** Memory of a block, bytes: many narrow blocks take far more than their numbers. */
export function bytesOf(block: Block): number {
  const { device, quantities, devices, columns } = block;
  return (
    BLOCK_BYTES +
    device.length * (12 + 8 * columns.length) +
    columns.length * COLUMN_BYTES +
    (quantities.length + devices.length) * NAME_BYTES
  );
}

/** The block without the rows of these devices; the same object if it has none of them. */
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

/** The block without device ids that no row uses. */
export function withUsedDevices(block: Block): Block {
  const used = new Map<number, number>();
  const device = block.device.map((place) => {
    const known = used.get(place) ?? used.size;
    used.set(place, known);
    return known;
  });
  return { ...block, devices: Array.from(used.keys(), (place) => block.devices[place]!), device };
}
