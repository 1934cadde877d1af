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
import { type ExportColumns, type ExportRows, gathered } from './export-rows.ts';

/** Arrow IPC stream with the columns of the Parquet export. */
export async function* toArrow(rows: AsyncIterable<ExportRows>, columns: ExportColumns): AsyncIterable<Uint8Array> {
  const writer = new RecordBatchStreamWriter();
  const sink = new ChunkSink();
  // One schema for all batches: the writer ends the stream if the schema changes, even for a batch without rows.
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

/** Yields the writer's output, so that no more is written than was fetched. */
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

/** A column whose text is the same for all rows of a part, stored once. */
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
