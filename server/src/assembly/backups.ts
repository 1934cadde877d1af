import { dirname, join } from 'node:path';
import { LOCAL_DATABASE } from '../config/records-location.ts';
import { redactedYaml } from '../config/redact.ts';
import type { Config } from '../config/schema.ts';
import { VERSION } from '../config/version.ts';
import { BackedUpArchive } from '../features/backup/backed-up-archive.ts';
import { BackupService } from '../features/backup/service.ts';
import { ARCHIVE_COPIES, ArchiveCopies } from '../storage/archive/archive-copies.ts';
import { archiveSource, type ObjectSource } from '../storage/archive/archived-objects.ts';
import { BackupCopies } from '../storage/backup/backup-copies.ts';
import { BackupFolder } from '../storage/backup/backup-folder.ts';
import { CopiedFiles } from '../storage/backup/copied-files.ts';
import { HISTORY_COPIES, HistoryCopies, type HistoryPlaces } from '../storage/journal-history/history-copies.ts';
import { JOURNAL_HISTORY_FOLDER } from '../storage/journal-history/history-start.ts';
import type { ObjectStore } from '../storage/objects/object-store.ts';
import { openObjectStore } from '../storage/objects/open-object-store.ts';
import type { ArchiveTarget } from '../storage/restore/restore.ts';
import type { HistoryUpTo } from '../storage/restore/restore-folder.ts';
import { archiveObjects } from './archive.ts';
import type { Pipeline } from './pipeline.ts';

/** The folder of the backups. */
export function backupFolder({ backup, data_dir }: Config): string {
  return backup.folder ?? join(data_dir, 'backups');
}

/** The type of the embedded store that a restore fills: that of the primary store if it is embedded, else DuckDB. */
export function restoredEngine({ stores }: Config): 'duckdb' | 'sqlite' {
  return stores[0]?.type === 'sqlite' ? 'sqlite' : 'duckdb';
}

/** Copies of backups in an object store; null where none is configured. */
export function backupCopies(config: Config): BackupCopies | null {
  const objects = copyObjects(config);
  return objects && new BackupCopies(objects, new BackupFolder(backupFolder(config)));
}

function copyObjects({ backup: { copy_to: copyTo }, data_dir: dataFolder }: Config): ObjectStore | null {
  return copyTo === undefined ? null : openObjectStore(copyTo, join(dataFolder, 'backup-copies'));
}

/** Copies of archived files: `here` next to the backups in a folder, `elsewhere` in the object store for copies (null if none is configured). */
function archiveCopies(config: Config, folder: string): { here: ArchiveCopies; elsewhere: ArchiveCopies | null } {
  const of = (objects: ObjectStore) => new ArchiveCopies(new CopiedFiles(objects, ARCHIVE_COPIES), config.backup);
  const elsewhere = copyObjects(config);
  return { here: of(openObjectStore({ type: 'local' }, folder)), elsewhere: elsewhere && of(elsewhere) };
}

/** Locations of the journal history: the data folder and the copies. */
export function historyPlaces(config: Config): HistoryPlaces {
  const objects = copyObjects(config);
  const copies = objects && new HistoryCopies(new CopiedFiles(objects, HISTORY_COPIES), config.backup);
  return { folder: join(config.data_dir, JOURNAL_HISTORY_FOLDER), copies };
}

/**
 * Sources from which a restore of a backup file takes archived months, and the archive to which it copies them.
 * @param into the target folder of the restore; it gets its own archive if the configured archive is inside the data folder
 */
export function restoredArchive(config: Config, backup: string, into: string): Omit<ArchiveTarget, 'scratch'> {
  const { here, elsewhere } = archiveCopies(config, dirname(backup));
  const [own, former] = [archiveObjects(config, into), archiveObjects(config, config.data_dir)];
  const copies: ObjectSource[] = elsewhere ? [here, elsewhere] : [here];
  if (former !== null && former.place !== own?.place) copies.push(archiveSource(former));
  return { archive: own, copies, bringBack: true };
}

/** The data that a restore to an instant applies after the backup. */
export function historyUpTo(config: Config, instant: number): HistoryUpTo {
  return { instant, history: historyPlaces(config), database: join(config.data_dir, LOCAL_DATABASE) };
}

/** Creates backups of a pipeline, for the service and the command line. Returns null without persistence: no stored data could be lost. */
export function createBackups(pipeline: Pipeline, config: Config, now: () => number): BackupService | null {
  const { primary, ingest, records, rollups, history, archive } = pipeline;
  if (!config.persistence) return null;
  const objects = archiveObjects(config, config.data_dir);
  const copies = archiveCopies(config, backupFolder(config));
  const { include_archive: include } = config.backup;
  const list = archive && (() => archive.listed());
  return new BackupService({
    folder: backupFolder(config),
    dataFolder: config.data_dir,
    copies: backupCopies(config),
    keys: config.backup,
    keepDays: config.backup.keep_days,
    engine: restoredEngine(config),
    store: primary.store,
    caughtUp: (signal) => ingest.caughtUp(primary.name, signal),
    records,
    undisturbed: (work) => rollups.undisturbed(work),
    history: history?.files ?? null,
    historyPlaces: historyPlaces(config),
    journalHead: () => pipeline.journal.head(),
    upTo: (instant) => historyUpTo(config, instant),
    months: objects && list && new BackedUpArchive({ objects, list, ...copies, include }),
    configuration: redactedYaml(config),
    version: VERSION,
    now,
  });
}
