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
  /** Sequence of the newest batch of the journal that is in it for sure; absent in backups of earlier versions. */
  readonly journal_sequence?: number | undefined;
  /** The newest change of the records' tables. */
  readonly records_schema: string;
}

/** The last entry but the checksums. */
export interface BackupSummary {
  readonly finished_at: string;
  readonly series: number;
  readonly values: number;
  readonly rows: number;
}

export interface BackupOptions {
  /** Lists the archive; null where there is none. */
  readonly archived: (() => Promise<ArchiveManifest>) | null;
  readonly store: Pick<TelemetryStore, 'series' | 'read'>;
  readonly records: RecordsContents;
  /** The configuration without its secrets, as YAML. */
  readonly configuration: string;
  readonly version: string;
  readonly keys: BackupKeys;
  /** The journal goes on from this instant, epoch milliseconds: whatever was taken before is in the store. */
  readonly startedAt: number;
  /** The newest batch that had been acknowledged then. */
  readonly journalSequence?: number | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/**
 * Writes a backup of everything: records, telemetry, configuration. Writes may go on meanwhile: each part is a moment's, and a
 * restore to an instant after the backup's end takes in what came between them.
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
    // At the end: a month that left the store meanwhile is listed.
    listed.archive = await archived();
    yield json(ARCHIVE_ENTRY, listed.archive);
  }
  summary.finished_at = formatInstant(now());
  yield json('summary.json', summary);
}

function json(name: string, value: unknown): BackupEntry {
  return { name, data: Buffer.from(JSON.stringify(value)) };
}
