import type { Window } from '../time/window.ts';
import type { Batch, Block } from './batch.ts';
import { concatRows, type Frame, mergeRows, type Rows, sliceRows } from './frame.ts';

/** Marks an erased value among rows that a store does not have yet; no store holds it. */
const ERASED = Number.NEGATIVE_INFINITY;

interface FramesRequest {
  readonly deviceIds: readonly string[];
  readonly group: string;
  readonly quantities: readonly string[];
  readonly window: Window;
}

interface FrameReader<R extends FramesRequest> {
  read(request: R): AsyncIterable<Frame>;
}

type Batches = AsyncIterable<Pick<Batch, 'blocks'>> | Iterable<Pick<Batch, 'blocks'>>;

/**
 * The rows of batches that match a request, by device and in order of arrival; a device without matching rows is not in the map. Columns are in
 * the order of the request's quantities. Erased values are marked; `readOverlaid` removes them.
 */
export async function collectRows(batches: Batches, request: FramesRequest): Promise<Map<string, Rows[]>> {
  const found = new Map<string, Rows[]>();
  const wanted = new Set(request.deviceIds);
  for await (const { blocks } of batches) {
    for (const block of blocks) {
      if (block.group === request.group) collectBlock(block, request, wanted, found);
    }
  }
  return found;
}

function collectBlock(
  block: Block,
  request: FramesRequest,
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

/** Frames of a store with newer rows merged in, which take precedence. */
export async function* readOverlaid<R extends FramesRequest>(
  store: FrameReader<R>,
  newer: ReadonlyMap<string, readonly Rows[]>,
  request: R,
): AsyncGenerator<Frame> {
  if (newer.size === 0) {
    yield* store.read(request);
    return;
  }
  for (const deviceId of request.deviceIds) {
    const frames = store.read({ ...request, deviceIds: [deviceId] });
    const rows = newer.get(deviceId);
    yield* rows ? overlay(frames, rows, deviceId, request) : frames;
  }
}

async function* overlay(
  frames: AsyncIterable<Frame>,
  newer: readonly Rows[],
  deviceId: string,
  { group, quantities, window }: FramesRequest,
): AsyncGenerator<Frame> {
  const late = mergeRows(concatRows(newer, quantities.length));
  const frameOf = (rows: Rows): Frame => ({ deviceId, group, quantities, ...withoutErased(rows) });
  let from = window.start;
  for await (const frame of frames) {
    const end = frame.timestamps.at(-1)! + 1;
    const between = sliceRows(late, from, end);
    const merged =
      between.timestamps.length === 0 ? frame : frameOf(mergeRows(concatRows([frame, between], quantities.length)));
    if (merged.timestamps.length > 0) yield merged;
    from = end;
  }
  const rest = frameOf(sliceRows(late, from, window.end));
  if (rest.timestamps.length > 0) yield rest;
}

/** Merged rows without erased values, and without rows that have no other value. */
function withoutErased(rows: Rows): Rows {
  if (!rows.columns.some((column) => column.includes(ERASED))) return rows;
  const columns = rows.columns.map((column) => column.map((value) => (value === ERASED ? Number.NaN : value)));
  return mergeRows({ timestamps: rows.timestamps, columns });
}
