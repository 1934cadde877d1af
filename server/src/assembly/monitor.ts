import { VERSION } from '../config/version.ts';
import type { GapFilling } from '../features/backfill/gap-filling.ts';
import type { BackupService } from '../features/backup/service.ts';
import type { DiskWatch } from '../features/system/disk-watch.ts';
import { StorageMonitor } from '../features/system/storage-monitor.ts';
import type { ServiceParts } from './service-parts.ts';

export interface MonitoredServices {
  readonly filling: GapFilling;
  readonly backups: BackupService | null;
  readonly disk: DiskWatch | null;
  readonly modelsLoaded: () => Promise<number>;
}

/** Creates the monitor of health and storage figures, with the warnings of all parts. */
export function createMonitor(parts: ServiceParts, services: MonitoredServices): StorageMonitor {
  const { config, pipeline, recovery, schedulerState, now, startedAt } = parts;
  const { stores, window, queries, ingest, journal, history, records, directory, setAside, lost } = pipeline;
  const { filling, backups, disk, modelsLoaded } = services;
  return new StorageMonitor({
    version: VERSION,
    persistence: () => config.persistence && ingest.persists,
    ...{ stores, window, queries, ingest, journal, disk, modelsLoaded, now, startedAt },
    gapOf: (store) => filling.healthOf(store),
    journalHistory: () => history?.status() ?? null,
    seriesCount: () => directory.seriesCount,
    recordsHealth: () => records.health(),
    scheduler: schedulerState,
    warnings: () => [
      ...auditWarnings(records.auditLog.waiting),
      ...(backups?.warnings() ?? []),
      ...(history?.warnings() ?? []),
      ...recovery.warnings(),
      ...(lost === null ? [] : [lost]),
      ...(setAside.damage === null ? [] : [`values that stores could not take cannot be read: ${setAside.damage}`]),
    ],
  });
}

function auditWarnings(waiting: number): string[] {
  return waiting > 0 ? [`${waiting} entries of the audit log cannot be written at present; they wait in memory`] : [];
}
