import { zstdCompressSync } from 'node:zlib';
import {
  AsyncByteQueue,
  type Data,
  Field,
  Float64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMillisecond,
  Utf8,
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

/** Rows that are written in one go: some milliseconds. */
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
      for (let from = 0; from < timestamps.length; from += MAX_PART_ROWS) {
        const part = [from, from + MAX_PART_ROWS] as const;
        const rows = { timestamps: timestamps.subarray(...part), values: values.subarray(...part) };
        yield { device, metric, unit: unitOf(metric), ...rows };
      }
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
const ROW_GROUP_ROWS = 16_384;

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
  const sink = new ChunkSink();
  writer.reset(sink);
  writer.write(arrowBatch([]));
  for await (const group of gathered(rows)) {
    writer.write(arrowBatch(group));
    yield* sink.take();
  }
  writer.finish();
  yield* sink.take();
}

/** Takes what the writer brings, so that no more is written than was fetched. */
class ChunkSink extends AsyncByteQueue {
  #chunks: Uint8Array[] = [];

  override write(bytes: Uint8Array): void {
    if (bytes.byteLength > 0) this.#chunks.push(bytes);
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }
}

/** One schema for all batches: the writer ends the stream where it changes, were it only that a batch has no rows. */
const ARROW_SCHEMA = new Schema([
  new Field('timestamp', new TimestampMillisecond('UTC'), false),
  ...['device_id', 'device_name', 'metric', 'unit'].map((name) => new Field(name, new Utf8(), false)),
  new Field('value', new Float64(), false),
]);

function arrowBatch(group: readonly ExportRows[]): RecordBatch {
  const times = BigInt64Array.from(group.flatMap(({ timestamps }) => Array.from(timestamps, BigInt)));
  const values = Float64Array.from(group.flatMap(({ values: of }) => Array.from(of)));
  const { length } = times;
  const text = (of: (rows: ExportRows) => string) => repeatedText(group, of, length);
  const children: Data[] = [
    makeData({ type: new TimestampMillisecond('UTC'), data: times, length }),
    text(({ device }) => device.id),
    text(({ device }) => device.name),
    text(({ metric }) => metric),
    text(({ unit }) => unit),
    makeData({ type: new Float64(), data: values, length }),
  ];
  return new RecordBatch(ARROW_SCHEMA, makeData({ type: new Struct(ARROW_SCHEMA.fields), length, children }));
}

/** A column of texts that are the same for all rows of a part, without a text for each row. */
function repeatedText(group: readonly ExportRows[], of: (rows: ExportRows) => string, length: number): Data {
  const parts = group.map((rows) => ({ bytes: Buffer.from(of(rows)), count: rows.timestamps.length }));
  const data = Buffer.concat(parts.map(({ bytes, count }) => Buffer.alloc(bytes.length * count, bytes)));
  const valueOffsets = new Int32Array(length + 1);
  let row = 0;
  for (const { bytes, count } of parts) {
    for (let i = 0; i < count; i++, row++) valueOffsets[row + 1] = valueOffsets[row]! + bytes.length;
  }
  return makeData({ type: new Utf8(), length, valueOffsets, data });
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

/** What raw samples can be exported as. */
export const EXPORT_FORMATS = {
  csv: { type: 'text/csv; charset=utf-8', encode: toCsv, extension: 'csv' },
  parquet: { type: 'application/vnd.apache.parquet', encode: toParquet, extension: 'parquet' },
  arrow: { type: 'application/vnd.apache.arrow.stream', encode: toArrow, extension: 'arrows' },
} as const;
