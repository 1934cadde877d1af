import type { Batch, Block } from '../domain/columns/batch.ts';
import { mergeRows, type Rows } from '../domain/columns/frame.ts';
import type { Window } from '../domain/time/window.ts';

/** Placeholder in pending rows for a deleted value; stores never contain it. */
const ERASED = Number.NEGATIVE_INFINITY;

/** A query of batches that a store may not have yet. */
export interface PendingRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  readonly window: Window;
}

/**
 * Matching rows of batches, by device and in order of arrival; devices without rows are omitted. Columns follow the quantities of the
 * request. Deleted values are marked: `withoutErased` removes them after the rows are merged with those of the store.
 */
export async function collectPending(
  batches: AsyncIterable<Batch>,
  request: PendingRequest,
): Promise<Map<string, Rows[]>> {
  const found = new Map<string, Rows[]>();
  const wanted = new Set(request.deviceIds);
  for await (const batch of batches) {
    for (const block of batch.blocks) {
      if (block.group === request.group) collectBlock(block, request, wanted, found);
    }
  }
  return found;
}

function collectBlock(
  block: Block,
  request: PendingRequest,
  wanted: ReadonlySet<string>,
  found: Map<string, Rows[]>,
): void {
  const columns = request.quantities.map((quantity) => block.columns[block.quantities.indexOf(quantity)]);
  if (columns.every((column) => column === undefined)) return;
  const rowsOf = block.devices.map((): number[] => []);
  for (let row = 0; row < block.timestamps.length; row++) {
    const instant = block.timestamps[row]!;
    if (instant < request.window.start || instant >= request.window.end) continue;
    rowsOf[block.device[row]!]!.push(row);
  }
  for (const [d, deviceId] of block.devices.entries()) {
    const rows = rowsOf[d]!;
    if (rows.length === 0 || !wanted.has(deviceId)) continue;
    const picked: Rows = {
      timestamps: Float64Array.from(rows, (row) => block.timestamps[row]!),
      columns: columns.map((column) =>
        Float64Array.from(rows, (row) => {
          const value = column ? column[row]! : Number.NaN;
          return block.erases && value === value ? ERASED : value;
        }),
      ),
    };
    const parts = found.get(deviceId);
    if (parts) parts.push(picked);
    else found.set(deviceId, [picked]);
  }
}

/** Removes deleted values from merged rows, and rows without other values. */
export function withoutErased(rows: Rows): Rows {
  if (!rows.columns.some((column) => column.includes(ERASED))) return rows;
  const columns = rows.columns.map((column) => column.map((value) => (value === ERASED ? Number.NaN : value)));
  return mergeRows({ timestamps: rows.timestamps, columns });
}
