import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Corrupt, NotFound } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { SerialQueue } from '../../domain/serial-queue.ts';
import { intersect, type Window } from '../../domain/time/window.ts';
import { WorkerCalls } from '../../domain/worker-calls.ts';
import type { ReadRequest } from '../backend.ts';
import { sha256Of } from '../file-digest.ts';
import type { ObjectStore, StoredObject } from '../objects/object-store.ts';
import { FileCache } from './file-cache.ts';
import { monthName, monthOf } from './months.ts';
import type { ParquetMethods } from './parquet.worker.ts';
import type { Contents, DeviceRows, Holdings } from './parquet-file.ts';

/** A file of the archive: rows of one metric group and month. Where two parts of a month overlap, the later part takes precedence. */
export interface Part {
  readonly key: string;
  readonly group: string;
  /** Its UTC month. */
  readonly month: Window;
  /** Increases within the month. */
  readonly number: number;
  /** SHA-256 of the file. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface ArchiveOptions {
  readonly objects: ObjectStore;
  /** For temporary files of writes and for fetched files. */
  readonly folder: string;
  readonly cacheBytes: number;
}

/** The dependencies of a deletion. */
export interface DeletionWork {
  readonly unused: () => Promise<void>;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** Prefix of folders of files that are being written; a folder that remains after a crash is deleted at the next start. */
const WRITING = 'writing-';

const PART = /^group=([^/]+)\/month=(\d{4}-\d{2})\/(\d+)-([0-9a-f]{64})\.parquet$/;

/**
 * Months of telemetry as Parquet files in an object store, under `group=…/month=YYYY-MM/NUMBER-SHA256.parquet`. The keys are the index:
 * finding and verifying a file needs no other data. One process at a time writes.
 */
export class Archive {
  readonly #objects: ObjectStore;
  readonly #folder: string;
  readonly #cache: FileCache;
  readonly #worker: WorkerCalls<ParquetMethods>;
  /** Writes are serialised. */
  readonly #writes = new SerialQueue();
  #index: Promise<Part[]> | null = null;

  private constructor({ objects, folder }: ArchiveOptions, cache: FileCache) {
    this.#objects = objects;
    this.#folder = folder;
    this.#cache = cache;
    this.#worker = new WorkerCalls<ParquetMethods>(new URL('./parquet.worker.ts', import.meta.url), 'the archive');
  }

  static async open(options: ArchiveOptions): Promise<Archive> {
    await mkdir(options.folder, { recursive: true });
    const left = (await readdir(options.folder)).filter((name) => name.startsWith(WRITING));
    for (const name of left) await rm(join(options.folder, name), { recursive: true });
    return new Archive(options, await FileCache.open(join(options.folder, 'cache'), options.cacheBytes));
  }

  get place(): string {
    return this.#objects.place;
  }

  /** Every file, by month and number. @throws Unavailable when the object store does not answer */
  async all(): Promise<readonly Part[]> {
    this.#index ??= this.#list();
    const index = this.#index;
    return index.catch((error: unknown) => {
      if (this.#index === index) this.#index = null;
      throw error;
    });
  }

  /** Lists the object store again; returns its files and the previously known ones. @throws as `all`, while none are known */
  async refreshList(): Promise<readonly Part[]> {
    const known = await this.#index?.catch(() => undefined);
    const listed = await this.#list().catch((error: unknown) => {
      if (known === undefined) throw error;
      return [];
    });
    const byKey = new Map([...(known ?? []), ...listed].map((part) => [part.key, part]));
    return [...byKey.values()].sort(inOrder);
  }

  /** The files of a group that overlap a window, by month and number. @throws as `all` */
  async parts(group: string, window: Window): Promise<Part[]> {
    return (await this.all()).filter((part) => part.group === group && intersect(part.month, window) !== null);
  }

  /** Samples of devices in one file. @throws Corrupt when the file differs from the stored one */
  read(part: Part, { deviceIds, quantities, window }: ReadRequest): Promise<DeviceRows[]> {
    return this.#use(part, (path) => this.#worker.call('read', [path, deviceIds, quantities, window]));
  }

  /** Devices and quantities with values in a file, after its SHA-256 was verified. @throws Corrupt when it differs from the stored one */
  async holdings(part: Part): Promise<Holdings> {
    const local = this.#objects.localPath(part.key);
    if (local !== null) await check(part, local, this.place);
    return this.#use(part, (path) => this.#worker.call('holdings', [path]));
  }

  /**
   * Stores rows of a group and month and verifies them: the object is fetched again, and its bytes, rows and values are compared. An
   * existing file with the same content is not stored again.
   * @param frames one device after the other, each in ascending time, all within the month
   * @throws Corrupt when the object store returns other content than was stored
   */
  write(
    group: string,
    month: Window,
    quantities: readonly string[],
    frames: AsyncIterable<DeviceRows>,
  ): Promise<{ part: Part; rows: number; bytes: number }> {
    return this.#writes.run(() => this.#write(group, month, null, quantities, frames));
  }

  /**
   * Rewrites the files that contain data of these devices without it, one after the other: the new file is stored and verified before the
   * old one is deleted. Safe to repeat after an interruption.
   * @param unused resolves when the old file is no longer read
   * @throws Corrupt for a file that differs from the stored one, Unavailable while the object store does not answer
   */
  async deleteDevices(
    deviceIds: ReadonlySet<string>,
    { unused, signal, progress }: DeletionWork,
  ): Promise<{ readonly files: number }> {
    // A file that is being written may contain data of the devices.
    const parts = await this.#writes.run(() => this.refreshList());
    let files = 0;
    for (const [i, part] of parts.entries()) {
      signal.throwIfAborted();
      progress(i / parts.length, part.key);
      if (await this.#writes.run(() => this.#rewrite(part, deviceIds, unused))) files++;
    }
    return { files };
  }

  async #rewrite(part: Part, deviceIds: ReadonlySet<string>, unused: () => Promise<void>): Promise<boolean> {
    const held = await this.holdings(part);
    const kept = held.deviceIds.filter((id) => !deviceIds.has(id));
    if (kept.length === held.deviceIds.length) return false;
    const { group, month, number } = part;
    if (kept.length > 0)
      await this.#write(group, month, number, held.quantities, this.#rowsOf(part, kept, held.quantities));
    this.#index = Promise.resolve((await this.all()).filter(({ key }) => key !== part.key));
    await unused();
    await this.#objects.remove(part.key);
    await this.#cache.remove(cachedName(part));
    return true;
  }

  async *#rowsOf(part: Part, deviceIds: readonly string[], quantities: readonly string[]): AsyncGenerator<DeviceRows> {
    for (const deviceId of deviceIds)
      yield* await this.read(part, { group: part.group, deviceIds: [deviceId], quantities, window: part.month });
  }

  /** @param number of the part that the file replaces; null: it follows the parts of its month */
  async #write(
    group: string,
    month: Window,
    number: number | null,
    quantities: readonly string[],
    frames: AsyncIterable<DeviceRows>,
  ): Promise<{ part: Part; rows: number; bytes: number }> {
    const scratch = await mkdtemp(join(this.#folder, WRITING));
    try {
      const draft = join(scratch, 'draft.parquet');
      await this.#worker.call('begin', [draft, quantities]);
      for await (const rows of frames) await this.#worker.call('add', [rows]);
      const contents = await this.#worker.call('finish', []);
      const part = await this.#place(group, month, number, draft);
      await this.#verify(part, contents, join(scratch, 'stored.parquet'));
      this.#index = Promise.resolve([...(await this.#others(part)), part].sort(inOrder));
      return { part, rows: contents.rows, bytes: part.bytes };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** Stores a file under its key unless it exists. */
  async #place(group: string, month: Window, replaced: number | null, file: string): Promise<Part> {
    const sha256 = await sha256Of(file);
    const parts = await this.parts(group, month);
    const isKnown = (part: Part) => (replaced === null ? part === parts.at(-1) : part.number === replaced);
    const known = parts.find((part) => part.sha256 === sha256 && isKnown(part));
    if (known) return known;
    const number = replaced ?? (parts.at(-1)?.number ?? 0) + 1;
    const name = `${String(number).padStart(4, '0')}-${sha256}.parquet`;
    const key = `group=${encodeURIComponent(group)}/month=${monthName(month.start)}/${name}`;
    await this.#objects.put(key, file);
    return { key, group, month, number, sha256, bytes: (await stat(file)).size };
  }

  async #verify(part: Part, { rows, checksum }: Contents, copy: string): Promise<void> {
    try {
      await this.#fetch(part, copy);
      const stored = await this.#worker.call('contents', [copy]);
      if (stored.rows !== rows || stored.checksum !== checksum) {
        throw new Corrupt(
          `${this.place} returns ${stored.rows} rows of ${part.key}, or other values, instead of ${rows}`,
        );
      }
    } catch (error) {
      if (error instanceof Corrupt) {
        await this.#objects.remove(part.key);
        this.#index = null;
      }
      throw error;
    }
  }

  /** Opens a file in place, or its cached copy. */
  #use<T>(part: Part, work: (path: string) => Promise<T>): Promise<T> {
    const local = this.#objects.localPath(part.key);
    return local === null ? this.#cache.use(cachedName(part), (path) => this.#fetch(part, path), work) : work(local);
  }

  async #fetch(part: Part, path: string): Promise<void> {
    try {
      await this.#objects.fetch(part.key, path);
    } catch (cause) {
      if (!(cause instanceof NotFound)) throw cause;
      throw new Corrupt(`a file of the archive is missing: ${cause.message}`, { cause });
    }
    await check(part, path, this.place);
  }

  async #others({ key }: Part): Promise<Part[]> {
    return ((await this.#index) ?? []).filter((part) => part.key !== key);
  }

  async #list(): Promise<Part[]> {
    const objects = await this.#objects.list('group=');
    return objects.flatMap((object) => partOf(object) ?? []).sort(inOrder);
  }
}

function cachedName({ sha256 }: Part): string {
  return `${sha256}.parquet`;
}

/** Parses a key; null for an object that does not belong to the archive. */
function partOf({ key, bytes }: StoredObject): Part | null {
  const [, group, month, number, sha256] = PART.exec(key) ?? [];
  if (group === undefined || month === undefined || sha256 === undefined) return null;
  const start = Date.parse(`${month}-01T00:00:00Z`);
  return { key, group: decodeURIComponent(group), month: monthOf(start), number: Number(number), sha256, bytes };
}

function inOrder(a: Part, b: Part): number {
  return a.month.start - b.month.start || a.number - b.number || (a.key < b.key ? -1 : 1);
}

async function check({ key, sha256 }: Part, path: string, place: string): Promise<void> {
  const found = await sha256Of(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new Corrupt(`a file of the archive is missing: there is no ${key} in ${place}`, { cause });
  });
  if (found !== sha256) throw new Corrupt(`${key} in ${place} is damaged: its SHA-256 is ${found}`);
}
