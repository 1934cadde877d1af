import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { ExpectedError, InvalidInput, messageOf } from '../../domain/errors.ts';
import type { FileRecord } from '../../sources/import/file-record.ts';
import { readJsonFile } from '../../sources/import/json-file.ts';
import type { JsonFields } from '../../sources/import/json-records.ts';

/** One record per minute is 525,600 files a year. */
const MAX_FILES = 3_000_000;

/** A file of JSON records. */
export interface RecordsOfFile {
  readonly path: string;
  readonly records: readonly { readonly where: string; readonly record: FileRecord }[];
  /** The unreadable part of it, if any. */
  readonly broken: { readonly where: string; readonly unreadable: string } | null;
  /** Share of the files read so far, 0 to 1. */
  readonly share: number;
  /** Number of skipped files. */
  readonly others: number;
}

/**
 * The JSON files (plain or gzip) of a folder and its subfolders, or a single file, in the order of their names.
 * @throws InvalidInput for a folder that cannot be read or contains no JSON file
 */
export async function* readJsonFiles(
  from: string,
  fields: JsonFields,
  signal: AbortSignal,
): AsyncGenerator<RecordsOfFile> {
  const { files, others } = await filesIn(from, signal);
  for (const [i, path] of files.entries()) {
    const name = relative(from, path) || basename(path);
    yield { path, ...(await readOne(path, name, fields)), share: (i + 1) / files.length, others };
  }
}

async function readOne(
  path: string,
  name: string,
  fields: JsonFields,
): Promise<Pick<RecordsOfFile, 'records' | 'broken'>> {
  try {
    const { countedBy, records, broken } = await readJsonFile(path, fields);
    const whereOf = ({ position }: FileRecord) => (records.length === 1 ? name : `${name}, ${countedBy} ${position}`);
    return {
      records: records.map((record) => ({ where: whereOf(record), record })),
      broken: broken === null ? null : { where: name, unreadable: broken },
    };
  } catch (error) {
    const isOfSystem = typeof (error as NodeJS.ErrnoException).syscall === 'string';
    if (!isOfSystem && !(error instanceof ExpectedError)) throw error;
    return { records: [], broken: { where: name, unreadable: messageOf(error) } };
  }
}

async function filesIn(from: string, signal: AbortSignal): Promise<{ files: readonly string[]; others: number }> {
  const files: string[] = [];
  let others = 0;
  try {
    if (!(await stat(from)).isDirectory()) return { files: [from], others };
    for await (const entry of entriesOf(from)) {
      signal.throwIfAborted();
      if (!entry.isFile() || !isJsonName(entry.name)) others++;
      else if (files.push(join(entry.parentPath, entry.name)) > MAX_FILES) {
        throw new InvalidInput(`${from} contains more than ${MAX_FILES} files: migrate its folders one by one`);
      }
    }
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`${from} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (files.length === 0) throw new InvalidInput(`${from} contains no JSON file (${others} others)`);
  return { files: files.sort(byPath), others };
}

/** Links are not followed. */
async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  for await (const entry of await opendir(folder)) {
    if (entry.isDirectory()) yield* entriesOf(join(folder, entry.name));
    else yield entry;
  }
}

function isJsonName(name: string): boolean {
  return /\.(json|jsonl|ndjson)(\.gz)?$/i.test(name);
}

/** By name, which contains the time; files with equal names by folder. */
function byPath(a: string, b: string): number {
  const [left, right] = [basename(a), basename(b)];
  if (left !== right) return left < right ? -1 : 1;
  return a < b ? -1 : 1;
}

/** A note on ambiguous times, since a wrong zone shifts the data by hours. */
export function naiveNote(count: number, timezone: string): string {
  return `${count} times without an offset were read as times of ${timezone}; --timezone (timezone) selects another zone`;
}
