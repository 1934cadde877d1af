import { type FileHandle, constants as flags, lstat, open, realpath } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, gunzip } from 'node:zlib';
import { InvalidInput, messageOf } from '../../domain/errors.ts';
import { exceededLimit } from '../../domain/json-limits.ts';
import type { FileRecord } from './file-record.ts';
import {
  isBroken,
  type JsonFields,
  jsonArrayRecords,
  jsonLineRecords,
  placeOf,
  RECORD_LIMITS,
} from './json-records.ts';

const unzip = promisify(gunzip);
const MB = 1024 * 1024;
/** Maximum size of a file that is held in memory; larger ones must be streamed, as in `import`. */
export const MAX_FILE_BYTES = 64 * MB;
export const MAX_UNPACKED_BYTES = 256 * MB;
const GZIP_MAGIC = 0x8b1f;
/** The streaming parser checks the size of a record once per chunk. */
const CHUNK_BYTES = 65_536;
/** Maximum number of records of a file that is held in memory. */
export const MAX_FILE_RECORDS = 1_000_000;
/** Limits of a file that is parsed as one JSON text. */
const LIMITS = { depth: RECORD_LIMITS.depth + 1, brackets: 4_000_000, commas: 40_000_000 };
/** `{"a": 1}` as the first line of several. */
const MAX_FIRST_LINE_BYTES = 8 * MB;

/** The readable records of a small JSON file, and the reason if it breaks off. */
export interface JsonFile {
  readonly countedBy: 'line' | 'record';
  readonly records: readonly FileRecord[];
  readonly broken: string | null;
}

/**
 * Reads a file with one JSON object, an array of objects or one object per line, plain or gzip. Records before an error are read.
 * @param path a path without links: a link that replaces it while it is opened is not followed
 * @throws InvalidInput for a file that is too large or not JSON; also throws errors of the file system
 */
export async function readJsonFile(path: string, fields: JsonFields): Promise<JsonFile> {
  const { bytes, broken } = await unpacked(await contentOf(path));
  const start = firstLine(bytes);
  if (start === '') throw new InvalidInput(broken ?? 'it is empty');
  if (start[0] !== '{' && start[0] !== '[') {
    throw new InvalidInput('it is not JSON: it starts with neither { nor [');
  }
  const isLines = start[0] === '{' && isRecord(start) && bytes.indexOf(10) >= 0;
  const parsed = isLines ? undefined : parseText(bytes.toString());
  if (Array.isArray(parsed) && parsed.length > MAX_FILE_RECORDS) {
    throw new InvalidInput(`it has ${parsed.length} records, but at most ${MAX_FILE_RECORDS} can be read: split it`);
  }
  if (parsed !== undefined) {
    const records = (Array.isArray(parsed) ? parsed : [parsed]).map((record, i) => fields.take(i + 1, record));
    return { countedBy: 'record', records, broken };
  }
  const text = Readable.from(chunksOf(bytes), { objectMode: false });
  const all = isLines ? jsonLineRecords(text, fields) : jsonArrayRecords(text, start[0] === '[' ? '$.*' : '$', fields);
  const read = await gathered(all);
  const last = read.records.at(-1);
  // The line in which a compressed file breaks off is reported as the break.
  const isCut = broken !== null && last !== undefined && 'broken' in last;
  const records = isCut ? read.records.slice(0, -1) : read.records;
  return { countedBy: isLines ? 'line' : 'record', records, broken: broken ?? read.broken };
}

async function contentOf(path: string): Promise<Buffer> {
  // Opening a pipe without a writer would block forever.
  const file = await open(path, flags.O_RDONLY | flags.O_NOFOLLOW | flags.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (!(await isOpened(file, path))) throw new InvalidInput('it is not a file, or was moved while it was opened');
    if (size > MAX_FILE_BYTES) throw tooLarge(`it has ${size} bytes`, MAX_FILE_BYTES);
    const bytes = Buffer.alloc(size);
    let length = 0;
    for (let read = -1; read !== 0 && length < size; length += read) {
      read = (await file.read(bytes, length, size - length)).bytesRead;
    }
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/** Whether the opened file is the one at a path without links: a folder of the path may have been replaced by a link. */
async function isOpened(file: FileHandle, path: string): Promise<boolean> {
  const opened = await file.stat();
  if (!opened.isFile() || (await realpath(path)) !== path) return false;
  const { dev, ino } = await lstat(path);
  return opened.dev === dev && opened.ino === ino;
}

async function gathered(all: AsyncIterable<FileRecord>): Promise<{ records: FileRecord[]; broken: string | null }> {
  const records: FileRecord[] = [];
  try {
    for await (const record of all) {
      if (records.length === MAX_FILE_RECORDS) {
        return {
          records,
          broken: `it has more than ${MAX_FILE_RECORDS} records, and the others were not read: split it`,
        };
      }
      records.push(record);
    }
  } catch (error) {
    if (!isBroken(error) && !(error instanceof InvalidInput)) throw error;
    return { records, broken: `it is not JSON from record ${records.length + 1}: ${reasonOf(error)}` };
  }
  return { records, broken: null };
}

function reasonOf(error: unknown): string {
  return error instanceof InvalidInput ? error.message : placeOf(error);
}

async function unpacked(bytes: Buffer): Promise<{ bytes: Buffer; broken: string | null }> {
  if (bytes.length < 2 || bytes.readUInt16LE() !== GZIP_MAGIC) return { bytes, broken: null };
  try {
    return { bytes: await unzip(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }), broken: null };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('it is larger after decompression', MAX_UNPACKED_BYTES);
    const broken = `its gzip is damaged: ${messageOf(error)}`;
    if (code !== 'Z_BUF_ERROR') throw new InvalidInput(broken, { cause: error });
    // Truncated: the data before the cut is valid.
    const options = { maxOutputLength: MAX_UNPACKED_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
    return { bytes: await unzip(bytes, options), broken };
  }
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) yield bytes.subarray(from, from + CHUNK_BYTES);
}

function firstLine(bytes: Buffer): string {
  const text = bytes
    .subarray(0, MAX_FIRST_LINE_BYTES)
    .toString()
    .replace(/^\uFEFF/, '')
    .trimStart();
  return firstLineOf(text).trim();
}

function firstLineOf(text: string): string {
  return text.split('\n', 1)[0]!;
}

function isRecord(line: string): boolean {
  return exceededLimit(line, RECORD_LIMITS) === null && tryParse(line) !== undefined;
}

/** @throws InvalidInput for a text whose parsing would need too much memory */
function parseText(text: string): unknown {
  const limit = exceededLimit(text, LIMITS);
  if (limit === 'depth') throw new InvalidInput(`its brackets are nested deeper than ${LIMITS.depth} levels`);
  if (limit !== null) {
    throw new InvalidInput(
      `it has more than ${LIMITS[limit]} ${limit} as one JSON text: split it, or write one record per line`,
    );
  }
  return tryParse(text);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function tooLarge(fault: string, allowed: number): InvalidInput {
  return new InvalidInput(`${fault}, and at most ${allowed / MB} MB are allowed: use import instead`);
}
