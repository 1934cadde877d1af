import { statSync } from 'node:fs';

/** Said of a file that is no longer at its path. */
export const FILE_GONE = 'the file was removed or replaced while the service runs';

/**
 * Which file is at a path: equal as long as it is the same one, whatever is written to it; null where there is none, or where nobody can look (links
 * in a circle, a folder without the right to search it, a disk that fails).
 */
export function fileIdentity(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
