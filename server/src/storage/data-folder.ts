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

/** A data folder in exclusive use by this process. */
export interface DataFolder {
  readonly path: string;
  /** Path of a file in the folder. */
  file(name: string): string;
  release(): void;
}

/** Lock files in a data folder: the second one is SQLite's, while the lock is held. */
export const LOCK_FILES: readonly string[] = ['lock', 'lock-journal'];
/** Address of the running service, for its user's commands. */
export const SERVICE_FILE = 'service.json';
/** Present in a folder while a restore fills it. */
export const UNFINISHED_RESTORE = 'restore-unfinished';

const SQLITE_BUSY = 5;
const SQLITE_NOTADB = 26;
/** Files that only Wattkeeper writes. */
const OWN_FILES = /^(lock|wattkeeper\.db|set-aside\.db|telemetry\.(duckdb|sqlite))([-.].+)?$/;
/** Names of files that the service and its commands create in a data folder. */
const OWN_NAMES =
  /^(lock|service\.json|wattkeeper|set-aside\.db|telemetry|backups$|archive$|imports$|journal|restore|before-restore)/;
/** Whether a file name is used by Wattkeeper alone. */
export function isOwnFile(name: string): boolean {
  return OWN_FILES.test(name) || name === SERVICE_FILE;
}

/** Set on folders that many users share, such as /tmp. */
const STICKY = 0o1000;

/**
 * Creates the folder if missing and locks it for this process; it and its databases are then accessible to this user only. The lock is
 * SQLite's own on the file `lock`, so the operating system releases it however the process ends.
 * @throws InvalidInput for an unusable path; Conflict while another process has the lock; Unavailable when the folder cannot be created or
 * written; Corrupt after an interrupted restore into it
 */
export function openDataFolder(path: string): DataFolder {
  const folder = lockFolder(path);
  try {
    if (existsSync(folder.file(UNFINISHED_RESTORE))) {
      throw new Corrupt(
        `a restore into ${path} was interrupted, and the folder is incomplete: run the same \`restore … --into\` again, or remove the folder`,
      );
    }
    restrict(folder.path);
    return folder;
  } catch (error) {
    folder.release();
    throw error;
  }
}

/**
 * Locks a folder without changing its permissions: as `openDataFolder`, for the target of a restore and for files that other programs read.
 */
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
    // The file contains no data and is not locked: SQLite reads its content only then. It remains the same file for other processes.
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

/** Creates a folder with databases that this user can read and write, or throws an error with the cause and the remedy. */
function makeFolder(folder: string): void {
  let at = folder;
  try {
    // One after the other: a recursive mkdir never ends where the system rejects names, as in /proc, and hides that a mount is read-only.
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

/** The missing parent folders of a path and the folder itself, from the outermost. */
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
      return `this user (id ${process.getuid?.() ?? 'unknown'}) has no permission to read and write ${where}: change its owner or mode (chown, chmod), ${elsewhere}`;
    case 'EROFS':
      return `${where} is on a file system that is mounted read-only: mount it for writing, ${elsewhere}`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${where} is not a folder: move the file away, ${elsewhere}`;
    case 'ELOOP':
    case 'ENOENT':
      return lstatSync(where, { throwIfNoEntry: false })?.isSymbolicLink()
        ? `${where} is a symbolic link to a place that does not exist: create that place, ${elsewhere}`
        : `${where} cannot be created there (${messageOf(error)}): create it by hand, ${elsewhere}`;
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk has no room for ${where}: free some space, ${elsewhere}`;
    default:
      return `${messageOf(error)}: check the path, ${elsewhere}`;
  }
}

/** Removes the permissions of other users: from the databases, and from the folder unless it contains other files. */
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
    // The folder belongs to another user, or its file system has no modes; write permission was checked already.
    if (!['EPERM', 'ENOTSUP', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
