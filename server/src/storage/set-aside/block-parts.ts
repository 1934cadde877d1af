import type { Block } from '../../domain/columns/batch.ts';

/**
 * Divides a block into two parts with the same values in the same order, or null for a single value. Series are separated before instants.
 */
export function halves(block: Block): readonly [Block, Block] | null {
  const { quantities, devices, timestamps } = block;
  const half = (count: number) => (i: number) => i < count >> 1;
  const divide = (pick: (isFirst: boolean) => Block): readonly [Block, Block] => [pick(true), pick(false)];
  if (quantities.length > 1) {
    const isFirst = half(quantities.length);
    return divide((first) => pick(block, { quantity: (c) => isFirst(c) === first }));
  }
  if (devices.length > 1) {
    const isFirst = half(devices.length);
    return divide((first) => pick(block, { row: (row) => isFirst(block.device[row]!) === first }));
  }
  if (timestamps.length <= 1) return null;
  const isFirst = half(timestamps.length);
  return divide((first) => pick(block, { row: (row) => isFirst(row) === first }));
}

interface Choice {
  readonly quantity?: (c: number) => boolean;
  readonly row?: (row: number) => boolean;
}

/** A part of a block, without rows and devices that have no value in it. */
export function pick(block: Block, { quantity = () => true, row = () => true }: Choice): Block {
  const chosen = block.columns.flatMap((column, c) => (quantity(c) ? [{ column, name: block.quantities[c]! }] : []));
  const rows: number[] = [];
  for (let r = 0; r < block.timestamps.length; r++) {
    if (row(r) && chosen.some(({ column }) => column[r] === column[r])) rows.push(r);
  }
  const used = [...new Set(rows.map((r) => block.device[r]!))];
  const placeOf = new Map(used.map((device, place) => [device, place]));
  return {
    ...block,
    quantities: chosen.map(({ name }) => name),
    devices: used.map((device) => block.devices[device]!),
    device: Int32Array.from(rows, (r) => placeOf.get(block.device[r]!)!),
    timestamps: Float64Array.from(rows, (r) => block.timestamps[r]!),
    columns: chosen.map(({ column }) => Float64Array.from(rows, (r) => column[r]!)),
  };
}

/** The last row of a block with a value, or null. */
export function lastRow(block: Block): Block | null {
  const row = block.timestamps.length - 1;
  const chosen = block.columns.flatMap((column, c) => (column[row] === column[row] && row >= 0 ? [c] : []));
  if (chosen.length === 0) return null;
  return {
    ...block,
    quantities: chosen.map((c) => block.quantities[c]!),
    devices: [block.devices[block.device[row]!]!],
    device: Int32Array.of(0),
    timestamps: Float64Array.of(block.timestamps[row]!),
    columns: chosen.map((c) => Float64Array.of(block.columns[c]![row]!)),
  };
}

/** A block without the values at places where another one has a value; the block itself when there are none. */
export function withoutPlaces(block: Block, other: Block): Block {
  if (block.group !== other.group) return block;
  const rowsOf = new Map<string, number[]>();
  for (const [row, instant] of other.timestamps.entries()) {
    const key = `${instant} ${other.devices[other.device[row]!]}`;
    rowsOf.set(key, [...(rowsOf.get(key) ?? []), row]);
  }
  const sources = block.quantities.map((quantity) => other.columns[other.quantities.indexOf(quantity)]);
  const columns = block.columns.map((column) => column.slice());
  let changed = false;
  for (const [row, instant] of block.timestamps.entries()) {
    const rows = rowsOf.get(`${instant} ${block.devices[block.device[row]!]}`);
    if (rows === undefined) continue;
    for (const [c, source] of sources.entries()) {
      const value = columns[c]![row]!;
      if (value !== value || source === undefined || !rows.some((r) => source[r] === source[r])) continue;
      columns[c]![row] = Number.NaN;
      changed = true;
    }
  }
  return changed ? withoutEmpty({ ...block, columns }) : block;
}

/** A block without quantities, rows and devices that have no value. */
export function withoutEmpty(block: Block): Block {
  return pick(block, { quantity: (c) => block.columns[c]!.some((value) => value === value) });
}

/** First and last instant of a block. */
export function extentOf({ timestamps }: Block): { readonly first: number; readonly last: number } {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const instant of timestamps) {
    if (instant < first) first = instant;
    if (instant > last) last = instant;
  }
  return { first, last };
}
