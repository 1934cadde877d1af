import { statSync } from 'node:fs';

/** Message for a file that is no longer at its path. */
export const FILE_GONE = 'the file was removed or replaced while the service runs';

/**
 * Identity of the file at a path, unchanged by writes to it; null if there is none or it cannot be accessed (circular links, a folder
 * without search permission, a failing disk).
 */
export function fileIdentity(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
