import { type Frame, seriesOf } from '../../domain/columns/frame.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';

/** Columns of a table after the timestamp: texts, then numbers. */
export interface ExportColumns {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  /** Whether numbers may be missing (NaN): empty in CSV, null in Parquet and Arrow. */
  readonly hasGaps: boolean;
}

/** Rows with the same texts. */
export interface ExportRows {
  readonly texts: readonly string[];
  readonly timestamps: Float64Array;
  /** The columns of numbers, in order. */
  readonly numbers: readonly Float64Array[];
}

const SERIES_TEXTS = ['device_id', 'device_name', 'metric', 'unit'];
/** Raw samples: one row for each, in the order device, metric, time. */
export const SAMPLES: ExportColumns = { texts: SERIES_TEXTS, numbers: ['value'], hasGaps: false };

/** Buckets of series: one row for each bucket. */
export function bucketColumns(aggregates: readonly string[]): ExportColumns {
  return { texts: SERIES_TEXTS, numbers: aggregates, hasGaps: true };
}

/** Wide records: one row for each instant of a device, a column for each metric. */
export function wideColumns(metrics: readonly string[]): ExportColumns {
  return { texts: ['device_id', 'device_name'], numbers: metrics, hasGaps: true };
}

/** Rows written in one go, within some milliseconds. */
const MAX_PART_ROWS = 4096;

/** Rows of frames, one metric after the other, in parts. */
export async function* exportRows(
  frames: AsyncIterable<{ device: DeviceRecord; frame: Frame }>,
  unitOf: (metric: string) => string,
): AsyncIterable<ExportRows> {
  for await (const { device, frame } of frames) {
    for (const quantity of frame.quantities) {
      const metric = `${frame.group}.${quantity}`;
      const { timestamps, values } = seriesOf(frame, quantity);
      yield* inParts([device.id, device.name, metric, unitOf(metric)], timestamps, [values]);
    }
  }
}

/** Rows with the same texts, in parts written in one go. */
export function* inParts(
  texts: readonly string[],
  timestamps: Float64Array,
  numbers: readonly Float64Array[],
): Generator<ExportRows> {
  for (let from = 0; from < timestamps.length; from += MAX_PART_ROWS) {
    const part = (column: Float64Array) => column.subarray(from, from + MAX_PART_ROWS);
    yield { texts, timestamps: part(timestamps), numbers: numbers.map(part) };
  }
}

/** Rows collected into one row group before they are written. */
const ROW_GROUP_ROWS = 16_384;

/** Rows in groups, each large enough for a row group. */
export async function* gathered(rows: AsyncIterable<ExportRows>): AsyncIterable<ExportRows[]> {
  let group: ExportRows[] = [];
  let count = 0;
  for await (const part of rows) {
    group.push(part);
    count += part.timestamps.length;
    if (count < ROW_GROUP_ROWS) continue;
    yield group;
    group = [];
    count = 0;
  }
  if (count > 0) yield group;
}
