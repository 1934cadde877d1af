import type { Batch, Block } from '../../src/domain/columns/batch.ts';
import type { Frame } from '../../src/domain/columns/frame.ts';
import type { TelemetryStore } from '../../src/storage/backend.ts';

/** A row in tests: device, instant, values by quantity. */
export type Row = readonly [device: string, timestamp: number, values: Readonly<Record<string, number>>];

/** Rows in order of arrival as one block; a missing quantity is NaN. */
export function blockOf(group: string, rows: readonly Row[]): Block {
  const devices = [...new Set(rows.map(([device]) => device))];
  const quantities = [...new Set(rows.flatMap(([, , values]) => Object.keys(values)))];
  return {
    group,
    quantities,
    devices,
    device: Int32Array.from(rows, ([device]) => devices.indexOf(device)),
    timestamps: Float64Array.from(rows, ([, timestamp]) => timestamp),
    columns: quantities.map((quantity) => Float64Array.from(rows, ([, , values]) => values[quantity] ?? Number.NaN)),
  };
}

let lastSequence = 0;

/** Blocks under the next sequence number. */
export function batchOf(...blocks: Block[]): Batch {
  return { sequence: ++lastSequence, blocks };
}

/** A batch of one block. */
export function batch(group: string, rows: readonly Row[]): Batch {
  return batchOf(blockOf(group, rows));
}

/** One device's block from columns. */
export function columnsBlock(
  group: string,
  device: string,
  timestamps: Float64Array,
  columns: Readonly<Record<string, Float64Array>>,
): Block {
  return {
    group,
    quantities: Object.keys(columns),
    devices: [device],
    device: new Int32Array(timestamps.length),
    timestamps,
    columns: Object.values(columns),
  };
}

/** All frames of a read. */
export async function framesOf(
  store: TelemetryStore,
  group: string,
  deviceIds: readonly string[],
  quantities: readonly string[],
  start = 0,
  end = 1e14,
): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of store.read({ deviceIds, group, quantities, window: { start, end } })) frames.push(frame);
  return frames;
}

/** A read as rows: `[device, timestamp, …values]`, null for missing, 0 for -0. */
export async function rowsOf(
  store: TelemetryStore,
  group: string,
  deviceIds: readonly string[],
  quantities: readonly string[],
  start?: number,
  end?: number,
): Promise<(string | number | null)[][]> {
  const frames = await framesOf(store, group, deviceIds, quantities, start, end);
  return frames.flatMap(({ deviceId, timestamps, columns }) =>
    Array.from(timestamps, (timestamp, row) => [
      deviceId,
      timestamp,
      ...columns.map((column) => (Number.isNaN(column[row]) ? null : column[row]! + 0)),
    ]),
  );
}
