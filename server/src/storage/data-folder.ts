import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Conflict, Corrupt, messageOf, Unavailable } from '../domain/errors.ts';

/** A data folder that this process alone uses. */
export interface DataFolder {
  readonly path: string;
  /** Path of a file in the folder. */
  file(name: string): string;
  release(): void;
}

/** Files of the lock in a data folder: the second one is SQLite's, while the lock is held. */
export const LOCK_FILES: readonly string[] = ['lock', 'lock-journal'];
/** Lies in a folder for as long as a restore fills it. */
export const UNFINISHED_RESTORE = 'restore-unfinished';

const SQLITE_BUSY = 5;

/**
 * Makes the folder where it is missing and takes it for this process. The lock is SQLite's own on the file `lock`, so the operating
 * system frees it however the process ends.
 * @throws Conflict while another process has the folder, Unavailable when it cannot be made or written, Corrupt when a restore into it was
 * cut off
 */
export function openDataFolder(path: string): DataFolder {
  const folder = lockFolder(path);
  if (!existsSync(folder.file(UNFINISHED_RESTORE))) return folder;
  folder.release();
  throw new Corrupt(
    `a restore into ${path} was cut off, and the folder holds a part only: run the same \`restore … --into\` again, or remove the folder`,
  );
}

/** As `openDataFolder`, for the restore that fills the folder. */
export function lockFolder(path: string): DataFolder {
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(path, 'lock'), { timeout: 0 });
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new Conflict(
        `the data folder ${path} is in use by another Wattkeeper: stop it, or set data_dir (WATTKEEPER_DATA_DIR) to another folder`,
      );
    }
    throw new Unavailable(`the data folder ${path} cannot be used: ${messageOf(error)}`, { cause: error });
  }
  const held = lock;
  return { path, file: (name) => join(path, name), release: () => held.close() };
}
