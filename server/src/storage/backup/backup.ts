import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { OnProgress } from '../../domain/progress.ts';
import type { ArchiveManifest } from '../archive/archived-objects.ts';
import type { TelemetryStore } from '../backend.ts';
import type { RecordsContents } from '../records/transfer.ts';
import { deviceGroups, readWholeDays } from '../whole-days.ts';
import { type BackupEntry, type BackupKeys, type WrittenFile, writeBackupFile } from './backup-file.ts';
import { digestsOf, packFrame } from './packed-frame.ts';

export const BACKUP_FORMAT = 1;
/** Lists the archive's files; absent where there was no archive. */
export const ARCHIVE_ENTRY = 'archive.json';

/** The first entry of a backup. */
export interface BackupHead {
  readonly format: number;
  readonly version: string;
  readonly started_at: string;
  /** Sequence number of the newest journal batch that the backup certainly includes; absent in backups of earlier versions. */
  readonly journal_sequence?: number | undefined;
  /** The newest migration of the records. */
  readonly records_schema: string;
}

/** The last entry before the checksums. */
export interface BackupSummary {
  readonly finished_at: string;
  readonly series: number;
  readonly values: number;
  readonly rows: number;
}

export interface BackupOptions {
  /** Lists the archive; null without one. */
  readonly archived: (() => Promise<ArchiveManifest>) | null;
  readonly store: Pick<TelemetryStore, 'series' | 'read'>;
  readonly records: RecordsContents;
  /** The configuration without its secrets, as YAML. */
  readonly configuration: string;
  readonly version: string;
  readonly keys: BackupKeys;
  /** The journal continues from this instant, epoch milliseconds: everything accepted before is in the store. */
  readonly startedAt: number;
  /** The newest acknowledged batch at that time. */
  readonly journalSequence?: number | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/**
 * Writes a backup of records, telemetry and configuration. Writes may continue meanwhile: each part is a snapshot of its own moment, and a
 * restore to an instant after the backup's end includes the changes between them.
 */
export async function writeBackup(
  path: string,
  options: BackupOptions,
): Promise<{ card: WrittenFile & BackupSummary; archive: ArchiveManifest | null }> {
  const summary = { finished_at: '', series: 0, values: 0, rows: 0 };
  const listed: { archive: ArchiveManifest | null } = { archive: null };
  const file = await writeBackupFile(path, entriesOf(options, summary, listed), options.keys, options.signal);
  return { card: { ...file, ...summary }, ...listed };
}

async function* entriesOf(
  {
    store,
    records,
    configuration,
    version,
    startedAt,
    journalSequence,
    now,
    progress,
    signal,
    archived,
  }: BackupOptions,
  summary: { finished_at: string; series: number; values: number; rows: number },
  listed: { archive: ArchiveManifest | null },
): AsyncGenerator<BackupEntry> {
  const head: BackupHead = {
    format: BACKUP_FORMAT,
    version,
    started_at: formatInstant(startedAt),
    journal_sequence: journalSequence,
    records_schema: await records.schema(),
  };
  yield json('backup.json', head);
  yield { name: 'configuration.yaml', data: Buffer.from(configuration) };
  let part = 0;
  for await (const { table, rows } of records.tables()) {
    summary.rows += rows.length;
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    yield { name: `records/${String(part++).padStart(6, '0')}-${table}.jsonl`, data: Buffer.from(lines) };
  }
  const series = await store.series();
  summary.series = series.length;
  const total = series.reduce((sum, { count }) => sum + count, 0);
  part = 0;
  for (const group of deviceGroups(series)) {
    for await (const frame of readWholeDays(store, group)) {
      signal.throwIfAborted();
      const name = `telemetry/${String(part++).padStart(8, '0')}`;
      yield { name: `${name}.frame`, data: packFrame(frame) };
      const digests = digestsOf(frame);
      summary.values += digests.reduce((sum, { count }) => sum + count, 0);
      yield json(`${name}.digests.json`, digests);
      progress(total === 0 ? 1 : Math.min(summary.values / total, 1));
    }
  }
  if (archived !== null) {
    // Last: a month that left the store meanwhile is listed.
    listed.archive = await archived();
    yield json(ARCHIVE_ENTRY, listed.archive);
  }
  summary.finished_at = formatInstant(now());
  yield json('summary.json', summary);
}

function json(name: string, value: unknown): BackupEntry {
  return { name, data: Buffer.from(JSON.stringify(value)) };
}
