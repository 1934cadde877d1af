import { zstdCompressSync } from 'node:zlib';
import {
  Float64,
  makeVector,
  RecordBatchStreamWriter,
  Table,
  TimestampMillisecond,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type Frame, seriesOf } from '../../domain/frame.ts';
import { isoTimes } from '../../domain/iso-time.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';

/** Samples as they are exported: one row for each, in the order device, metric group, time. */
export interface ExportRows {
  readonly device: DeviceRecord;
  readonly metric: string;
  readonly unit: string;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** Rows of frames, one metric after the other. */
export async function* exportRows(
  frames: AsyncIterable<{ device: DeviceRecord; frame: Frame }>,
  unitOf: (metric: string) => string,
): AsyncIterable<ExportRows> {
  for await (const { device, frame } of frames) {
    for (const quantity of frame.quantities) {
      const metric = `${frame.group}.${quantity}`;
      const { timestamps, values } = seriesOf(frame, quantity);
      if (timestamps.length > 0) yield { device, metric, unit: unitOf(metric), timestamps, values };
    }
  }
}

/** CSV (RFC 4180) with a header, in UTF-8. */
export async function* toCsv(rows: AsyncIterable<ExportRows>): AsyncIterable<string> {
  yield 'timestamp,device_id,device_name,metric,unit,value\r\n';
  for await (const { device, metric, unit, timestamps, values } of rows) {
    const middle = `,${device.id},${quoted(device.name)},${quoted(metric)},${quoted(unit)},`;
    const lines = isoTimes(timestamps).map((time, i) => `${time}${middle}${values[i]}\r\n`);
    yield lines.join('');
  }
}

/** Keeps a spreadsheet from reading a name as a formula, and a comma or quote from ending the field. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Rows gathered into one row group before they are written. */
const ROW_GROUP_ROWS = 100_000;

/** Parquet with zstd: timestamp (ms, UTC), device_id, device_name, metric, unit, value. */
export async function* toParquet(rows: AsyncIterable<ExportRows>): AsyncIterable<Uint8Array> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    createdBy: 'wattkeeper',
    schema: [
      { name: 'root', num_children: 6 },
      { name: 'timestamp', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
      ...['device_id', 'device_name', 'metric', 'unit'].map(
        (name) => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }) as const,
      ),
      { name: 'value', type: 'DOUBLE', repetition_type: 'REQUIRED' },
    ],
  });
  const taken = () => {
    const chunk = bytes.getBytes().slice();
    bytes.index = 0;
    return chunk;
  };
  for await (const group of gathered(rows)) {
    await writer.write({
      columnData: [
        { name: 'timestamp', data: group.flatMap(({ timestamps }) => Array.from(timestamps, (ms) => new Date(ms))) },
        { name: 'device_id', data: repeated(group, ({ device }) => device.id) },
        { name: 'device_name', data: repeated(group, ({ device }) => device.name) },
        { name: 'metric', data: repeated(group, ({ metric }) => metric) },
        { name: 'unit', data: repeated(group, ({ unit }) => unit) },
        { name: 'value', data: group.flatMap(({ values }) => Array.from(values)) },
      ],
    });
    yield taken();
  }
  await writer.finish();
  yield taken();
}

/** Arrow IPC stream with the columns of the Parquet export. */
export async function* toArrow(rows: AsyncIterable<ExportRows>): AsyncIterable<Uint8Array> {
  const writer = new RecordBatchStreamWriter();
  const output = writer[Symbol.asyncIterator]();
  const write = async () => {
    for await (const group of gathered(rows)) writer.write(arrowTable(group));
    writer.write(arrowTable([]));
    writer.finish();
  };
  const writing = write();
  writing.catch((error: unknown) => writer.abort(error));
  for (let next = await output.next(); !next.done; next = await output.next()) yield next.value as Uint8Array;
  await writing;
}

function arrowTable(group: readonly ExportRows[]): Table {
  const times = BigInt64Array.from(group.flatMap(({ timestamps }) => Array.from(timestamps, BigInt)));
  const text = (of: (rows: ExportRows) => string) => vectorFromArray(repeated(group, of), new Utf8());
  return new Table({
    timestamp: makeVector({ type: new TimestampMillisecond('UTC'), data: times, length: times.length }),
    device_id: text(({ device }) => device.id),
    device_name: text(({ device }) => device.name),
    metric: text(({ metric }) => metric),
    unit: text(({ unit }) => unit),
    value: makeVector({
      type: new Float64(),
      data: Float64Array.from(group.flatMap(({ values }) => Array.from(values))),
      length: times.length,
    }),
  });
}

async function* gathered(rows: AsyncIterable<ExportRows>): AsyncIterable<ExportRows[]> {
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

function repeated(group: readonly ExportRows[], of: (rows: ExportRows) => string): string[] {
  return group.flatMap((rows) => new Array<string>(rows.timestamps.length).fill(of(rows)));
}
