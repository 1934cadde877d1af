import { statSync } from 'node:fs';

/** Said of a file that is no longer at its path. */
export const FILE_GONE = 'the file was removed or replaced while the service runs';

/** Which file is at a path: equal as long as it is the same one, whatever is written to it; null where there is none. */
export function fileIdentity(path: string): string | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}
