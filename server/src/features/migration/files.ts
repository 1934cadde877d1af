import type { Dirent } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { InvalidInput, messageOf } from '../../domain/errors.ts';

/** A record a minute is 525,600 files a year. */
const MAX_FILES = 3_000_000;

/** Files of a folder and the folders in it (links are not followed) in the order of their paths, or the one file that is named. */
export async function filesIn(
  from: string,
  isWanted: (name: string) => boolean,
  signal: AbortSignal,
): Promise<{ readonly files: readonly string[]; readonly others: number }> {
  const files: string[] = [];
  let others = 0;
  try {
    if (!(await stat(from)).isDirectory()) return { files: [from], others };
    for await (const entry of entriesOf(from)) {
      signal.throwIfAborted();
      if (!entry.isFile() || !isWanted(entry.name)) others++;
      else if (files.push(join(entry.parentPath, entry.name)) > MAX_FILES) {
        throw new InvalidInput(`${from} holds more than ${MAX_FILES} files: migrate its folders one by one`);
      }
    }
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`${from} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (files.length === 0) throw new InvalidInput(`${from} holds no JSON file (${others} others)`);
  return { files: files.sort(byPath), others };
}

async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  for await (const entry of await opendir(folder)) {
    if (entry.isDirectory()) yield* entriesOf(join(folder, entry.name));
    else yield entry;
  }
}

/** Whether a name is that of a JSON file, plain or gzip. */
export function isJsonName(name: string): boolean {
  return /\.(json|jsonl|ndjson)(\.gz)?$/i.test(name);
}

/** By name, which tells the time; of equal names by folder. */
function byPath(a: string, b: string): number {
  const [left, right] = [basename(a), basename(b)];
  if (left !== right) return left < right ? -1 : 1;
  return a < b ? -1 : 1;
}
