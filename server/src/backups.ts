import { join } from 'node:path';
import { redactedYaml } from './config/redact.ts';
import type { Config } from './config/schema.ts';
import { VERSION } from './config/version.ts';
import { BackupService } from './features/backup/service.ts';
import type { MeteredStore } from './features/system/storage-monitor.ts';
import type { Pipeline } from './pipeline.ts';
import { BackupCopies } from './storage/lifecycle/backup-copies.ts';
import { BackupFolder } from './storage/lifecycle/backup-folder.ts';
import { JOURNAL_ARCHIVE } from './storage/lifecycle/journal-archive.ts';
import { openObjectStore } from './storage/objects/open-object-store.ts';
import { objectStoreOptions } from './tiers.ts';

/** Where backups lie. */
export function backupFolder({ backup, data_dir }: Config): string {
  return backup.folder ?? join(data_dir, 'backups');
}

/** Copies of backups in an object store; null where none is configured. */
export function backupCopies(config: Config): BackupCopies | null {
  const { copy_to: copyTo } = config.backup;
  if (copyTo === undefined) return null;
  const objects = openObjectStore(objectStoreOptions(copyTo, join(config.data_dir, 'backup-copies')));
  return new BackupCopies(objects, new BackupFolder(backupFolder(config)));
}

/** Backups of a pipeline, for the service and the command line; null without persistence, when nothing is kept that could be lost. */
export function createBackups(pipeline: Pipeline, config: Config, now: () => number): BackupService | null {
  const { stores, ingest, records, archive } = pipeline;
  if (!config.persistence) return null;
  const [primary] = stores as readonly [MeteredStore];
  return new BackupService({
    folder: backupFolder(config),
    dataFolder: config.data_dir,
    copies: backupCopies(config),
    keys: config.backup,
    keepDays: config.backup.keep_days,
    store: primary.store,
    caughtUp: (signal) => ingest.caughtUp(primary.name, signal),
    records,
    archive: archive && { journal: archive, folder: join(config.data_dir, JOURNAL_ARCHIVE) },
    configuration: redactedYaml(config),
    version: VERSION,
    now,
  });
}
