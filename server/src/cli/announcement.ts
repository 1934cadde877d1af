import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { z } from 'zod';
import type { Environment } from '../config/environment.ts';
import { runtimeFolders } from '../config/runtime-folders.ts';
import type { Config } from '../config/schema.ts';
import { Conflict } from '../domain/errors.ts';
import { lockFolder, SERVICE_FILE } from '../storage/data-folder.ts';

/** The data that a running service publishes for its user's commands: its address and a secret that grants them access. */
const Announcement = z.object({
  url: z.url(),
  token: z.string().min(32).max(200),
  pid: z.int().positive(),
  /** Its data folder, or the one that it would use after persistence is switched on. */
  data_dir: z.string().min(1),
});
export type Announcement = z.infer<typeof Announcement>;

const OWN_NAME = /^service-\d{1,5}\.json$/;
const MAX_FILE_BYTES = 16 * 1024;
const MAX_ANNOUNCEMENTS = 1_000;
/** Operating systems delete old temporary files after some days. */
const RENEW_EVERY_MS = 6 * HOUR_MS;
const OTHERS = 0o077;

/**
 * Writes the address of this process and the secret of the local command line to files that only its user can read: in the runtime folder of the
 * user, and in the data folder if one exists (the service and its user's shell may have different runtime folders).
 *
 * @returns a function that removes the files
 */
export function announce(
  config: Config,
  environment: Environment,
  { url, token }: Pick<Announcement, 'url' | 'token'>,
  warn: (message: string) => void,
): () => void {
  const text = JSON.stringify({ url, token, pid: process.pid, data_dir: realPath(config.data_dir) });
  const paths = () => {
    const folder = runtimeFolders(environment).find(isOwnFolder);
    return [
      ...(folder === undefined ? [] : [join(folder, `service-${new URL(url).port}.json`)]),
      ...(config.persistence ? [join(config.data_dir, SERVICE_FILE)] : []),
    ];
  };
  const written = new Set<string>();
  const write = () => {
    for (const path of paths()) if (replaceFile(path, text, warn)) written.add(path);
  };
  write();
  if (written.size === 0)
    warn('no folder can be used to announce the service: commands on this machine need --url and a token');
  const renewal = setInterval(write, RENEW_EVERY_MS).unref();
  return () => {
    clearInterval(renewal);
    for (const path of written) if (read(path)?.pid === process.pid) rmSync(path, { force: true });
  };
}

/** The running services of this user, and the one that uses the data folder. Files of a killed service are ignored. */
export function announcements(config: Config, environment: Environment): Announcement[] {
  const ofFolder = isInUse(config.data_dir) ? read(join(config.data_dir, SERVICE_FILE)) : null;
  const ofUser = runtimeFolders(environment)
    .filter(isOwnFolder)
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => OWN_NAME.test(name))
        .slice(0, MAX_ANNOUNCEMENTS)
        .map((name) => join(folder, name)),
    )
    .flatMap((path) => {
      const found = read(path);
      if (found === null) return [];
      if (isAlive(found.pid)) return [found];
      rmSync(path, { force: true });
      return [];
    });
  return [...(ofFolder === null ? [] : [ofFolder]), ...ofUser];
}

/** Whether a process uses a data folder. A missing folder is not created. */
export function isInUse(folder: string): boolean {
  if (!existsSync(join(folder, 'lock'))) return false;
  try {
    lockFolder(folder).release();
    return false;
  } catch (error) {
    if (error instanceof Conflict) return true;
    throw error;
  }
}

/** The canonical path of a folder. */
export function realPath(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : resolve(folder);
}

/** Creates the folder if it is missing. Returns false if another user owns or can read it. */
function isOwnFolder(path: string): boolean {
  try {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, { mode: 0o700 });
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === (process.getuid?.() ?? found.uid) && isPrivate(found);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

function replaceFile(path: string, text: string, warn: (message: string) => void): boolean {
  const partial = `${path}.partial`;
  try {
    rmSync(partial, { force: true });
    // Creates a new file only: a symbolic link that another user planted is not followed.
    writeFileSync(partial, text, { flag: 'wx', mode: 0o600 });
    renameSync(partial, path);
    return true;
  } catch (error) {
    warn(`the service cannot be announced in ${path}: ${String(error)}`);
    return false;
  }
}

/** Null if the file is missing or damaged, or could have been written or read by others. */
function read(path: string): Announcement | null {
  let file: number;
  try {
    // Non-blocking: opening a named pipe would otherwise wait for a writer.
    file = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return null;
  }
  try {
    const found = fstatSync(file);
    const mine = process.getuid === undefined || process.getuid() === 0 || found.uid === process.getuid();
    if (!found.isFile() || found.size > MAX_FILE_BYTES || !mine || !isPrivate(found)) return null;
    return Announcement.safeParse(parsed(readFileSync(file, 'utf8'))).data ?? null;
  } finally {
    closeSync(file);
  }
}

function isPrivate({ mode }: Stats): boolean {
  return process.getuid === undefined || (mode & OTHERS) === 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
