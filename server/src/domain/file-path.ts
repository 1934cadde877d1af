import { resolve, sep } from 'node:path';
import { z } from 'zod';

/** Maximum length of the path of a folder or database: SQLite opens paths of up to 512 bytes, and file names follow the folder's path. */
export const MAX_PATH_BYTES = 400;
/** Maximum length of a path component on common file systems. */
const MAX_NAME_BYTES = 255;

/** The reason why a path cannot be used, worded to follow the path; null if it can. */
export function pathFault(path: string): string | null {
  if (path.includes('\0')) return 'must not contain the character NUL';
  if (path.includes('\ufffd') || !path.isWellFormed())
    return 'must be UTF-8, but contains other bytes: rename the folder';
  if (path.startsWith('~'))
    return 'must not begin with ~, which only shells replace: write the home folder in full, or ./~';
  const full = resolve(path);
  const bytes = Buffer.byteLength(full);
  if (bytes > MAX_PATH_BYTES) {
    return `must have at most ${MAX_PATH_BYTES} bytes as a full path, but has ${bytes}: use a shorter one`;
  }
  const maxBytes = Math.max(...full.split(sep).map((name) => Buffer.byteLength(name)));
  if (maxBytes > MAX_NAME_BYTES) {
    return `must have at most ${MAX_NAME_BYTES} bytes in each component, but one has ${maxBytes}: use a shorter one`;
  }
  return null;
}

/** A local folder or file in the configuration; relative paths start at the working folder. */
export const FilePath = z
  .string()
  .min(1)
  .superRefine((path, context) => {
    const fault = pathFault(path);
    if (fault !== null) context.addIssue({ code: 'custom', message: fault });
  })
  .transform((path) => resolve(path));
