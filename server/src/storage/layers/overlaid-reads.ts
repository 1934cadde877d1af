import type { Block } from '../../domain/columns/batch.ts';
import { concatRows, type Frame, mergeRows, type Rows, sliceRows } from '../../domain/columns/frame.ts';
import type { ReadRequest } from '../backend.ts';

/** Placeholder in rows for a value to be erased; no store contains it. */
const ERASED = Number.NEGATIVE_INFINITY;

/** The rows of blocks that match a read request, ascending; null without any. Each place occurs at most once. */
export function rowsFor(
  blocks: readonly Block[],
  deviceId: string,
  request: Omit<ReadRequest, 'deviceIds'>,
): Rows | null {
  const { group, quantities, window } = request;
  const parts = blocks.flatMap((block): Rows[] => {
    const device = block.devices.indexOf(deviceId);
    if (block.group !== group || device < 0) return [];
    const sources = quantities.map((quantity) => block.columns[block.quantities.indexOf(quantity)]);
    const rows = [...block.device.keys()].filter((row) => {
      const instant = block.timestamps[row]!;
      if (block.device[row] !== device || instant < window.start || instant >= window.end) return false;
      return sources.some((source) => source !== undefined && source[row] === source[row]);
    });
    const valueAt = (source: Float64Array | undefined, row: number) => {
      const value = source?.[row] ?? Number.NaN;
      return block.erases && value === value ? ERASED : value;
    };
    return [
      {
        timestamps: Float64Array.from(rows, (row) => block.timestamps[row]!),
        columns: sources.map((source) => Float64Array.from(rows, (row) => valueAt(source, row))),
      },
    ];
  });
  const rows = mergeRows(concatRows(parts, quantities.length));
  return parts.length === 0 || rows.timestamps.length === 0 ? null : rows;
}

/** Frames of one device, merged with newer rows that take precedence. */
export async function* overlaid(
  frames: AsyncIterable<Frame>,
  newer: Rows,
  deviceId: string,
  { group, quantities, window }: Omit<ReadRequest, 'deviceIds'>,
): AsyncGenerator<Frame> {
  const frameOf = (rows: Rows): Frame => ({ deviceId, group, quantities, ...withoutErased(rows) });
  let from = window.start;
  for await (const frame of frames) {
    const end = frame.timestamps.at(-1)! + 1;
    const between = sliceRows(newer, from, end);
    const merged =
      between.timestamps.length === 0 ? frame : frameOf(mergeRows(concatRows([frame, between], quantities.length)));
    if (merged.timestamps.length > 0) yield merged;
    from = end;
  }
  const rest = frameOf(sliceRows(newer, from, window.end));
  if (rest.timestamps.length > 0) yield rest;
}

function withoutErased(rows: Rows): Rows {
  if (!rows.columns.some((column) => column.includes(ERASED))) return rows;
  const columns = rows.columns.map((column) => column.map((value) => (value === ERASED ? Number.NaN : value)));
  return mergeRows({ timestamps: rows.timestamps, columns });
}
