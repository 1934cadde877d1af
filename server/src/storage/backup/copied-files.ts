import { rm } from 'node:fs/promises';
import { Corrupt } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { sha256Of } from '../file-digest.ts';
import type { ObjectStore } from '../objects/object-store.ts';

/** A file that never changes, with its name in every place. */
export interface NamedFile {
  readonly name: string;
  readonly path: string;
}

/** Immutable files, each stored once in an object store. Every method rejects with `Unavailable` while the place does not answer. */
export class CopiedFiles {
  readonly #objects: ObjectStore;
  readonly #prefix: string;

  /** @param prefix of every name: `archive/` */
  constructor(objects: ObjectStore, prefix: string) {
    this.#objects = objects;
    this.#prefix = prefix;
  }

  get place(): string {
    return this.#objects.place;
  }

  /** In ascending order. */
  async names(): Promise<string[]> {
    const objects = await this.#objects.list(this.#prefix);
    return objects.map(({ key }) => key.slice(this.#prefix.length)).sort();
  }

  /**
   * Sends the missing files and reads each back; returns their number.
   * @param scratch path of a temporary file
   * @throws Corrupt when the place returns other content than was sent
   */
  async send(files: readonly NamedFile[], scratch: string, signal: AbortSignal, progress: OnProgress): Promise<number> {
    const there = new Set(await this.names());
    const missing = files.filter(({ name }) => !there.has(name));
    for (const [i, { name, path }] of missing.entries()) {
      signal.throwIfAborted();
      progress(i / missing.length, name);
      await this.put({ name, path }, scratch);
    }
    return missing.length;
  }

  /** Sends a file, replacing one of the same name, and reads it back; returns its SHA-256. @throws Corrupt as `send` */
  async put({ name, path }: NamedFile, scratch: string): Promise<string> {
    await this.#objects.put(this.#prefix + name, path);
    await this.fetch(name, scratch);
    const [sent, found] = [await sha256Of(path), await sha256Of(scratch)];
    await rm(scratch, { force: true });
    if (sent === found) return sent;
    await this.remove(name);
    throw new Corrupt(`${this.place} returns other content for ${this.#prefix}${name} than was sent`);
  }

  /** @throws NotFound */
  fetch(name: string, file: string): Promise<void> {
    return this.#objects.fetch(this.#prefix + name, file);
  }

  /** Does nothing for a missing file. */
  remove(name: string): Promise<void> {
    return this.#objects.remove(this.#prefix + name);
  }
}
