import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Backup } from '@wattkeeper/contract/storage/backup.ts';
import { Corrupt, NotFound } from '../../domain/errors.ts';

const BACKUP = '.backup';
const PARTIAL = '.partial';
const INCOMING = '.incoming';
const CARD = '.json';

/**
 * Backups in a folder, each with a card that describes its content without opening it. A backup exists when both files do: the card is
 * written first and deleted last, so that a crash in between leaves no file that is neither listed nor deleted.
 */
export class BackupFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Newest first. A backup with a missing or unreadable card, and a card without its backup, are omitted. */
  async list(): Promise<Backup[]> {
    const names = new Set(await readdir(this.path).catch(whenMissing([])));
    const whole = [...names].filter((name) => name.endsWith(BACKUP) && names.has(name + CARD));
    const cards = await Promise.all(whole.map((name) => readCard(join(this.path, name + CARD))));
    return cards.filter((card) => card !== undefined).sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  }

  /** Throws NotFound with the existing names. */
  async require(name: string): Promise<Backup> {
    const all = await this.list();
    const found = all.find((backup) => backup.name === name);
    if (found) return found;
    const names = all.slice(0, 5).map((backup) => backup.name);
    throw new NotFound(
      names.length === 0
        ? `there are no backups in ${this.path}`
        : `there is no backup ${name}; the newest are ${names.join(', ')}`,
    );
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** A path for a new backup, which `keep` renames. The file of an earlier attempt is deleted. */
  async draft(name: string): Promise<string> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const names = new Set(await readdir(this.path));
    const isLeft = (entry: string) => {
      const backup = entry.slice(0, -CARD.length);
      // A backup that is being fetched has its card before its name.
      const isAlone = entry.endsWith(BACKUP + CARD) && !names.has(backup) && !names.has(backup + INCOMING);
      return isAlone || entry.endsWith(PARTIAL);
    };
    for (const left of names) if (isLeft(left)) await rm(join(this.path, left), { force: true });
    return this.file(name + PARTIAL);
  }

  /** A path for a file that is fetched into the folder, possibly while a backup is being written. */
  async incoming(name: string): Promise<string> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    return this.file(name + INCOMING);
  }

  /** Writes the card of a draft that is on disk, and renames the draft. */
  async keep(draft: string, card: Backup): Promise<void> {
    await this.writeCard(card);
    await rename(draft, this.file(card.name));
  }

  async writeCard(card: Backup): Promise<void> {
    const path = this.file(card.name + CARD);
    const file = await open(path + PARTIAL, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(card, null, 2));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(path + PARTIAL, path);
  }

  /** Deletes backups that started before an instant, except the newest; returns their number. */
  async prune(before: string): Promise<number> {
    const old = (await this.list()).slice(1).filter(({ started_at }) => started_at < before);
    for (const { name } of old) {
      await rm(this.file(name), { force: true });
      await rm(this.file(name + CARD));
    }
    return old.length;
  }

  /** Throws Corrupt when the file does not match its card. */
  checkBytes(backup: Backup): Promise<void> {
    return this.checkFile(this.file(backup.name), backup);
  }

  /** As `checkBytes`, for a file of another name. */
  async checkFile(path: string, { name, sha256, bytes }: Backup): Promise<void> {
    const hash = createHash('sha256');
    let read = 0;
    for await (const chunk of createReadStream(path)) {
      hash.update(chunk as Buffer);
      read += (chunk as Buffer).length;
    }
    if (read !== bytes) throw new Corrupt(`the backup ${name} has ${read} bytes; ${bytes} were written`);
    if (hash.digest('hex') !== sha256) throw new Corrupt(`the backup ${name} was changed after it was written`);
  }
}

async function readCard(path: string): Promise<Backup | undefined> {
  try {
    return Backup.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function whenMissing<T>(answer: T) {
  return (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return answer;
    throw error;
  };
}
