import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../../domain/batch.ts';
import { Conflict } from '../../domain/errors.ts';
import { applyBatches } from '../apply-batches.ts';
import type { TelemetryStore } from '../backend.ts';
import { openTelemetryStore } from '../open-store.ts';
import type { DeviceRecord } from '../records/devices.ts';
import type { RecordsLocation } from '../records/location.ts';
import { openRecords, type RecordStore } from '../records/record-store.ts';
import type { SeriesRecord } from '../records/series.ts';
import type { BackupKeys } from './backup-file.ts';
import { readArchivedDevices, readJournalArchive } from './journal-archive.ts';
import { type JournalPlaces, journalBetween } from './journal-copies.ts';
import { type ArchiveTarget, type CheckedBackup, checkBackup, type RestoreReport, restoreBackup } from './restore.ts';

/** Files of a data folder that a restore replaces; backups, archives and the lock stay. */
const REPLACED = /^(wattkeeper\.db|telemetry\.(duckdb|sqlite))(-wal|-shm|\.wal)?$/;
const READY = 'restore-ready';
const MOVING = 'restore-moving';
const BEFORE = 'before-restore';
/** Where copies of the archived journal are fetched to. */
const FETCHED = 'journal-copies';

export interface FolderRestore {
  readonly backup: string;
  readonly keys: BackupKeys;
  /** Must not exist, or be empty. */
  readonly folder: string;
  readonly engine: 'duckdb' | 'sqlite';
  /** Take in what was archived of the journal up to an instant, epoch milliseconds. */
  readonly upTo?: { readonly instant: number; readonly journal: JournalPlaces } | undefined;
  /** What becomes of archived months; absent: they are left out. */
  readonly archive?: Omit<ArchiveTarget, 'scratch'> | undefined;
  readonly signal: AbortSignal;
  readonly progress: (share: number) => void;
}

export interface FolderRestoreReport extends RestoreReport {
  /** Batches taken from the journal archive. */
  readonly batches: number;
}

/**
 * Brings a backup back into a folder of its own and proves it there. A failure leaves nothing behind.
 * @throws Conflict when the folder holds something, or when the instant is before the backup's end; else as `restoreBackup`
 */
export async function restoreIntoFolder(options: FolderRestore): Promise<FolderRestoreReport> {
  const { backup, keys, folder, engine, signal, progress } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new Conflict(`${folder} holds files already: restore into an empty folder`);
  const records: RecordsLocation = { type: 'sqlite', path: join(folder, 'wattkeeper.db') };
  try {
    const checked = await checkBackup(backup, keys, signal);
    const journal = await journalOf(checked, options);
    const store = await openTelemetryStore({ type: engine, path: join(folder, `telemetry.${engine}`) });
    try {
      const archive = options.archive && { ...options.archive, scratch: join(folder, 'archived.parquet') };
      const report = await restoreBackup(checked, keys, { store, records, archive }, signal, progress);
      const batches = journal === null ? 0 : await catchUp(store, records, report, journal, options);
      return { ...report, batches };
    } finally {
      await store.close();
      await rm(join(folder, FETCHED), { recursive: true, force: true });
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Where the archived journal lies that goes on from a backup to the instant asked for; null where none is. */
async function journalOf(
  { head, summary }: CheckedBackup,
  { upTo, folder, signal }: FolderRestore,
): Promise<string | null> {
  if (upTo === undefined) return null;
  if (upTo.instant < Date.parse(summary.finished_at)) {
    throw new Conflict(
      `the backup was made from ${head.started_at} to ${summary.finished_at}, after the instant asked for: take an earlier backup`,
    );
  }
  const span = { from: Date.parse(head.started_at), to: upTo.instant };
  return journalBetween(upTo.journal, span, { folder: join(folder, FETCHED), signal });
}

/** Takes in the archived journal; devices and series that came after the backup are put on record again, under new ids. */
async function catchUp(
  store: TelemetryStore,
  location: RecordsLocation,
  { head }: RestoreReport,
  journal: string,
  { upTo, keys, signal }: FolderRestore,
): Promise<number> {
  const records = await openRecords(location);
  try {
    const until = upTo?.instant ?? Number.POSITIVE_INFINITY;
    const devices = await knownDevices(records, journal);
    let batches = 0;
    for await (const { blocks } of readJournalArchive(journal, keys, Date.parse(head.started_at), until)) {
      signal.throwIfAborted();
      const named: Block[] = [];
      for (const block of blocks) named.push(await devices.rename(block));
      await records.series.ensure(named.flatMap(seriesIn));
      await applyBatches(store, [{ sequence: ++batches, blocks: named }]);
    }
    return batches;
  } finally {
    await records.close();
  }
}

async function knownDevices(records: RecordStore, archive: string) {
  const archived = await readArchivedDevices(archive);
  const ids = new Map((await records.devices.list()).map(({ id }) => [id, id]));
  const idNow = async (id: string): Promise<string> => {
    const known = ids.get(id);
    if (known !== undefined) return known;
    const { name = `restored ${id}`, kind, labels } = archived[id] ?? {};
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
      const column = block.columns[c] as Float64Array;
      const row = block.device.findIndex((device, r) => device === d && !Number.isNaN(column[r]));
      if (row < 0) return [];
      return [{ deviceId, metric: `${block.group}.${quantity}`, firstSeenAt: block.timestamps[row] as number }];
    }),
  );
}

/** Where a restore is prepared that takes effect at the next start. */
export function readyFolder(dataFolder: string): string {
  return join(dataFolder, READY);
}

/** Makes a folder that `restoreIntoFolder` has filled the one that the next start takes. */
export async function makeReady(dataFolder: string, filled: string): Promise<void> {
  await rm(readyFolder(dataFolder), { recursive: true, force: true });
  await rename(filled, readyFolder(dataFolder));
}

/**
 * Puts a prepared restore in the place of what is there, which moves to a folder of its own. Nothing is open meanwhile. After a crash in the
 * middle another call goes on. Answers where the former files are, or null when no restore was prepared.
 */
export async function applyReady(dataFolder: string, label: string): Promise<string | null> {
  const [ready, moving] = [readyFolder(dataFolder), join(dataFolder, MOVING)];
  const entries = await readdir(dataFolder).catch(whenMissing);
  if (!entries.includes(MOVING)) {
    if (!entries.includes(READY)) return null;
    const before = join(dataFolder, `${BEFORE}-${label}`);
    await mkdir(before, { recursive: true, mode: 0o700 });
    for (const name of entries) if (REPLACED.test(name)) await rename(join(dataFolder, name), join(before, name));
    // From here on whatever lies in the data folder under a restored name is the restored file.
    await rename(ready, moving);
  }
  for (const name of await readdir(moving)) {
    if (REPLACED.test(name)) await rename(join(moving, name), join(dataFolder, name));
  }
  await rm(moving, { recursive: true });
  return newestBefore(await readdir(dataFolder), dataFolder);
}

function newestBefore(names: readonly string[], dataFolder: string): string {
  return join(
    dataFolder,
    names
      .filter((name) => name.startsWith(`${BEFORE}-`))
      .sort()
      .at(-1) ?? BEFORE,
  );
}

function whenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
