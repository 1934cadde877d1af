import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backup } from '@wattkeeper/contract/backup.ts';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { InvalidInput, messageOf, NotFound } from '../../domain/errors.ts';
import { UTC_DAY_MS } from '../../domain/window.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import { writeBackup } from '../../storage/lifecycle/backup.ts';
import { type BackupKeys, encrypts } from '../../storage/lifecycle/backup-file.ts';
import { BackupFolder } from '../../storage/lifecycle/backup-folder.ts';
import { fileInstant, type JournalArchive } from '../../storage/lifecycle/journal-archive.ts';
import { type FolderRestoreReport, makeReady, restoreIntoFolder } from '../../storage/lifecycle/restore-folder.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';

export interface BackupServiceOptions {
  readonly folder: string;
  readonly dataFolder: string;
  readonly keys: BackupKeys;
  readonly keepDays: number;
  /** The primary store, and how it catches up with what was acknowledged. */
  readonly store: Pick<TelemetryStore, 'series' | 'read'>;
  readonly caughtUp: (signal: AbortSignal) => Promise<void>;
  readonly records: Pick<RecordStore, 'contents'>;
  readonly archive: { readonly journal: JournalArchive; readonly folder: string } | null;
  readonly configuration: string;
  readonly version: string;
  readonly now: () => number;
}

type Work = Pick<JobContext, 'signal' | 'progress'>;

/** Backups of everything: made, listed, verified by restoring them, brought back. */
export class BackupService {
  readonly #options: BackupServiceOptions;
  readonly #folder: BackupFolder;
  #warning: string | null = null;

  constructor(options: BackupServiceOptions) {
    this.#options = options;
    this.#folder = new BackupFolder(options.folder);
  }

  /** Newest first. */
  async list(): Promise<Backup[]> {
    const backups = await this.#folder.list();
    const bad = backups.find(({ problem }) => problem !== null);
    this.#warning = bad ? `the backup ${bad.name} cannot be relied on: ${bad.problem}` : null;
    return backups;
  }

  /** What the last look at the backups found wrong. */
  warnings(): string[] {
    return this.#warning === null ? [] : [this.#warning];
  }

  /** Makes a backup, then removes those that are too old. */
  async make({ signal, progress }: Work): Promise<Backup> {
    const { store, caughtUp, records, keys, configuration, version, now, keepDays, archive } = this.#options;
    await caughtUp(signal);
    const startedAt = formatInstant(now());
    const name = `wattkeeper-${fileInstant(now())}.backup`;
    const draft = await this.#folder.draft(name);
    try {
      const written = await writeBackup(draft, {
        store,
        records: records.contents,
        configuration,
        version,
        keys,
        now,
        signal,
        progress: (share) => progress(share, 'writing'),
      });
      const card: Backup = {
        name,
        started_at: startedAt,
        version,
        encrypted: encrypts(keys),
        verified_at: null,
        problem: null,
        ...written,
      };
      await this.#folder.keep(draft, card);
      await this.#folder.prune(formatInstant(now() - keepDays * UTC_DAY_MS));
      const oldest = (await this.#folder.list()).at(-1) ?? card;
      await archive?.journal.prune(Date.parse(oldest.started_at));
      return card;
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  /** Restores a backup (default: the newest) into a scratch folder, compares it, and notes the outcome on its card. */
  async verify(name: string | undefined, { signal, progress }: Work): Promise<Backup> {
    const backup = name === undefined ? (await this.#folder.list())[0] : await this.#folder.require(name);
    if (backup === undefined) throw new NotFound(`there are no backups in ${this.#folder.path} yet`);
    const problem = await this.#problemOf(backup, { signal, progress });
    const card = { ...backup, verified_at: formatInstant(this.#options.now()), problem };
    await this.#folder.writeCard(card);
    await this.list();
    return card;
  }

  /**
   * Prepares a backup to take the place of everything at the next start.
   * @throws as `restoreIntoFolder`; nothing of what runs is touched
   */
  async prepareRestore(name: string, at: string | undefined, work: Work): Promise<FolderRestoreReport> {
    const backup = await this.#folder.require(name);
    await this.#folder.checkBytes(backup);
    return this.#inScratch(async (folder) => {
      const report = await this.#restore(backup, folder, at, work);
      await makeReady(this.#options.dataFolder, folder);
      return report;
    });
  }

  async #problemOf(backup: Backup, work: Work): Promise<string | null> {
    try {
      await this.#folder.checkBytes(backup);
      const { keys } = this.#options;
      const isSealed = backup.encrypted && keys.passphrase === undefined && (keys.identities ?? []).length === 0;
      if (!isSealed) await this.#inScratch((folder) => this.#restore(backup, folder, undefined, work));
      return null;
    } catch (error) {
      if (work.signal.aborted) throw error;
      return messageOf(error);
    }
  }

  #restore(backup: Backup, folder: string, at: string | undefined, { signal, progress }: Work) {
    const { keys, archive, now } = this.#options;
    if (at !== undefined && archive === null) {
      throw new InvalidInput('there is no archived journal to restore to an instant: backup.point_in_time is off');
    }
    const instant = at === undefined ? null : parseInstant(at);
    if (instant !== null && instant > now()) throw new InvalidInput(`at must not be in the future; got ${at}`);
    return restoreIntoFolder({
      backup: this.#folder.file(backup.name),
      keys,
      folder,
      engine: 'duckdb',
      upTo: instant === null || archive === null ? undefined : { instant, archive: archive.folder },
      signal,
      progress: (share) => progress(share, 'restoring'),
    });
  }

  async #inScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(this.#options.dataFolder, 'restore-scratch-'));
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
