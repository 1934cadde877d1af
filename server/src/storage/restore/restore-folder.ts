import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../../domain/columns/batch.ts';
import { Conflict, messageOf } from '../../domain/errors.ts';
import type { OnProgress } from '../../domain/progress.ts';
import { applyBatches } from '../apply-batches.ts';
import type { TelemetryStore } from '../backend.ts';
import type { BackupKeys } from '../backup/backup-file.ts';
import { LOCK_FILES, lockFolder, UNFINISHED_RESTORE } from '../data-folder.ts';
import { type HistoryPlaces, historyBetween } from '../journal-history/history-copies.ts';
import { JournalReader } from '../journal-history/journal-reader.ts';
import { readJournalHistory } from '../journal-history/read-history.ts';
import type { HistoryDevice, Hole } from '../journal-history/segments.ts';
import { openTelemetryStore } from '../open-store.ts';
import type { DeviceRecord } from '../records/devices/device-record.ts';
import type { SeriesRecord } from '../records/devices/series.ts';
import { openRecords, type RecordStore } from '../records/record-store.ts';
import type { RecordsLocation } from '../records/records-options.ts';
import { type ArchiveTarget, type CheckedBackup, checkBackup, type RestoreReport, restoreBackup } from './restore.ts';

/**
 * Files of a data folder that a restore replaces, each with the auxiliary files of its engine: a remaining log would be replayed into the
 * restored file. Backups, archives and the lock remain.
 */
const REPLACED = /^(wattkeeper\.db|set-aside\.db|telemetry\.(duckdb|sqlite))([-.].+)?$/;
const SCRATCH = 'restore-scratch-';
const READY = 'restore-ready';
const MOVING = 'restore-moving';
/** Folder for the former files; a date is appended when all are moved. */
const BEFORE = 'before-restore';
/** Folder into which copies of the journal history are fetched. */
const FETCHED = 'journal-copies';

export interface FolderRestore {
  readonly backup: string;
  readonly keys: BackupKeys;
  /** Must be missing, empty, or left by an interrupted restore. */
  readonly folder: string;
  readonly engine: 'duckdb' | 'sqlite';
  /** Add the batches of the journal history up to an instant. */
  readonly upTo?: HistoryUpTo | undefined;
  /** Handling of archived months; absent: they are omitted. */
  readonly archive?: Omit<ArchiveTarget, 'scratch'> | undefined;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

export interface HistoryUpTo {
  /** Epoch milliseconds. */
  readonly instant: number;
  readonly history: HistoryPlaces;
  /**
   * The database with the journal that feeds the history: it has the newest batches, which the history lacks. null when it is elsewhere.
   */
  readonly database: string | null;
}

export interface FolderRestoreReport extends RestoreReport {
  /** Number of batches from the journal history and the journal. */
  readonly batches: number;
  /** Readings that were acknowledged before the instant and could not be recovered. */
  readonly missing: readonly Hole[];
}

/**
 * Restores a backup into a separate folder and verifies it there. A failure leaves nothing; the remains of a crash are never used as a data
 * folder, and are deleted when the restore is repeated.
 * @throws Conflict when the folder is in use or not empty, or when the instant is before the backup's end; otherwise as `restoreBackup`
 */
export async function restoreIntoFolder(options: FolderRestore): Promise<FolderRestoreReport> {
  const { folder } = options;
  const lock = lockFolder(folder);
  try {
    await begin(folder);
  } catch (error) {
    lock.release();
    throw error;
  }
  try {
    const report = await fill(options);
    await rm(join(folder, UNFINISHED_RESTORE));
    lock.release();
    return report;
  } catch (error) {
    lock.release();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Marks a folder as being filled; the remains of an earlier restore are deleted. */
async function begin(folder: string): Promise<void> {
  const entries = (await readdir(folder)).filter((name) => !LOCK_FILES.includes(name));
  if (entries.length > 0 && !entries.includes(UNFINISHED_RESTORE))
    throw new Conflict(`${folder} is not empty: restore into an empty folder`);
  await writeFile(join(folder, UNFINISHED_RESTORE), '', { mode: 0o600, flush: true });
  for (const name of entries) if (name !== UNFINISHED_RESTORE) await rm(join(folder, name), { recursive: true });
}

async function fill(options: FolderRestore): Promise<FolderRestoreReport> {
  const { backup, keys, folder, engine, signal, progress } = options;
  const records: RecordsLocation = { type: 'sqlite', path: join(folder, 'wattkeeper.db') };
  const checked = await checkBackup(backup, keys, signal);
  const history = await historyFor(checked, options);
  const store = await openTelemetryStore({ type: engine }, folder);
  try {
    const archive = options.archive && { ...options.archive, scratch: join(folder, 'archived.parquet') };
    const report = await restoreBackup(checked, keys, { store, records, archive }, signal, progress);
    if (history === null) return { ...report, batches: 0, missing: [] };
    return { ...report, ...(await catchUp(store, records, report, history, options)) };
  } finally {
    await store.close();
    await rm(join(folder, FETCHED), { recursive: true, force: true });
  }
}

/** The folder of the journal history from the backup to the requested instant; null for a restore of the backup alone. */
async function historyFor(
  { head, summary }: CheckedBackup,
  { upTo, folder, signal }: FolderRestore,
): Promise<string | null> {
  if (upTo === undefined) return null;
  if (upTo.instant < Date.parse(summary.finished_at)) {
    throw new Conflict(
      `the backup was made from ${head.started_at} to ${summary.finished_at}, after the requested instant: choose an earlier backup`,
    );
  }
  const span = { from: Date.parse(head.started_at), to: upTo.instant, sequence: head.journal_sequence };
  return historyBetween(upTo.history, span, { folder: join(folder, FETCHED), signal });
}

/** Applies the journal history and the journal; devices and series that are newer than the backup are registered again, under new ids. */
async function catchUp(
  store: TelemetryStore,
  location: RecordsLocation,
  { head }: RestoreReport,
  history: string,
  { upTo, keys, signal, folder }: FolderRestore,
): Promise<{ batches: number; missing: Hole[] }> {
  const { instant, database, history: places } = upTo!;
  const missing: Hole[] = [];
  // Copies may be those of another machine, whose journal is not here.
  const journal = history === places.folder ? openJournal(database, missing) : null;
  const records = await openRecords(location);
  try {
    const described = new Map(journal?.devices());
    const devices = await knownDevices(records, described);
    const batchesAfter = readJournalHistory(history, keys, Date.parse(head.started_at), instant, {
      sequence: head.journal_sequence,
      journal,
      onHole: (hole) => missing.push(hole),
      onDevices: (more) => {
        for (const [id, device] of more) described.set(id, device);
      },
      copyOf: async ({ name }) =>
        (await places.copies?.fetchSegment(name, join(folder, FETCHED)).catch(() => null)) ?? null,
    });
    let batches = 0;
    for await (const { blocks } of batchesAfter) {
      signal.throwIfAborted();
      const named: Block[] = [];
      for (const block of blocks) named.push(await devices.rename(block));
      await records.series.ensure(named.flatMap(seriesIn));
      await applyBatches(store, [{ sequence: ++batches, blocks: named }]);
    }
    return { batches, missing };
  } finally {
    await records.close();
    journal?.close();
  }
}

/** null without a journal. An unreadable journal is reported: its newest batches are missing. */
function openJournal(database: string | null, missing: Hole[]): JournalReader | null {
  if (database === null) return null;
  try {
    return JournalReader.open(database);
  } catch (error) {
    const reason = `the journal in ${database} cannot be read: ${messageOf(error)}`;
    missing.push({ from: null, until: null, reason });
    return null;
  }
}

async function knownDevices(records: RecordStore, described: ReadonlyMap<string, HistoryDevice>) {
  const ids = new Map((await records.devices.list()).map(({ id }) => [id, id]));
  const idNow = async (id: string): Promise<string> => {
    const known = ids.get(id);
    if (known !== undefined) return known;
    const { name = `restored ${id}`, kind, labels } = described.get(id) ?? {};
    const [device] = await records.devices.ensureAll([{ name, kind, labels }]);
    ids.set(id, (device as DeviceRecord).id);
    return (device as DeviceRecord).id;
  };
  return {
    async rename(block: Block): Promise<Block> {
      const devices: string[] = [];
      for (const id of block.devices) devices.push(await idNow(id));
      return { ...block, devices };
    },
  };
}

function seriesIn(block: Block): SeriesRecord[] {
  return block.devices.flatMap((deviceId, d) =>
    block.quantities.flatMap((quantity, c) => {
      const column = block.columns[c]!;
      const row = block.device.findIndex((device, r) => device === d && !Number.isNaN(column[r]));
      if (row < 0) return [];
      return [{ deviceId, metric: `${block.group}.${quantity}`, firstSeenAt: block.timestamps[row]! }];
    }),
  );
}

/** Folder of a prepared restore, which takes effect at the next start. */
export function readyFolder(dataFolder: string): string {
  return join(dataFolder, READY);
}

/** A temporary folder in the data folder: `removeScratch` deletes it after a crash. */
export function scratchFolder(dataFolder: string): Promise<string> {
  return mkdtemp(join(dataFolder, SCRATCH));
}

/** Deletes temporary folders that a crash left. The data folder must be locked. */
export async function removeScratch(dataFolder: string): Promise<void> {
  const left = (await readdir(dataFolder)).filter((name) => name.startsWith(SCRATCH));
  for (const name of left) await rm(join(dataFolder, name), { recursive: true });
}

/** Turns a folder that `restoreIntoFolder` has filled into the prepared restore. */
export async function makeReady(dataFolder: string, filled: string): Promise<void> {
  const ready = readyFolder(dataFolder);
  if ((await readdir(dataFolder)).includes(READY)) {
    // Moved in one step: the next start must never find half of an earlier restore.
    const former = await scratchFolder(dataFolder);
    await rename(ready, join(former, READY));
    await rm(former, { recursive: true });
  }
  await rename(filled, ready);
}

/**
 * Replaces the data by a prepared restore; the former files are moved to a separate folder. No file may be open. After a crash, another
 * call continues. Returns the folder of the former files, or null without a prepared restore.
 */
export async function applyReady(dataFolder: string, label: string): Promise<string | null> {
  const entries = await readdir(dataFolder).catch(whenMissing);
  const interrupted = entries.includes(MOVING) ? await finish(dataFolder, `${label}-1`) : null;
  if (!entries.includes(READY)) return interrupted;
  const before = join(dataFolder, BEFORE);
  await mkdir(before, { recursive: true, mode: 0o700 });
  for (const name of await readdir(dataFolder))
    if (REPLACED.test(name)) await rename(join(dataFolder, name), join(before, name));
  // From here on, a file in the data folder with a restored name is the restored one.
  await rename(readyFolder(dataFolder), join(dataFolder, MOVING));
  return finish(dataFolder, label);
}

async function finish(dataFolder: string, label: string): Promise<string> {
  const moving = join(dataFolder, MOVING);
  for (const name of await readdir(moving)) {
    if (REPLACED.test(name)) await rename(join(moving, name), join(dataFolder, name));
  }
  const before = join(dataFolder, `${BEFORE}-${label}`);
  const isNamed = !(await readdir(dataFolder)).includes(BEFORE);
  if (!isNamed) await rename(join(dataFolder, BEFORE), before);
  await rm(moving, { recursive: true });
  return isNamed ? newestBefore(await readdir(dataFolder), dataFolder) : before;
}

function newestBefore(names: readonly string[], dataFolder: string): string {
  const named = names.filter((name) => name.startsWith(`${BEFORE}-`));
  return join(dataFolder, named.sort().at(-1) ?? BEFORE);
}

function whenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
