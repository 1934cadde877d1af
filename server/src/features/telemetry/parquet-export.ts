import { zstdCompressSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type ExportColumns, type ExportRows, gathered } from './export-rows.ts';

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

/** Parquet and JSON use null for a missing value. */
function nullIfMissing(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function repeated(group: readonly ExportRows[], t: number): string[] {
  return group.flatMap(({ texts, timestamps }) => new Array<string>(timestamps.length).fill(texts[t]!));
}
