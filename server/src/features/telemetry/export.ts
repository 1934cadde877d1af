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
import { type Frame, seriesOf } from '../../domain/columns/frame.ts';
import { isoTimes } from '../../domain/time/iso-time.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';

/** Columns of a table after the timestamp: texts, then numbers. */
export interface ExportColumns {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
  /** Whether numbers may be missing (NaN): empty in CSV, null in Parquet and Arrow. */
  readonly hasGaps: boolean;
}

/** Rows that have their texts in common. */
export interface ExportRows {
  readonly texts: readonly string[];
  readonly timestamps: Float64Array;
  /** Of each number of the table, in order. */
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
      yield* inParts([device.id, device.name, metric, unitOf(metric)], timestamps, [values]);
    }
  }
}

/** Rows with the same texts, in parts that are written in one go. */
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

/** CSV (RFC 4180) with a header, in UTF-8. */
export async function* toCsv(
  rows: AsyncIterable<ExportRows>,
  { texts: textNames, numbers: numberNames }: ExportColumns,
): AsyncIterable<string> {
  yield `${['timestamp', ...textNames, ...numberNames].map(quoted).join(',')}\r\n`;
  for await (const { texts, timestamps, numbers } of rows) {
    const middle = `,${texts.map(quoted).join(',')}`;
    const cell = (value: number) => (Number.isNaN(value) ? ',' : `,${value}`);
    const lines = isoTimes(timestamps).map(
      (time, i) => `${time}${middle}${numbers.map((column) => cell(column[i]!)).join('')}\r\n`,
    );
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

/** Parquet with zstd: timestamp (ms, UTC), texts, numbers. */
export async function* toParquet(
  rows: AsyncIterable<ExportRows>,
  { texts, numbers, hasGaps }: ExportColumns,
): AsyncIterable<Uint8Array> {
  const bytes = new ByteWriter();
  const writer = new ParquetWriter({
    writer: bytes,
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input) },
    createdBy: 'wattkeeper',
    schema: [
      { name: 'root', num_children: 1 + texts.length + numbers.length },
      { name: 'timestamp', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
      ...texts.map(
        (name) => ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }) as const,
      ),
      ...numbers.map((name) => ({ name, type: 'DOUBLE', repetition_type: hasGaps ? 'OPTIONAL' : 'REQUIRED' }) as const),
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
        ...texts.map((name, t) => ({ name, data: repeated(group, t) })),
        ...numbers.map((name, n) => ({
          name,
          data: group.flatMap((part) => Array.from(part.numbers[n]!, nullIfMissing)),
        })),
      ],
    });
    yield taken();
  }
  await writer.finish();
  yield taken();
}

/** Parquet and JSON have null for what is missing. */
function nullIfMissing(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** Arrow IPC stream with the columns of the Parquet export. */
export async function* toArrow(rows: AsyncIterable<ExportRows>, columns: ExportColumns): AsyncIterable<Uint8Array> {
  const writer = new RecordBatchStreamWriter();
  const sink = new ChunkSink();
  // One schema for all batches: the writer ends the stream where it changes, were it only that a batch has no rows.
  const schema = arrowSchema(columns);
  writer.reset(sink);
  writer.write(arrowBatch([], schema, columns));
  for await (const group of gathered(rows)) {
    writer.write(arrowBatch(group, schema, columns));
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

function arrowSchema({ texts, numbers, hasGaps }: ExportColumns): Schema {
  return new Schema([
    new Field('timestamp', new TimestampMillisecond('UTC'), false),
    ...texts.map((name) => new Field(name, new Utf8(), false)),
    ...numbers.map((name) => new Field(name, new Float64(), hasGaps)),
  ]);
}

function arrowBatch(group: readonly ExportRows[], schema: Schema, { texts, numbers }: ExportColumns): RecordBatch {
  const times = BigInt64Array.from(group.flatMap(({ timestamps }) => Array.from(timestamps, BigInt)));
  const { length } = times;
  const children: Data[] = [
    makeData({ type: new TimestampMillisecond('UTC'), data: times, length }),
    ...texts.map((_, t) => repeatedText(group, t, length)),
    ...numbers.map((_, n) => numberData(group, n, length)),
  ];
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, children }));
}

function numberData(group: readonly ExportRows[], n: number, length: number): Data {
  const data = Float64Array.from(group.flatMap(({ numbers }) => Array.from(numbers[n]!)));
  const nullCount = data.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  if (nullCount === 0) return makeData({ type: new Float64(), data, length });
  const nullBitmap = new Uint8Array(Math.ceil(length / 8));
  for (const [row, value] of data.entries()) if (!Number.isNaN(value)) nullBitmap[row >> 3]! |= 1 << (row & 7);
  return makeData({ type: new Float64(), data, length, nullCount, nullBitmap });
}

/** A column of texts that are the same for all rows of a part, without a text for each row. */
function repeatedText(group: readonly ExportRows[], t: number, length: number): Data {
  const parts = group.map(({ texts, timestamps }) => ({ bytes: Buffer.from(texts[t]!), count: timestamps.length }));
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

function repeated(group: readonly ExportRows[], t: number): string[] {
  return group.flatMap(({ texts, timestamps }) => new Array<string>(timestamps.length).fill(texts[t]!));
}

/** What history can be exported as. */
export const EXPORT_FORMATS = {
  csv: { type: 'text/csv; charset=utf-8', encode: toCsv, extension: 'csv' },
  parquet: { type: 'application/vnd.apache.parquet', encode: toParquet, extension: 'parquet' },
  arrow: { type: 'application/vnd.apache.arrow.stream', encode: toArrow, extension: 'arrows' },
} as const;
