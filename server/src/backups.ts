import { join } from 'node:path';
import { redactedYaml } from './config/redact.ts';
import type { Config } from './config/schema.ts';
import { VERSION } from './config/version.ts';
import { BackupService } from './features/backup/service.ts';
import type { MeteredStore } from './features/system/storage-monitor.ts';
import type { Pipeline } from './pipeline.ts';
import { JOURNAL_ARCHIVE } from './storage/lifecycle/journal-archive.ts';

/** Where backups lie. */
export function backupFolder({ backup, data_dir }: Config): string {
  return backup.folder ?? join(data_dir, 'backups');
}

/** Backups of a pipeline, for the service and the command line; null without persistence, when nothing is kept that could be lost. */
export function createBackups(pipeline: Pipeline, config: Config, now: () => number): BackupService | null {
  const { stores, ingest, records, archive } = pipeline;
  if (!config.persistence) return null;
  const [primary] = stores as readonly [MeteredStore];
  return new BackupService({
    folder: backupFolder(config),
    dataFolder: config.data_dir,
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
