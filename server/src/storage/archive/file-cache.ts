import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

interface Entry {
  bytes: number;
  /** Those who read the file now: it stays while there are any. */
  users: number;
  readonly ready: Promise<void>;
}

const DRAFT = '.part';

/** Files of a folder that came from elsewhere: those used longest ago go when they take more than the bytes allowed. */
export class FileCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  private constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Takes up what an earlier run left in the folder, which is made where it is missing. */
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
   * Works on a file, which is there until the work ends.
   * @param bring writes it to a path when it is not there yet; those who ask at the same time wait for the same one
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

  /** Nobody may be using the file. */
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
