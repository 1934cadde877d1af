import { LOCAL_DATABASE, recordsLocation } from './config/records-location.ts';
import type { Config } from './config/schema.ts';
import { HOUR_MS } from './domain/window.ts';
import { type DiskJournal, openSqliteJournal } from './ingest/sqlite-journal.ts';
import type { Pipeline } from './pipeline.ts';
import type { TelemetryStore } from './storage/backend.ts';
import { openDataFolder } from './storage/data-folder.ts';
import type { MeteredStore } from './storage/layers/metered-store.ts';
import { batchOf, deviceGroups, readWholeDays } from './storage/lifecycle/whole-days.ts';
import { importRecords } from './storage/records/transfer.ts';

const CATCH_UP_MS = 5_000;

export interface PersistenceOptions {
  readonly pipeline: Pipeline;
  readonly config: Config;
  readonly now: () => number;
  /** Called when everything of a service without a data folder is in one, for it to start again on that. */
  readonly onMoved: () => void;
}

/** Does what the flag `persistence` says, while the service runs. */
export function obeyPersistence({ pipeline, config, now, onMoved }: PersistenceOptions): void {
  const { flags, ingest, window } = pipeline;
  flags.onSwitch('persistence', async (active) => {
    if (!config.persistence) {
      if (!active) return;
      await moveToDisk(pipeline, config, now);
      onMoved();
      return;
    }
    if (active) await ingest.persist();
    else ingest.stopPersisting();
    window.setSpan(active ? config.analytics.memory_retention_hours * HOUR_MS : Number.POSITIVE_INFINITY);
  });
}

/**
 * Moves the records and all readings of a service that lives in memory into a data folder, and takes no more readings then.
 * @throws Conflict when there are records in the folder already, or another service uses it; Unavailable when it cannot be written: then
 * the service goes on as it was
 */
async function moveToDisk({ records, ingest, stores }: Pipeline, config: Config, now: () => number): Promise<void> {
  const [{ name, store }] = stores as readonly [MeteredStore];
  const { contents } = records;
  const place = recordsLocation({ ...config, persistence: true });
  const folder = openDataFolder(config.data_dir);
  try {
    await ingest.halted(async () => {
      await ingest.caughtUp(name, AbortSignal.timeout(CATCH_UP_MS));
      // Refuses a folder that is in use for something else before anything is written to it.
      await importRecords(place, await contents.schema(), none());
      await copyReadings(store, await openSqliteJournal(folder.file(LOCAL_DATABASE), now), now());
      await importRecords(place, await contents.schema(), contents.tables({ signIns: true }));
      ingest.stopTaking();
    });
  } finally {
    folder.release();
  }
}

async function copyReadings(store: TelemetryStore, journal: DiskJournal, receivedAt: number): Promise<void> {
  try {
    let sequence = journal.head();
    for (const group of deviceGroups(await store.series())) {
      for await (const frame of readWholeDays(store, group)) {
        await journal.write([{ ...batchOf(frame), sequence: ++sequence, quarantined: [], receivedAt }]);
      }
    }
  } finally {
    await journal.close();
  }
}

async function* none(): AsyncGenerator<never> {}
