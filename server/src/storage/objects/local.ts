import { copyFile, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';
import { FilePath } from '../../domain/file-path.ts';
import type { ObjectEngine } from './object-store.ts';

export const LocalOptions = z.strictObject({
  type: z.literal('local').describe('A folder, also on a network drive'),
  folder: FilePath.optional().describe('Default: a folder in data_dir'),
});

/** Suffix of an object that is being written; specific to this program, since abandoned drafts are deleted. */
const DRAFT = '.wattkeeper.part';
/** Age of a draft that was abandoned by a killed process. */
const ABANDONED_MS = UTC_DAY_MS;

/** Objects as files of a folder, which is created if missing. An object is synced to disk when `put` resolves. */
export function localObjects(folder: string): ObjectEngine {
  const fileOf = (key: string) => join(folder, ...key.split('/'));
  return {
    place: folder,
    put: async (key, file) => {
      const target = fileOf(key);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(file, target + DRAFT);
      await sync(target + DRAFT);
      await rename(target + DRAFT, target);
      await sync(dirname(target));
    },
    fetch: (key, file) => copyFile(fileOf(key), file),
    list: async (prefix) => {
      await mkdir(folder, { recursive: true });
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile());
      const isDraft = ({ name }: { name: string }) => name.endsWith(DRAFT);
      for (const { parentPath, name } of files.filter(isDraft)) await removeAbandoned(join(parentPath, name));
      const keys = files
        .filter((entry) => !isDraft(entry))
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((key) => key.startsWith(prefix));
      return Promise.all(keys.map(async (key) => ({ key, bytes: (await stat(fileOf(key))).size })));
    },
    remove: (key) => rm(fileOf(key), { force: true }),
    localPath: fileOf,
    isMissing: (error) => (error as NodeJS.ErrnoException).code === 'ENOENT',
  };
}

async function removeAbandoned(draft: string): Promise<void> {
  const found = await stat(draft).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found !== null && found.mtimeMs < Date.now() - ABANDONED_MS) await rm(draft, { force: true });
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}
