import { mkdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { InvalidInput } from '../../domain/errors.ts';
import { pathFault } from '../../domain/file-path.ts';

/** Finds a named file or folder: its real path, without links. */
export type FindFile = (path: string) => Promise<string>;

/** Any file, for a user of the machine. */
export const anyFile: FindFile = async (path) =>
  realpath(path).catch((error: NodeJS.ErrnoException) => {
    throw new InvalidInput(`${path} cannot be read (${error.code})`, { cause: error });
  });

/**
 * Files that requests may name: only those below an import folder, after links are resolved. Nothing outside the folders is accessed, so that
 * nothing about it is disclosed.
 * @param folders full paths; the first is created if it is missing, and relative paths start there
 */
export function belowImportFolders(folders: readonly [string, ...string[]]): FindFile {
  const allowed = `must be below one of the import folders of the service: ${folders.join(', ')} (setting imports.folders)`;
  const refuse = () =>
    new InvalidInput(`FROM ${allowed}; put the files there, or migrate while the service is stopped`);
  return async (path) => {
    const fault = pathFault(path);
    if (fault !== null) throw new InvalidInput(`FROM ${fault}`);
    const target = resolve(folders[0], path);
    if (!folders.some((folder) => isBelow(folder, target))) throw refuse();
    await makeFolder(folders[0]);
    const real = await realpath(target).catch((error: NodeJS.ErrnoException) => {
      throw new InvalidInput(`${target} cannot be read (${error.code}); FROM ${allowed}`);
    });
    const roots = await Promise.all(folders.map((folder) => realpath(folder).catch(() => null)));
    if (!roots.some((root) => root !== null && isBelow(root, real))) throw refuse();
    const found = await stat(real);
    if (!found.isDirectory() && !found.isFile()) throw new InvalidInput(`${target} is neither a file nor a folder`);
    return real;
  };
}

/** A folder is below itself. */
function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Only inside an existing folder, so that a wrong path does not create others. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch(() => {});
}
