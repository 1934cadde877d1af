import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

interface Entry {
  bytes: number;
  /** Number of current readers: the file is not evicted while there are any. */
  users: number;
  readonly ready: Promise<void>;
}

const DRAFT = '.part';

/** A least-recently-used cache of fetched files in a folder, limited by size. */
export class FileCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  private constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Loads the files of an earlier run from the folder, which is created if missing. */
  static async open(folder: string, maxBytes: number): Promise<FileCache> {
    const cache = new FileCache(folder, maxBytes);
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (name.endsWith(DRAFT)) await rm(cache.#fileOf(name), { force: true });
      else cache.#note(name, { bytes: (await stat(cache.#fileOf(name))).size, users: 0, ready: Promise.resolve() });
    }
    await cache.#trim();
    return cache;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Opens a file, which exists until the work ends.
   * @param bring fetches the file to a path if it is not cached; concurrent calls wait for the same fetch
   */
  async use<T>(name: string, bring: (path: string) => Promise<void>, work: (path: string) => Promise<T>): Promise<T> {
    const known = this.#entries.get(name);
    const entry = known ?? { bytes: 0, users: 0, ready: this.#bring(name, bring) };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    entry.users++;
    try {
      await entry.ready;
      return await work(this.#fileOf(name));
    } finally {
      entry.users--;
      await this.#trim();
    }
  }

  /** The file must have no readers. */
  async remove(name: string): Promise<void> {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
    await rm(this.#fileOf(name), { force: true });
  }

  async #bring(name: string, bring: (path: string) => Promise<void>): Promise<void> {
    const draft = this.#fileOf(name) + DRAFT;
    try {
      await bring(draft);
      const { size } = await stat(draft);
      await rename(draft, this.#fileOf(name));
      (this.#entries.get(name) as Entry).bytes = size;
      this.#bytes += size;
    } catch (error) {
      this.#entries.delete(name);
      await rm(draft, { force: true });
      throw error;
    }
  }

  async #trim(): Promise<void> {
    for (const [name, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      if (entry.users > 0) continue;
      this.#entries.delete(name);
      this.#bytes -= entry.bytes;
      await rm(this.#fileOf(name), { force: true });
    }
  }

  #note(name: string, entry: Entry): void {
    this.#entries.set(name, entry);
    this.#bytes += entry.bytes;
  }

  #fileOf(name: string): string {
    return join(this.#folder, name);
  }
}
