import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Backup, KeptBackup, RestoreRequest } from '@wattkeeper/contract/storage/backup.ts';
import { ExpectedError, InvalidInput, messageOf, NotFound, Unavailable } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import type { JobContext } from '../../jobs/job.ts';
import { ARCHIVE_COPIES } from '../../storage/archive/archive-copies.ts';
import type { ArchiveManifest } from '../../storage/archive/archived-objects.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import { writeBackup } from '../../storage/backup/backup.ts';
import type { BackupCopies } from '../../storage/backup/backup-copies.ts';
import { type BackupKeys, encrypts } from '../../storage/backup/backup-file.ts';
import { BackupFolder } from '../../storage/backup/backup-folder.ts';
import type { HistoryPlaces, SentHistory } from '../../storage/journal-history/history-copies.ts';
import type { JournalHistory } from '../../storage/journal-history/journal-history.ts';
import { fileInstant } from '../../storage/journal-history/segments.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import {
  type FolderRestore,
  type FolderRestoreReport,
  type HistoryUpTo,
  makeReady,
  restoreIntoFolder,
  scratchFolder,
} from '../../storage/restore/restore-folder.ts';
import type { BackedUpArchive } from './backed-up-archive.ts';

export interface BackupServiceOptions {
  readonly folder: string;
  readonly dataFolder: string;
  /** Null if backups are not copied. */
  readonly copies: BackupCopies | null;
  readonly keys: BackupKeys;
  readonly keepDays: number;
  /** The embedded store that a restore fills. */
  readonly engine: 'duckdb' | 'sqlite';
  /** The primary store. `caughtUp` waits until it contains all acknowledged readings. */
  readonly store: Pick<TelemetryStore, 'series' | 'read'>;
  readonly caughtUp: (signal: AbortSignal) => Promise<void>;
  readonly records: Pick<RecordStore, 'contents'>;
  /** Suspends rollups and retention during `work`: otherwise a reading that is rolled up and deleted meanwhile could be missing from the backup in both forms. */
  readonly undisturbed: <T>(work: () => Promise<T>) => Promise<T>;
  /** Null while `backup.point_in_time` is off. */
  readonly history: JournalHistory | null;
  /** Places of the journal history, even if it is switched off now. */
  readonly historyPlaces: HistoryPlaces;
  /** Sequence number of the newest acknowledged batch. */
  readonly journalHead: () => number;
  readonly upTo: (instant: number) => HistoryUpTo;
  /** Archived months; null without an archive. */
  readonly months: BackedUpArchive | null;
  readonly configuration: string;
  readonly version: string;
  readonly now: () => number;
}

const COPIES_KNOWN_MS = MINUTE_MS;

type Work = Pick<JobContext, 'signal' | 'progress'>;

/** Creates, lists, verifies and restores backups of all data. */
export class BackupService {
  readonly #options: BackupServiceOptions;
  readonly #folder: BackupFolder;
  #warning: string | null = null;
  #copyWarning: string | null = null;
  #archiveWarning: string | null = null;
  #copies: readonly Backup[] = [];
  #copiesAt = Number.NEGATIVE_INFINITY;

  constructor(options: BackupServiceOptions) {
    this.#options = options;
    this.#folder = new BackupFolder(options.folder);
  }

  /** Lists local backups and their copies, newest first. */
  async list(): Promise<KeptBackup[]> {
    const backups = await this.listHere();
    const copies = await this.#listCopies();
    const copied = new Set(copies.map(({ name }) => name));
    const here = new Set(backups.map(({ name }) => name));
    const all = [...backups, ...copies.filter(({ name }) => !here.has(name))];
    return all
      .sort((a, b) => (a.started_at < b.started_at ? 1 : -1))
      .map((backup) => ({
        ...backup,
        local: here.has(backup.name),
        copied_to: copied.has(backup.name) ? (this.#options.copies?.place ?? null) : null,
      }));
  }

  /** Lists the backups in the backup folder, newest first. */
  async listHere(): Promise<Backup[]> {
    const backups = await this.#folder.list();
    const bad = backups.find(({ problem }) => problem !== null);
    this.#warning = bad ? `the backup ${bad.name} cannot be relied on: ${bad.problem}` : null;
    return backups;
  }

  /** Problems found by the last check of the backups. */
  warnings(): string[] {
    const own = [this.#warning, this.#copyWarning, this.#archiveWarning].filter((warning) => warning !== null);
    return [...own, ...(this.#options.months?.warnings() ?? [])];
  }

  /** Creates a backup, then deletes those that are too old. */
  async make({ signal, progress }: Work): Promise<Backup> {
    const { store, caughtUp, records, undisturbed, keys, configuration, version, now, keepDays, history, months } =
      this.#options;
    // Measured before the store has caught up: the backup contains everything that the journal history had stored by then.
    const startedAt = now();
    const journalSequence = this.#options.journalHead();
    await caughtUp(signal);
    const name = `wattkeeper-${fileInstant(startedAt)}.backup`;
    const draft = await this.#folder.draft(name);
    try {
      const { card: written, archive: manifest } = await undisturbed(() =>
        writeBackup(draft, {
          store,
          startedAt,
          journalSequence,
          archived: months && (() => months.manifest()),
          records: records.contents,
          configuration,
          version,
          keys,
          now,
          signal,
          progress: (share) => progress(share, 'writing'),
        }),
      );
      const card: Backup = {
        name,
        started_at: formatInstant(startedAt),
        version,
        encrypted: encrypts(keys),
        verified_at: null,
        problem: null,
        archive: manifest && (await this.#describeArchive(manifest, { signal, progress })),
        ...written,
      };
      await this.#folder.keep(draft, card);
      await this.#folder.prune(formatInstant(now() - keepDays * UTC_DAY_MS));
      const oldest = (await this.#folder.list()).at(-1) ?? card;
      await history?.prune(Date.parse(oldest.started_at));
      await this.#sendCopies(signal, progress);
      return card;
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  /** Restores a backup (default: the newest) into a scratch folder, compares it, and stores the outcome on its card. */
  async verify(name: string | undefined, { signal, progress }: Work): Promise<Backup> {
    await this.#options.history?.verify(signal);
    const backup = name === undefined ? (await this.#folder.list())[0] : await this.#require(name);
    if (backup === undefined) throw new NotFound(`there are no backups in ${this.#folder.path} yet`);
    const problem = await this.#problemOf(backup, { signal, progress });
    const card = { ...backup, verified_at: formatInstant(this.#options.now()), problem };
    await this.#folder.writeCard(card);
    const kept = (await this.list()).find((other) => other.name === card.name);
    if (kept?.copied_to) await this.#withCopies((copies) => copies.writeCard(card));
    return card;
  }

  /**
   * Prepares a backup that replaces all data at the next start.
   * @throws as `restoreIntoFolder`; current data stays unchanged
   */
  async prepareRestore(
    name: string,
    { at, without_archive: withoutArchive }: RestoreRequest,
    work: Work,
  ): Promise<FolderRestoreReport> {
    const backup = await this.#require(name);
    await this.#folder.checkBytes(backup);
    return this.#inScratch(async (folder) => {
      const months = withoutArchive ? undefined : this.#options.months?.target(true);
      const report = await this.#restore(backup, folder, at, months, work);
      await makeReady(this.#options.dataFolder, folder);
      return report;
    });
  }

  /** Returns a local backup, fetched from its copy if necessary. */
  async #require(name: string): Promise<Backup> {
    const copies = await this.#onlyCopiesWith(name);
    return copies === null ? this.#folder.require(name) : copies.fetch(name);
  }

  /** @throws NotFound if the backup exists neither locally nor as a copy */
  async check(name: string): Promise<void> {
    if ((await this.#onlyCopiesWith(name)) === null) await this.#folder.require(name);
  }

  /** Returns the copies if the backup exists only there; otherwise null. */
  async #onlyCopiesWith(name: string): Promise<BackupCopies | null> {
    const { copies } = this.#options;
    const here = (await this.#folder.list()).some((backup) => backup.name === name);
    if (here || copies === null || !(await copies.list()).some((copy) => copy.name === name)) return null;
    return copies;
  }

  /** Sends the segments of the journal history that have no copy yet; null if segments are not copied or the destination is unavailable. */
  async copyHistory(work: Work): Promise<SentHistory | null> {
    let sent: SentHistory | null = null;
    await this.#withCopies(async () => {
      sent = await this.#sendHistory(work);
    });
    return sent;
  }

  async #sendHistory({ signal, progress }: Work): Promise<SentHistory | null> {
    const { history, historyPlaces } = this.#options;
    const { copies } = historyPlaces;
    if (history === null || copies === null) return null;
    const note: OnProgress = (share, name) => progress(share, `${name} → ${copies.place}`);
    return this.#inScratch((scratch) => copies.send(history, { scratch, signal, progress: note }));
  }

  async #describeArchive(manifest: ArchiveManifest, work: Work): Promise<Backup['archive']> {
    const [before] = await this.#folder.list();
    const describe = async (scratch: string) => this.#options.months?.describe(manifest, before, scratch, work);
    return (await this.#inScratch(describe)) ?? null;
  }

  /** Sends everything without a copy, including what earlier runs could not send; an unavailable object store is reported, and retried in the next run. */
  async #sendCopies(signal: AbortSignal, progress: Work['progress']): Promise<void> {
    const { now, keepDays, months, folder } = this.#options;
    await this.#withCopies(async (copies) => {
      const archived = join(folder, ARCHIVE_COPIES);
      await this.#inScratch(async (scratch) => months?.send(archived, scratch, { signal, progress }));
      await copies.send(signal, (share, name) => progress(share, `${name} → ${copies.place}`));
      await copies.prune(formatInstant(now() - keepDays * UTC_DAY_MS));
      await this.#sendHistory({ signal, progress });
      const oldest = (await copies.list()).at(-1);
      const { copies: segments } = this.#options.historyPlaces;
      if (oldest) await this.#inScratch(async (scratch) => segments?.prune(Date.parse(oldest.started_at), scratch));
    });
    this.#copiesAt = Number.NEGATIVE_INFINITY;
  }

  /** Queries the destination at most once a minute, because pages request the list every few seconds. */
  async #listCopies(): Promise<readonly Backup[]> {
    if (this.#options.now() - this.#copiesAt < COPIES_KNOWN_MS) return this.#copies;
    await this.#withCopies(async (copies) => {
      this.#copies = await copies.list();
    });
    this.#copiesAt = this.#options.now();
    return this.#copies;
  }

  async #withCopies(work: (copies: BackupCopies) => Promise<unknown>): Promise<void> {
    const { copies } = this.#options;
    if (copies === null) return;
    try {
      await work(copies);
      this.#copyWarning = null;
    } catch (error) {
      if (!(error instanceof ExpectedError)) throw error;
      this.#copyWarning = `copies of backups: ${error.message}`;
    }
  }

  /** @throws Unavailable if archived files cannot be checked: that is not a fault of the backup */
  async #problemOf(backup: Backup, work: Work): Promise<string | null> {
    try {
      await this.#folder.checkBytes(backup);
      const { keys } = this.#options;
      const isSealed = backup.encrypted && keys.passphrase === undefined && (keys.identities ?? []).length === 0;
      if (isSealed) return null;
      const months = this.#options.months?.target(false);
      const { archive } = await this.#inScratch((folder) => this.#restore(backup, folder, undefined, months, work));
      this.#archiveWarning =
        archive && archive.fromCopies > 0
          ? `${archive.fromCopies} of ${archive.objects} files of the archive are missing or damaged there, and whole beside the backup ${backup.name}: restoring it brings them back`
          : null;
      return null;
    } catch (error) {
      if (work.signal.aborted || error instanceof Unavailable) throw error;
      return messageOf(error);
    }
  }

  #restore(
    backup: Backup,
    folder: string,
    at: string | undefined,
    months: FolderRestore['archive'],
    { signal, progress }: Work,
  ) {
    const { keys, history, historyPlaces, now } = this.#options;
    if (at !== undefined && history === null && historyPlaces.copies === null) {
      throw new InvalidInput('there is no journal history to restore to an instant: backup.point_in_time is off');
    }
    const instant = at === undefined ? null : parseInstant(at);
    if (instant !== null && instant > now()) throw new InvalidInput(`at must not be in the future; got ${at}`);
    return restoreIntoFolder({
      backup: this.#folder.file(backup.name),
      keys,
      folder,
      engine: this.#options.engine,
      upTo: instant === null ? undefined : this.#options.upTo(instant),
      archive: months,
      signal,
      progress: (share) => progress(share, 'restoring'),
    });
  }

  async #inScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
    const folder = await scratchFolder(this.#options.dataFolder);
    try {
      return await use(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}
