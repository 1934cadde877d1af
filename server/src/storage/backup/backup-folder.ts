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
 * Backups in a folder, each with a card beside it that tells what it holds without opening it. A backup is there when both are: the card
 * comes first and goes last, so that a crash in between leaves no file that nothing lists or removes.
 */
export class BackupFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Newest first. A backup whose card is missing or unreadable, and a card without its backup, are left out. */
  async list(): Promise<Backup[]> {
    const names = new Set(await readdir(this.path).catch(whenMissing([])));
    const whole = [...names].filter((name) => name.endsWith(BACKUP) && names.has(name + CARD));
    const cards = await Promise.all(whole.map((name) => readCard(join(this.path, name + CARD))));
    return cards.filter((card) => card !== undefined).sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  }

  /** Throws NotFound with the names that there are. */
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

  /** A path to write a new backup to, which `keep` then gives its name. What an earlier attempt left there is gone. */
  async draft(name: string): Promise<string> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    const names = new Set(await readdir(this.path));
    const isLeft = (entry: string) => {
      const backup = entry.slice(0, -CARD.length);
      // One that is being fetched has its card before it has its name.
      const isAlone = entry.endsWith(BACKUP + CARD) && !names.has(backup) && !names.has(backup + INCOMING);
      return isAlone || entry.endsWith(PARTIAL);
    };
    for (const left of names) if (isLeft(left)) await rm(join(this.path, left), { force: true });
    return this.file(name + PARTIAL);
  }

  /** A path for something that is fetched into the folder while a backup may be written there. */
  async incoming(name: string): Promise<string> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    return this.file(name + INCOMING);
  }

  /** Writes the card of a draft that is on disk, and gives the draft its name. */
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

  /** Removes backups that started before an instant, but never the newest; answers how many. */
  async prune(before: string): Promise<number> {
    const old = (await this.list()).slice(1).filter(({ started_at }) => started_at < before);
    for (const { name } of old) {
      await rm(this.file(name), { force: true });
      await rm(this.file(name + CARD));
    }
    return old.length;
  }

  /** Throws Corrupt when the file is not the one that the card describes. */
  checkBytes(backup: Backup): Promise<void> {
    return this.checkFile(this.file(backup.name), backup);
  }

  /** The same for a file of another name. */
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
