import { resolve, sep } from 'node:path';
import { z } from 'zod';

/** Of a folder or database: SQLite opens paths of 512 bytes at most, and names of files come after a folder's path. */
export const MAX_PATH_BYTES = 400;
/** Of a part between two separators, on every common file system. */
const MAX_NAME_BYTES = 255;

/** Why a folder or file cannot be used by its path, to be read after the path; null where it can. */
export function pathFault(path: string): string | null {
  if (path.includes('\0')) return 'must not contain the character NUL';
  if (path.includes('\ufffd') || !path.isWellFormed())
    return 'must be UTF-8, and has bytes that are not: rename the folder';
  if (path.startsWith('~'))
    return 'must not begin with ~, which only shells replace: write the home folder in full, or ./~';
  const full = resolve(path);
  const bytes = Buffer.byteLength(full);
  if (bytes > MAX_PATH_BYTES) {
    return `must have at most ${MAX_PATH_BYTES} bytes as a full path, and has ${bytes}: use a shorter one`;
  }
  const longest = Math.max(...full.split(sep).map((name) => Buffer.byteLength(name)));
  if (longest > MAX_NAME_BYTES) {
    return `must have at most ${MAX_NAME_BYTES} bytes in each of its parts, and one has ${longest}: use a shorter one`;
  }
  return null;
}

/** A folder or file of this machine in the configuration; relative ones begin at the working folder. */
export const FilePath = z
  .string()
  .min(1)
  .superRefine((path, context) => {
    const fault = pathFault(path);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .transform((path) => resolve(path));
