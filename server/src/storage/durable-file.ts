import { type FileHandle, open, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { Corrupt, Unavailable } from '../domain/errors.ts';

/** Part of a file handle that `writeVerified` needs. */
export type WritableFile = Pick<FileHandle, 'write' | 'read' | 'datasync'>;

/**
 * Writes bytes at a position, in as many calls as the disk needs, syncs them, and reads them back.
 * @throws Unavailable when the disk accepts no further bytes, Corrupt when it returns other bytes
 */
export async function writeVerified(file: WritableFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0)
      throw new Unavailable(`the disk accepted ${done} of ${bytes.length} bytes: check its free space`);
    done += bytesWritten;
  }
  await file.datasync();
  const found = Buffer.alloc(bytes.length);
  for (let done = 0; done < found.length; ) {
    const { bytesRead } = await file.read(found, done, found.length - done, position + done);
    if (bytesRead === 0) throw new Corrupt(`the disk returned ${done} of the ${bytes.length} bytes that were written`);
    done += bytesRead;
  }
  if (!found.equals(bytes)) throw new Corrupt('the disk returned other bytes than were written');
}

/** Replaces a whole file: the former one remains until the new one is on disk and verified. @throws as `writeVerified` */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.partial`;
  const file = await open(draft, 'w+', 0o600);
  try {
    await writeVerified(file, Buffer.from(text), 0);
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/** Makes new and changed names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
}

/** The text of a file, or null for a missing file. */
export async function readOptional(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/**
 * Renames a damaged file (or whatever has its name) within the folder, so that a new one can replace it and the old one can still be
 * examined. Returns the new path.
 */
export async function setAside(path: string, now: number): Promise<string> {
  const label = new Date(now).toISOString().replaceAll(':', '');
  for (let attempt = 0; ; attempt++) {
    const aside = `${path}.damaged-${label}${attempt === 0 ? '' : `-${attempt}`}`;
    if (await exists(aside)) continue;
    await rename(path, aside);
    return aside;
  }
}

async function exists(path: string): Promise<boolean> {
  return (await readdir(dirname(path))).includes(basename(path));
}
