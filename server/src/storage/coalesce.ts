import { type Batch, type Block, isSparse } from '../domain/columns/batch.ts';

/** Rows of one group from many blocks, in order of arrival, in separate memory that can be transferred. */
export interface GroupRows {
  readonly group: string;
  readonly quantities: readonly string[];
  readonly devices: readonly string[];
  /** Row → index into `devices`. */
  readonly device: Int32Array<ArrayBuffer>;
  readonly timestamps: Float64Array<ArrayBuffer>;
  readonly columns: readonly Float64Array<ArrayBuffer>[];
}

/**
 * Divides batches, in order, so that the rows of a group in each part have similar quantities: joined rows with different quantities would
 * have mostly empty cells.
 */
export function denseRuns(batches: readonly Batch[]): Batch[][] {
  const runs: Batch[][] = [[]];
  let groups = new Map<string, { rows: number; cells: number; quantities: Set<string> }>();
  for (const { sequence, blocks } of batches) {
    for (const block of blocks) {
      const { rows = 0, cells = 0, quantities = new Set<string>() } = groups.get(block.group) ?? {};
      const all = new Set([...quantities, ...block.quantities]);
      const total = { rows: rows + block.device.length, cells: cells + block.device.length * block.columns.length };
      if (cells > 0 && isSparse(total.rows, all.size, total.cells)) {
        runs.push([]);
        groups = new Map();
        total.rows = block.device.length;
        total.cells = total.rows * block.columns.length;
        groups.set(block.group, { ...total, quantities: new Set(block.quantities) });
      } else groups.set(block.group, { ...total, quantities: all });
      const run = runs.at(-1)!;
      const last = run.at(-1);
      if (last?.sequence === sequence) run.splice(-1, 1, { sequence, blocks: [...last.blocks, block] });
      else run.push({ sequence, blocks: [block] });
    }
  }
  return runs;
}

/** Copies the blocks of batches into one run of rows per group: one large write is far cheaper than many small ones. */
export function coalesce(batches: readonly Batch[]): GroupRows[] {
  const groups = new Map<string, Block[]>();
  for (const { blocks } of batches) {
    for (const block of blocks) {
      if (block.timestamps.length === 0 || block.quantities.length === 0) continue;
      const sharing = groups.get(block.group);
      if (sharing) sharing.push(block);
      else groups.set(block.group, [block]);
    }
  }
  return [...groups].map(([group, blocks]) => joinBlocks(group, blocks));
}

/** The memory of rows, for a transfer. */
export function buffersOf(rows: readonly GroupRows[]): ArrayBuffer[] {
  return rows.flatMap(({ device, timestamps, columns }) => [
    device.buffer,
    timestamps.buffer,
    ...columns.map((column) => column.buffer),
  ]);
}

function joinBlocks(group: string, blocks: readonly Block[]): GroupRows {
  const quantities = [...new Set(blocks.flatMap((block) => block.quantities))];
  const devices = [...new Set(blocks.flatMap((block) => block.devices))];
  const placeOf = new Map(devices.map((id, place) => [id, place]));
  const length = blocks.reduce((sum, block) => sum + block.timestamps.length, 0);
  const device = new Int32Array(length);
  const timestamps = new Float64Array(length);
  const columns = quantities.map(() => new Float64Array(length));
  let at = 0;
  for (const block of blocks) {
    const rows = block.timestamps.length;
    timestamps.set(block.timestamps, at);
    const places = Int32Array.from(block.devices, (id) => placeOf.get(id) as number);
    for (let row = 0; row < rows; row++) device[at + row] = places[block.device[row]!]!;
    for (const [c, quantity] of quantities.entries()) {
      const column = columns[c]!;
      const source = block.columns[block.quantities[c] === quantity ? c : block.quantities.indexOf(quantity)];
      if (source) column.set(source, at);
      else column.fill(Number.NaN, at, at + rows);
    }
    at += rows;
  }
  return { group, quantities, devices, device, timestamps, columns };
}
