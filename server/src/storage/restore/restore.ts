import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { Conflict, Corrupt } from '../../domain/errors.ts';
import { type OnProgress, progressPart } from '../../domain/progress.ts';
import {
  type ArchiveManifest,
  type ArchivePlaces,
  bringArchiveBack,
  locateArchive,
} from '../archive/archived-objects.ts';
import type { TelemetryStore } from '../backend.ts';
import { ARCHIVE_ENTRY, BACKUP_FORMAT, type BackupHead, type BackupSummary } from '../backup/backup.ts';
import { type BackupKeys, readBackupFile } from '../backup/backup-file.ts';
import { type DayDigest, digestsOf, unpackFrame } from '../backup/packed-frame.ts';
import type { RecordsLocation } from '../records/records-options.ts';
import { importRecords, type TableRows } from '../records/transfer.ts';
import { batchOf, deviceGroups, readWholeDays } from '../whole-days.ts';

/** Target of a restore: an empty store, and a place without records. */
export interface RestoreTarget {
  readonly store: TelemetryStore;
  /** Created by the restore. */
  readonly records: RecordsLocation;
  /** Handling of archived months; absent: they are omitted. */
  readonly archive?: ArchiveTarget | undefined;
}

export interface ArchiveTarget extends ArchivePlaces {
  /** Path of a temporary file. */
  readonly scratch: string;
  /** Restore missing files of the archive; otherwise they are only searched. */
  readonly bringBack: boolean;
}

export interface RestoreReport {
  readonly head: BackupHead;
  readonly summary: BackupSummary;
  /** Number of restored rows of records and values of telemetry from the snapshot. */
  readonly rows: number;
  readonly values: number;
  /** Number of compared days of series, all with equal digests. */
  readonly comparedDays: number;
  /**
   * Files of the archive, all intact, and the number of those that exist only as copies next to the backup; null when the backup lists none
   * or they were omitted.
   */
  readonly archive: { readonly objects: number; readonly fromCopies: number } | null;
}

/** Description of a verified backup. */
export interface CheckedBackup {
  readonly path: string;
  readonly head: BackupHead;
  readonly summary: BackupSummary;
  /** null without an archive, as in backups of earlier versions. */
  readonly archive: ArchiveManifest | null;
}

/** Maximum number of different days named in an error. */
const NAMED = 5;

/**
 * Reads a backup from end to end without changing anything.
 * @throws Corrupt for a truncated or changed file, Forbidden when no key fits, Conflict for a format of a newer version
 */
export async function checkBackup(path: string, keys: BackupKeys, signal: AbortSignal): Promise<CheckedBackup> {
  let head: BackupHead | null = null;
  let archive: ArchiveManifest | null = null;
  let summary: BackupSummary | null = null;
  for await (const { name, data } of readBackupFile(path, keys)) {
    signal.throwIfAborted();
    if (name === 'backup.json') head = checkHead(path, parse<BackupHead>(data));
    if (name === ARCHIVE_ENTRY) archive = parse<ArchiveManifest>(data);
    if (name === 'summary.json') summary = parse<BackupSummary>(data);
  }
  if (head === null || summary === null) throw new Corrupt(`${path} is not a backup of Wattkeeper, or is incomplete`);
  return { path, head, summary, archive };
}

/**
 * Restores a verified backup into empty stores and verifies the result: every day of every series is read back and compared with the digest
 * from the backup. Files of the archive are searched before anything is written.
 * @throws Corrupt with the days that differ; otherwise as `checkBackup`
 */
export async function restoreBackup(
  { path, head, summary, archive }: CheckedBackup,
  keys: BackupKeys,
  target: RestoreTarget,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<RestoreReport> {
  const located =
    archive && target.archive && (await locateArchive(archive, target.archive, target.archive.scratch, signal));
  const rows = await importRecords(target.records, head.records_schema, tablesOf(path, keys));
  const expected = new Map<string, DayDigest>();
  let values = 0;
  for await (const { name, data } of readBackupFile(path, keys)) {
    signal.throwIfAborted();
    if (name.startsWith('telemetry/') && name.endsWith('.frame'))
      await target.store.write([batchOf(unpackFrame(data))]);
    if (!name.endsWith('.digests.json')) continue;
    for (const digest of parse<DayDigest[]>(data)) {
      expected.set(keyOf(digest), digest);
      values += digest.count;
    }
    progress(0.7 * (values / Math.max(summary.values, 1)));
  }
  await compare(path, target.store, expected, signal, progressPart(progress, 0.7, 1));
  if (located && target.archive?.archive && target.archive.bringBack)
    await bringArchiveBack(located, target.archive.archive, target.archive.scratch, signal);
  const found = located ? { objects: located.objects, fromCopies: located.elsewhere.size } : null;
  return { head, summary, rows, values, comparedDays: expected.size, archive: found };
}

async function compare(
  path: string,
  store: TelemetryStore,
  expected: ReadonlyMap<string, DayDigest>,
  signal: AbortSignal,
  progress: OnProgress,
): Promise<void> {
  const missing = new Set(expected.keys());
  const wrong: string[] = [];
  for (const group of deviceGroups(await store.series())) {
    for await (const frame of readWholeDays(store, group)) {
      signal.throwIfAborted();
      for (const found of digestsOf(frame)) {
        const key = keyOf(found);
        missing.delete(key);
        const backedUp = expected.get(key);
        if (backedUp === undefined || backedUp.count !== found.count || backedUp.digest !== found.digest)
          wrong.push(key);
      }
    }
    progress(1 - missing.size / Math.max(expected.size, 1));
  }
  const all = [...wrong, ...missing];
  if (all.length === 0) return;
  throw new Corrupt(
    `the data restored from ${path} differs from the backup: ${all.length} of ${expected.size} days of series differ, such as ${all.slice(0, NAMED).join('; ')}`,
  );
}

async function* tablesOf(path: string, keys: BackupKeys): AsyncGenerator<TableRows> {
  for await (const { name, data } of readBackupFile(path, keys)) {
    const table = /^records\/\d+-(.+)\.jsonl$/.exec(name)?.[1];
    if (table === undefined) continue;
    const lines = Buffer.from(data).toString().split('\n');
    yield {
      table,
      rows: lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  }
}

function checkHead(path: string, head: BackupHead): BackupHead {
  if (head.format > BACKUP_FORMAT) {
    throw new Conflict(
      `the backup ${path} was made by Wattkeeper ${head.version}, whose format ${head.format} is newer than this version supports: install ${head.version} or newer`,
    );
  }
  return head;
}

function keyOf({ deviceId, metric, day }: DayDigest): string {
  return `${deviceId} ${metric} ${new Date(day * UTC_DAY_MS).toISOString().slice(0, 10)}`;
}

function parse<T>(data: Uint8Array): T {
  return JSON.parse(Buffer.from(data).toString()) as T;
}
