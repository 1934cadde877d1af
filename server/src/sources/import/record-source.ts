import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import { csvRecords } from './csv-records.ts';
import { espiRecords, isEspi } from './espi-records.ts';
import type { FileRecord } from './file-record.ts';
import type { InputBytes, InputFile } from './input-file.ts';
import { JsonFields, jsonArrayRecords, jsonLineRecords } from './json-records.ts';
import { type Mapping, wantedColumns } from './mapping.ts';
import { nem12Records } from './nem12-records.ts';
import { slotColumns, slotRecords } from './slot-records.ts';
import { decodedStart, decodedText, encodingOf } from './text-decoding.ts';

/** A file as a stream of records. */
export interface RecordSource {
  /** The unit of `position`, which starts at 1. */
  readonly countedBy: 'line' | 'record';
  /** Columns of `cells`. */
  readonly columns: readonly string[];
  readonly records: AsyncIterable<FileRecord>;
  /** Share of the file that was read, 0 to 1. */
  share(): number;
  /** Number of rows of other tables between and after the mapped ones. */
  outside(): number;
  /** Mapped columns that no record has had so far, and some existing ones. */
  absent(): { readonly columns: readonly string[]; readonly found: readonly string[] };
  close(): void;
}

/** Size of the start of a file from which its format is detected. */
export const HEAD_BYTES = 65_536;
const READABLE = 'CSV, JSON and JSON lines, NEM12 and Green Button (ESPI) XML, plain or gzip';
const GZIP_MAGIC = 0x8b1f;
const GZIP_MAGIC_BYTES = 2;
/** Signatures of files that users often mistake for tables. */
const FOREIGN: readonly (readonly [start: string, what: string])[] = [
  ['PK\x03\x04', 'a ZIP archive or an Excel file'],
  ['PAR1', 'a Parquet file'],
  ['SQLite format 3\0', 'an SQLite database'],
  ['ARROW1', 'an Arrow file'],
  ['\x28\xb5\x2f\xfd', 'a Zstandard file'],
  ['BZh', 'a bzip2 file'],
];

/**
 * Opens a CSV, JSON or Green Button file, plain or gzip, detected by its first bytes. At most a few records are held in memory.
 * @throws InvalidInput for any other file, and for a CSV file without a mapped column
 */
export async function openRecordSource(file: InputFile, mapping: Mapping): Promise<RecordSource> {
  const head = await headOf(file, mapping.encoding);
  const start = startOf(head);
  if (start === '') throw new InvalidInput(`${file.name} is empty: a CSV table or JSON objects are required`);
  const { raw, bytes } = await unpacked(file);
  let outside = 0;
  const columns = wantedColumns(mapping);
  const common = {
    columns,
    share: () => Math.min(raw.bytesRead() / file.size, 1),
    close: () => void raw.stream.destroy(),
    outside: () => outside,
  };
  if (isEspi(start)) {
    const records = espiRecords(bytes, mapping.encoding, columns);
    return { ...common, countedBy: 'record', records, absent: () => ({ columns: [], found: [] }) };
  }
  if (start[0] !== '[' && start[0] !== '{') {
    const table = slotColumns(mapping, columns);
    const read = () => csvRecords(bytes, mapping, table, head, () => outside++);
    const records =
      mapping.format === 'nem12' ? nem12Records(bytes, mapping, columns) : slotRecords(read(), mapping, columns);
    return { ...common, countedBy: 'line', records, absent: () => ({ columns: [], found: [] }) };
  }
  const text = Readable.from(decodedText(bytes, mapping.encoding));
  const fields = new JsonFields(columns);
  const absent = () => fields.absent();
  if (mapping.records === undefined && areLines(start))
    return { ...common, countedBy: 'line', records: jsonLineRecords(text, fields), absent };
  const list = start[0] === '[' ? '$.*' : mapping.records === undefined ? '$' : `$.${mapping.records}.*`;
  return { ...common, countedBy: 'record', records: jsonArrayRecords(text, list, fields), absent };
}

function startOf(head: string): string {
  return head
    .trimStart()
    .replace(/^\uFEFF/, '')
    .trimStart();
}

/** Whether the first line is a complete object. */
function areLines(start: string): boolean {
  const line = start.split('\n')[0]!;
  if (!line.trim().endsWith('}')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** The bytes of a file, decompressed. */
export async function openBytes(file: InputFile): Promise<{ stream: Readable; close: () => void }> {
  const { raw, bytes } = await unpacked(file);
  return { stream: bytes, close: () => void raw.stream.destroy() };
}

async function unpacked(file: InputFile): Promise<{ raw: InputBytes; bytes: Readable }> {
  const isPacked = await isGzip(file);
  const raw = file.read();
  return { raw, bytes: isPacked ? gunzipped(raw.stream) : raw.stream };
}

/** Errors of either stream are emitted by the decompressed one. */
function gunzipped(stream: Readable, options = {}): Readable {
  return pipeline(stream, createGunzip(options), () => undefined);
}

async function isGzip(file: InputFile): Promise<boolean> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.read(GZIP_MAGIC_BYTES).stream) chunks.push(chunk as Buffer);
  const start = Buffer.concat(chunks);
  return start.length === GZIP_MAGIC_BYTES && start.readUInt16LE() === GZIP_MAGIC;
}

/** The first characters of a text file, plain or gzip. @throws InvalidInput for a file that is not text */
export async function readHead(file: InputFile): Promise<string> {
  const head = await headOf(file, undefined);
  return head.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
}

async function headOf(file: InputFile, encoding: string | undefined): Promise<string> {
  const isPacked = await isGzip(file);
  const { stream } = file.read(HEAD_BYTES);
  // A flush at the end of a truncated input makes gunzip return the available data instead of an error.
  const text = isPacked ? gunzipped(stream, { finishFlush: 2 }) : stream;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= HEAD_BYTES) break;
    }
  } catch (error) {
    if (length === 0) throw new InvalidInput(`${file.name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const bytes = Buffer.concat(chunks);
  const foreign = FOREIGN.find(([start]) => bytes.subarray(0, start.length).toString('latin1') === start);
  const isText = encoding !== undefined || encodingOf(bytes) !== undefined || !bytes.includes(0);
  const found = foreign?.[1] ?? (isText ? undefined : 'binary data');
  if (found !== undefined) throw new InvalidInput(`${file.name} contains ${found}; import reads ${READABLE}`);
  const start = decodedStart(bytes, encoding);
  if (/^\uFEFF?\s*</.test(start) && !isEspi(startOf(start)))
    throw new InvalidInput(`${file.name} contains XML or HTML; import reads ${READABLE}`);
  return start;
}
