import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Folders for files that a process needs while it runs, in order of preference: that of the user's session, which the system empties, and one
 * in the folder for temporary files. Either may be missing, and another user may have created the second one: check its owner and mode.
 */
export function runtimeFolders(environment: Readonly<Record<string, string | undefined>>): string[] {
  const user = process.getuid?.() ?? 'user';
  const session = environment.XDG_RUNTIME_DIR ?? `/run/user/${user}`;
  return [join(session, 'wattkeeper'), join(tmpdir(), `wattkeeper-${user}`)];
}
