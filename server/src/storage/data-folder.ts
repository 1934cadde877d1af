import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Conflict, Corrupt, InvalidInput, messageOf, Unavailable } from '../domain/errors.ts';
import { pathFault } from '../domain/file-path.ts';

/** A data folder that this process alone uses. */
export interface DataFolder {
  readonly path: string;
  /** Path of a file in the folder. */
  file(name: string): string;
  release(): void;
}

/** Files of the lock in a data folder: the second one is SQLite's, while the lock is held. */
export const LOCK_FILES: readonly string[] = ['lock', 'lock-journal'];
/** Where the service on a folder answers, for its user's commands. */
export const SERVICE_FILE = 'service.json';
/** Lies in a folder for as long as a restore fills it. */
export const UNFINISHED_RESTORE = 'restore-unfinished';

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;
/** Files that only Wattkeeper writes. */
const OWN_FILES = /^(lock|wattkeeper\.db|set-aside\.db|telemetry\.(duckdb|sqlite))([-.].+)?$/;
/** What the service and its commands make in a data folder. */
const OWN_NAMES =
  /^(lock|service\.json|wattkeeper|set-aside\.db|telemetry|backups$|archive$|imports$|journal|restore|before-restore)/;
/** Whether only Wattkeeper makes this file of a data folder, and nobody else. */
export function isOwnFile(name: string): boolean {
  return OWN_FILES.test(name) || name === SERVICE_FILE;
}

/** Set on folders that many users share, such as /tmp. */
const STICKY = 0o1000;

/**
 * Makes the folder where it is missing and takes it for this process; it and its databases are then for this user alone. The lock is SQLite's
 * own on the file `lock`, so the operating system frees it however the process ends.
 * @throws InvalidInput for a path that cannot be used; Conflict while another process has the folder; Unavailable when it cannot be made or
 * written; Corrupt when a restore into it was cut off
 */
export function openDataFolder(path: string): DataFolder {
  const folder = lockFolder(path);
  try {
    if (existsSync(folder.file(UNFINISHED_RESTORE))) {
      throw new Corrupt(
        `a restore into ${path} was cut off, and the folder holds a part only: run the same \`restore … --into\` again, or remove the folder`,
      );
    }
    restrict(folder.path);
    return folder;
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** Takes a folder without changing who may read it: as `openDataFolder`, for the restore that fills one, and for files that others read. */
export function lockFolder(path: string): DataFolder {
  const given = pathFault(path);
  if (given !== null) throw new InvalidInput(`the path of the folder ${JSON.stringify(path)} ${given}`);
  const folder = resolve(path);
  makeFolder(folder);
  let held: DatabaseSync;
  try {
    held = takeLock(join(folder, 'lock'));
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new Conflict(
        `the data folder ${folder} is in use by another Wattkeeper: stop it, or set data_dir (WATTKEEPER_DATA_DIR) to another folder`,
      );
    }
    throw new Unavailable(
      `the data folder ${folder} cannot be used: its lock cannot be taken (${messageOf(error)}). ${join(folder, 'lock')} contains no data: remove it while no Wattkeeper uses the folder`,
      { cause: error },
    );
  }
  return { path: folder, file: (name) => join(folder, name), release: () => held.close() };
}

function takeLock(path: string): DatabaseSync {
  try {
    return lockFile(path);
  } catch (error) {
    if ((error as { errcode?: number }).errcode !== SQLITE_NOTADB) throw error;
    // It holds no data, and nobody holds it: SQLite reads what is in it only then. It stays the same file for others who try.
    truncateSync(path);
    return lockFile(path);
  }
}

function lockFile(path: string): DatabaseSync {
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Makes a folder that this user can read and write, with the databases in it, or says what stands against it and what to do. */
function makeFolder(folder: string): void {
  let at = folder;
  try {
    // One after the other: a recursive mkdir never ends where the system refuses names, as in /proc, and hides that a mount is read-only.
    const missing = missingParts(folder);
    at = missing.length === 0 ? folder : dirname(missing[0]!);
    if (!statSync(at).isDirectory()) mkdirSync(at);
    accessSync(at, constants.W_OK | constants.X_OK);
    for (at of missing) mkdirSync(at, { mode: 0o700 });
    const real = pathFault(realpathSync(folder));
    if (real !== null) throw new InvalidInput(`the folder ${folder} is ${realpathSync(folder)}, which ${real}`);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const name of readdirSync(folder).filter((one) => OWN_FILES.test(one))) {
      at = join(folder, name);
      if (statSync(at).isFile()) accessSync(at, constants.R_OK | constants.W_OK);
    }
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new Unavailable(`the data folder ${folder} cannot be used: ${explain(at, error)}`, { cause: error });
  }
}

/** The folders on the way to one that do not exist, from the outermost on. */
function missingParts(folder: string): string[] {
  const exists = lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
  return exists ? [] : [...missingParts(dirname(folder)), folder];
}

function explain(path: string, error: unknown): string {
  const elsewhere = 'or set data_dir (WATTKEEPER_DATA_DIR) to another folder';
  const { code, path: where = path } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `this user (id ${process.getuid?.() ?? 'unknown'}) may not read and write ${where}: change its owner or mode (chown, chmod), ${elsewhere}`;
    case 'EROFS':
      return `${where} is on a file system that is mounted read-only: mount it for writing, ${elsewhere}`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${where} is not a folder: move what is there away, ${elsewhere}`;
    case 'ELOOP':
    case 'ENOENT':
      return lstatSync(where, { throwIfNoEntry: false })?.isSymbolicLink()
        ? `${where} leads by a symbolic link to a place that does not exist: make that place, ${elsewhere}`
        : `${where} cannot be made there (${messageOf(error)}): make it by hand, ${elsewhere}`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk has no room for ${where}: free some space, ${elsewhere}`;
    default:
      return `${messageOf(error)}: check the path, ${elsewhere}`;
  }
}

/** Takes the rights of other users away: from the databases, and from the folder unless something else is in it. */
function restrict(folder: string): void {
  const names = readdirSync(folder);
  const { mode } = statSync(folder);
  if (names.every((name) => OWN_NAMES.test(name)) && (mode & STICKY) === 0) limitMode(folder, 0o700);
  for (const name of names) {
    const path = join(folder, name);
    if (OWN_FILES.test(name) && statSync(path).isFile()) limitMode(path, 0o600);
  }
}

function limitMode(path: string, mode: number): void {
  try {
    if ((statSync(path).mode & 0o777 & ~mode) !== 0) chmodSync(path, mode);
  } catch (error) {
    // It belongs to somebody else who lets us in, or its file system has no modes; that it can be written is checked already.
    if (!['EPERM', 'ENOTSUP', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
