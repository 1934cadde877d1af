import { existsSync, readdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Logger } from 'pino';
import { LOCAL_DATABASE, recordsLocation } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import { Conflict, messageOf } from '../domain/errors.ts';
import type { OnProgress } from '../domain/progress.ts';
import type { PersistenceChange } from '../features/settings/persistence-change.ts';
import type { FrontDoor, Requests } from '../http/front-door.ts';
import { type DiskJournal, openSqliteJournal } from '../ingest/sqlite-journal.ts';
import type { Scheduler } from '../jobs/scheduler.ts';
import type { TelemetryStore } from '../storage/backend.ts';
import { type DataFolder, isOwnFile, openDataFolder } from '../storage/data-folder.ts';
import { JOURNAL_HISTORY_FOLDER } from '../storage/journal-history/history-start.ts';
import { importRecords } from '../storage/records/transfer.ts';
import { batchOf, deviceGroups, readWholeDays } from '../storage/whole-days.ts';
import type { Pipeline } from './pipeline.ts';

const CATCH_UP_MS = 5_000;
/** Maximum wait for requests already admitted: first those that change data, finally all. */
const MAX_CHANGES_MS = 10_000;
const MAX_ANSWERS_MS = 2_000;
/** Overall progress at which the steps after the readings start. */
const RECORDS_AT = 0.7;
const START_AT = 0.8;
const READS = new Set(['GET', 'HEAD', 'OPTIONS']);
const CHANGES: Requests = ({ method }) => !READS.has(method ?? '');
const ALL: Requests = () => true;

export interface PersistenceOptions {
  readonly pipeline: Pipeline;
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  readonly change: PersistenceChange;
  readonly door: FrontDoor;
  /** The application that receives requests before the change, and again if the change fails. */
  readonly application: Server;
  readonly scheduler: Scheduler;
  /** Starts an application on the data folder, which replaces this one. Rejects if it cannot start. */
  readonly startNext: () => Promise<void>;
}

/** Starts and stops writing to disk when the flag `persistence` changes. */
export function followPersistenceFlag(options: PersistenceOptions): void {
  const { pipeline, config, change } = options;
  const { flags, ingest, window } = pipeline;
  flags.onSwitch('persistence', async (active) => {
    if (!config.persistence) {
      if (change.isRunning)
        throw new Conflict(
          'persistence is being switched on: look at the change of the feature, and switch it off after that',
        );
      if (active) await beginMove(options);
      return;
    }
    if (active) await ingest.persist();
    else ingest.stopPersisting();
    window.setSpan(active ? config.analytics.memory_retention_hours * HOUR_MS : Number.POSITIVE_INFINITY);
  });
}

/**
 * Starts moving a memory-only service to a data folder. All checks run before the returned promise resolves; the move itself continues
 * afterwards. On an error the service continues unchanged.
 * @throws Conflict if the folder already contains records or another service uses it; Unavailable if it cannot be written
 */
async function beginMove(options: PersistenceOptions): Promise<void> {
  const { pipeline, config, log, change } = options;
  const before = new Set(existsSync(config.data_dir) ? readdirSync(config.data_dir) : []);
  const folder = openDataFolder(config.data_dir);
  try {
    await importRecords(
      recordsLocation({ ...config, persistence: true }),
      await pipeline.records.contents.schema(),
      none(),
    );
  } catch (error) {
    folder.release();
    throw error;
  }
  change.begin();
  move(options, folder).then(
    () => {
      change.succeeded();
      log.info(`everything is kept in ${config.data_dir} from now on`);
    },
    async (error: unknown) => {
      removeNew(config.data_dir, before);
      change.failed(messageOf(error));
      log.error({ err: error }, 'persistence could not be switched on: the service continues in memory');
      await pipeline.flags.set('persistence', false);
    },
  );
}

/**
 * Copies the readings and then the records while the service handles read-only requests, then starts a second application that replaces this one.
 * Requests that change data are held meanwhile and handled by the new application: none is rejected or lost.
 */
async function move(options: PersistenceOptions, folder: DataFolder): Promise<void> {
  const { pipeline, config, now, change, door, application, scheduler, startNext } = options;
  const { records, ingest, primary } = pipeline;
  let isHeld = true;
  const release = () => {
    if (isHeld) folder.release();
    isHeld = false;
  };
  try {
    // Jobs also write records and readings. Interrupted jobs run again.
    await scheduler.close();
    door.hold(CHANGES);
    await door.answered(CHANGES, MAX_CHANGES_MS);
    await ingest.halted(async () => {
      await ingest.caughtUp(primary.name, AbortSignal.timeout(CATCH_UP_MS));
      const journal = await openSqliteJournal(folder.file(LOCAL_DATABASE), now);
      await copyReadings(primary.store, journal, now(), (share) =>
        change.reached('readings', (share ?? 0) * RECORDS_AT),
      );
      change.reached('records', RECORDS_AT);
      const place = recordsLocation({ ...config, persistence: true });
      await importRecords(place, await records.contents.schema(), records.contents.tables({ signIns: true }));
      change.reached('start', START_AT);
      release();
      door.hold(ALL);
      await door.answered(ALL, MAX_ANSWERS_MS);
      await startNext();
      ingest.stopAccepting();
    });
  } catch (error) {
    release();
    door.open(application);
    await scheduler.start();
    throw error;
  }
}

async function copyReadings(
  store: TelemetryStore,
  journal: DiskJournal,
  receivedAt: number,
  onProgress: OnProgress,
): Promise<void> {
  try {
    let sequence = journal.head();
    const groups = deviceGroups(await store.series());
    for (const [i, group] of groups.entries()) {
      for await (const frame of readWholeDays(store, group)) {
        await journal.write([{ ...batchOf(frame), sequence: ++sequence, quarantined: [], receivedAt }]);
      }
      onProgress((i + 1) / groups.length);
    }
  } finally {
    await journal.close();
  }
}

/** Removes the files of a failed move, which would block the next one. */
function removeNew(path: string, before: ReadonlySet<string>): void {
  if (!existsSync(path)) return;
  for (const name of readdirSync(path))
    if (!before.has(name) && (isOwnFile(name) || name === JOURNAL_HISTORY_FOLDER))
      rmSync(join(path, name), { recursive: true });
}

async function* none(): AsyncGenerator<never> {}
