import { resolve, sep } from 'node:path';

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

/** Why DuckDB cannot have a database below a path, to be read after the path; null where it can. */
export function duckDbPathFault(path: string): string | null {
  return resolve(path).includes('?')
    ? 'must not contain ?, after which DuckDB expects options: use another path, or a store of type sqlite'
    : null;
}
