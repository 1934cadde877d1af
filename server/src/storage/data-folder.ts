import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Conflict, messageOf, Unavailable } from '../domain/errors.ts';

/** A data folder that this process alone uses. */
export interface DataFolder {
  readonly path: string;
  /** Path of a file in the folder. */
  file(name: string): string;
  release(): void;
}

const SQLITE_BUSY = 5;

/**
 * Makes the folder where it is missing and takes it for this process. The lock is SQLite's own on the file `lock`, so the operating
 * system frees it however the process ends.
 * @throws Conflict while another process has the folder, Unavailable when it cannot be made or written
 */
export function openDataFolder(path: string): DataFolder {
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
