import { readFile, rm } from 'node:fs/promises';
import { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { Corrupt } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { BackupFolder } from './backup-folder.ts';

const BACKUP = '.backup';
const CARD = '.json';

/**
 * Copies of backups in an object store. The card of a copy is stored last: a backup without a card is not yet copied, and is sent again.
 * Every method rejects with `Unavailable` while the place does not answer.
 */
export class BackupCopies {
  readonly #objects: ObjectStore;
  readonly #folder: BackupFolder;
  /** By name: cards change only through this object. */
  readonly #cards = new Map<string, Backup>();

  /** @param folder of the backups, into which copies are fetched */
  constructor(objects: ObjectStore, folder: BackupFolder) {
    this.#objects = objects;
    this.#folder = folder;
  }

  get place(): string {
    return this.#objects.place;
  }

  /** Newest first. */
  async list(): Promise<Backup[]> {
    const names = new Set((await this.#objects.list('')).map(({ key }) => key));
    const found: Backup[] = [];
    for (const name of names) {
      if (!name.endsWith(BACKUP) || !names.has(name + CARD)) continue;
      found.push(this.#cards.get(name) ?? (await this.#readCard(name)));
    }
    return found.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  }

  /** Sends every backup of the folder without a copy; returns their number. */
  async send(signal: AbortSignal, progress: OnProgress): Promise<number> {
    const there = new Set((await this.list()).map(({ name }) => name));
    const missing = (await this.#folder.list()).filter(({ name, problem }) => problem === null && !there.has(name));
    for (const [i, backup] of missing.entries()) {
      signal.throwIfAborted();
      progress(i / missing.length, backup.name);
      await this.#objects.put(backup.name, this.#folder.file(backup.name));
      const stored = (await this.#objects.list(backup.name)).find(({ key }) => key === backup.name);
      if (stored?.bytes !== backup.bytes)
        throw new Corrupt(`${this.place} has ${stored?.bytes ?? 0} bytes of ${backup.name}; ${backup.bytes} were sent`);
      await this.writeCard(backup);
    }
    return missing.length;
  }

  /** Sends the card of a copy again. */
  async writeCard(backup: Backup): Promise<void> {
    await this.#folder.writeCard(backup);
    await this.#objects.put(backup.name + CARD, this.#folder.file(backup.name + CARD));
    this.#cards.set(backup.name, backup);
  }

  /** Fetches a copy into the folder. @throws Corrupt when it differs from the sent one; NotFound */
  async fetch(name: string): Promise<Backup> {
    const card = await this.#readCard(name);
    const draft = await this.#folder.incoming(name);
    try {
      await this.#objects.fetch(name, draft);
      await this.#folder.checkFile(draft, card);
      await this.#folder.keep(draft, card);
      return card;
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  /** Deletes copies of backups that started before an instant, except the newest; returns their number. */
  async prune(before: string): Promise<number> {
    const old = (await this.list()).slice(1).filter(({ started_at }) => started_at < before);
    for (const { name } of old) {
      await this.#objects.remove(name + CARD);
      await this.#objects.remove(name);
      this.#cards.delete(name);
    }
    return old.length;
  }

  async #readCard(name: string): Promise<Backup> {
    const path = await this.#folder.incoming(`${name}.card`);
    try {
      await this.#objects.fetch(name + CARD, path);
      const parsed = Backup.safeParse(JSON.parse(await readFile(path, 'utf8')));
      if (!parsed.success) throw new Corrupt(`the card of ${name} in ${this.place} cannot be read`);
      this.#cards.set(name, parsed.data);
      return parsed.data;
    } finally {
      await rm(path, { force: true });
    }
  }
}
