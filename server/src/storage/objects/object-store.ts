import { z } from 'zod';
import { ExpectedError, NotFound, Unavailable } from '../../domain/errors.ts';
import { quotedMessage } from '../../outbound/foreign-text.ts';

/** Setting of every object store that several programs may share. */
export const KeyPrefix = z
  .string()
  .regex(/^([^/]+\/)*$/, 'must end in / and not begin with it, such as wattkeeper/house/')
  .default('')
  .describe('Prefix of every key');

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

/** Operations of a kind of object storage; they throw the errors of the client. */
export interface ObjectEngine {
  /** For messages: `s3://bucket`. */
  readonly place: string;
  /** Stores a file under a key atomically, replacing an existing object. */
  put(key: string, file: string): Promise<void>;
  /** Writes an object to a file; after an error, a partial file may exist. */
  fetch(key: string, file: string): Promise<void>;
  /** Every object whose key has a prefix, unordered. */
  list(prefix: string): Promise<StoredObject[]>;
  /** Does nothing for a missing object. */
  remove(key: string): Promise<void>;
  /** Path of the object on this machine, or null when it has to be fetched. */
  localPath(key: string): string | null;
  /** Whether an error of `fetch` means a missing object. */
  isMissing(error: unknown): boolean;
}

/**
 * Stores files as objects under keys such as `a/b/c.parquet`. Every method rejects with `Unavailable` when the place does not answer or
 * rejects the credentials, `fetch` with `NotFound` for a missing object.
 */
export class ObjectStore {
  readonly #engine: ObjectEngine;
  readonly #prefix: string;

  /** @param prefix of every key: `backup/house/`; may be empty */
  constructor(engine: ObjectEngine, prefix: string) {
    this.#engine = engine;
    this.#prefix = prefix;
  }

  get place(): string {
    return this.#prefix === '' ? this.#engine.place : `${this.#engine.place}/${this.#prefix}`;
  }

  put(key: string, file: string): Promise<void> {
    return this.#guard(`store ${key}`, () => this.#engine.put(this.#prefix + key, file));
  }

  fetch(key: string, file: string): Promise<void> {
    const isMissing = (error: unknown) => this.#engine.isMissing(error);
    return this.#guard(`fetch ${key}`, () => this.#engine.fetch(this.#prefix + key, file), isMissing);
  }

  async list(prefix: string): Promise<StoredObject[]> {
    const found = await this.#guard('list', () => this.#engine.list(this.#prefix + prefix));
    return found.map(({ key, bytes }) => ({ key: key.slice(this.#prefix.length), bytes }));
  }

  remove(key: string): Promise<void> {
    return this.#guard(`remove ${key}`, () => this.#engine.remove(this.#prefix + key));
  }

  localPath(key: string): string | null {
    return this.#engine.localPath(this.#prefix + key);
  }

  async #guard<T>(
    what: string,
    work: () => Promise<T>,
    isMissing: (error: unknown) => boolean = () => false,
  ): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof ExpectedError) throw cause;
      const message = `${this.place}: cannot ${what}: ${quotedMessage(cause)}`;
      throw isMissing(cause) ? new NotFound(message, { cause }) : new Unavailable(message, { cause });
    }
  }
}
