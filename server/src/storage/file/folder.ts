import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Conflict, Corrupt, messageOf, Unavailable } from '../../domain/errors.ts';
import { type DataFolder, lockFolder } from '../data-folder.ts';

/** The state of the folder besides its files of records. */
export interface FolderState {
  /** Batches up to this sequence number are in the files of their days. */
  readonly folded: number;
  /** Instants before which records of older files are ignored; by metric group, '' for all. */
  readonly forgotten: Readonly<Record<string, number>>;
  /** UTC days whose valid older records are in the day's own file. */
  readonly absorbed: readonly number[];
}

const STATE = 'state.json';
/** Suffix of a file that is being written. */
const DRAFT = '.part';
const DAY = /^day-([+-]?\d{4,6}-\d{2}-\d{2})\.json(\.gz)?$/;
const BATCH = /^batch-(\d{12})\.json\.gz$/;

/**
 * The files of a store: `day-2026-01-15.json.gz`, and batches that are not yet in their days. A file is either completely on disk or
 * absent.
 */
export class StoreFolder {
  readonly #lock: DataFolder;
  /** Files are readable by the users who may read the folder, regardless of the umask. */
  readonly #mode: number;

  private constructor(lock: DataFolder, mode: number) {
    this.#lock = lock;
    this.#mode = mode;
  }

  /** @throws Unavailable when the folder cannot be created or another process uses it */
  static async open(path: string): Promise<StoreFolder> {
    try {
      const lock = lockFolder(path);
      const folder = new StoreFolder(lock, ((await stat(lock.path)).mode & 0o666) | 0o600);
      for (const name of await readdir(folder.path)) if (name.endsWith(DRAFT)) await rm(join(folder.path, name));
      return folder;
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      throw new Unavailable(`the folder ${path} of the file store is in use by another process`, { cause: error });
    }
  }

  get path(): string {
    return this.#lock.path;
  }

  /** UTC days that have a file, with its name. */
  async days(): Promise<Map<number, string>> {
    const days = new Map<number, string>();
    for (const name of (await readdir(this.path)).sort()) {
      const day = DAY.exec(name)?.[1];
      if (day !== undefined) days.set(Math.floor(Date.parse(`${day}T00:00:00Z`) / UTC_DAY_MS), name);
    }
    return days;
  }

  /** Sequence numbers of batches, ascending. */
  async batches(): Promise<number[]> {
    const found = (await readdir(this.path)).flatMap((name) => BATCH.exec(name)?.[1] ?? []);
    return found.map(Number).sort((a, b) => a - b);
  }

  /** null for a missing file. */
  async read(name: string): Promise<Buffer | null> {
    try {
      return await readFile(join(this.path, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new Corrupt(`${name} in ${this.path} cannot be read: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Replaces the file of the same name atomically; synced to disk when it resolves. */
  async write(name: string, data: string | Buffer): Promise<void> {
    const path = join(this.path, name);
    try {
      await mkdir(this.path, { recursive: true });
      await writeFile(path + DRAFT, data, { flush: true });
      await chmod(path + DRAFT, this.#mode);
      await rename(path + DRAFT, path);
      await syncFolder(this.path);
    } catch (error) {
      throw new Unavailable(`${name} cannot be written to ${this.path}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** Time of the last write to a file, epoch milliseconds; -Infinity for a missing file. */
  async writtenAt(name: string): Promise<number> {
    return (await stat(join(this.path, name)).catch(() => null))?.mtimeMs ?? Number.NEGATIVE_INFINITY;
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.path, name), { force: true });
  }

  async state(): Promise<FolderState> {
    const text = (await this.read(STATE))?.toString();
    try {
      return { folded: 0, forgotten: {}, absorbed: [], ...(text && (JSON.parse(text) as FolderState)) };
    } catch (error) {
      throw new Corrupt(`${STATE} in ${this.path} is damaged: ${messageOf(error)}`, { cause: error });
    }
  }

  writeState(state: FolderState): Promise<void> {
    return this.write(STATE, JSON.stringify(state));
  }

  async sizeBytes(): Promise<number> {
    const names = (await readdir(this.path)).filter((name) => DAY.test(name) || BATCH.test(name));
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(this.path, name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  release(): void {
    this.#lock.release();
  }
}

export function dayName(day: number): string {
  const [date] = new Date(day * UTC_DAY_MS).toISOString().split('T') as [string];
  return `day-${date}.json.gz`;
}

export function batchName(sequence: number): string {
  return `batch-${String(sequence).padStart(12, '0')}.json.gz`;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}
