import type { Logger } from 'pino';
import { LOCAL_DATABASE } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import { FallbackJournal } from '../ingest/fallback-journal.ts';
import type { Journal } from '../ingest/journal.ts';
import { findLostLog, type LostLog } from '../ingest/lost-log.ts';
import { openSqliteJournal } from '../ingest/sqlite-journal.ts';
import type { DamagedEntry } from '../ingest/sqlite-journal-file.ts';
import { StoreGaps } from '../storage/backfill/store-gaps.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import { fileInstant } from '../storage/journal-history/segments.ts';
import { placeOfStore } from '../storage/records/devices/removed-devices.ts';
import { checkDatabase } from '../storage/records/engine/sqlite-file.ts';
import type { RecordStore } from '../storage/records/record-store.ts';

interface Clock {
  readonly log: Logger;
  readonly now: () => number;
}

/** Checks the database of records and journal before it is opened. Returns the loss in its write-ahead log, or null. */
export function checkLocalDatabase(folder: DataFolder, { log, now }: Clock): LostLog | null {
  const path = folder.file(LOCAL_DATABASE);
  const lostLog = findLostLog(path, `${path}-wal.damaged-${fileInstant(now())}`);
  if (lostLog) {
    const { transactions, copy } = lostLog;
    log.error(
      `the end of the log of ${LOCAL_DATABASE} is damaged: ${transactions} changes are lost, readings for stores that lack them among them; its copy: ${copy}`,
    );
  }
  checkDatabase(path);
  return lostLog;
}

/** Opens the journal in a data folder. It holds batches in memory while the disk cannot be written. */
export function openJournal(
  folder: DataFolder,
  lostLog: LostLog | null,
  { log, now }: Clock,
): Promise<FallbackJournal> {
  const onDamage = ({ sequence, reason }: DamagedEntry) =>
    log.error(
      `batch ${sequence} of the journal cannot be read, and its readings are lost for stores that lack it: ${reason}`,
    );
  let unreported = lostLog;
  return FallbackJournal.open({
    open: async (identity) => {
      const journal = await openSqliteJournal(folder.file(LOCAL_DATABASE), now, identity, onDamage, unreported);
      unreported = null;
      return journal;
    },
    now,
    onChange: (trouble) => {
      if (trouble) log.error(`readings are held in memory: ${trouble.error}`);
      else log.info('the journal takes readings again');
    },
  });
}

const GAPS_KEY = 'store-gaps';

/** Detects stores that lack readings: compares each store's journal position with the position that the journal recorded for it. */
export function openStoreGaps(
  { config, records, journal }: { config: Config; records: RecordStore; journal: Journal },
  { log, now }: Clock,
): Promise<StoreGaps> {
  const { series, namedStates } = records;
  return StoreGaps.open({
    journal,
    names: config.stores.map(({ name }) => name),
    hasHistory: async () => (await series.list()).length > 0,
    load: async () => (await namedStates.get(GAPS_KEY))?.state,
    save: (state) => namedStates.put(GAPS_KEY, state),
    onGap: async (store, { reason }) => {
      log.warn({ store, reason }, `store ${store} lacks readings: System shows what to do`);
      // The store may be an older copy that contains deleted readings.
      await records.removedDevices.reopen((await journal.origin()).id, placeOfStore(store));
    },
    now,
  });
}
