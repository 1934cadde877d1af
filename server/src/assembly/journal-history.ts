import type { JournalHistoryHealth } from '@wattkeeper/contract/service.ts';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import type { DeviceDirectory } from '../features/devices/device-directory.ts';
import type { Ingest, StoreTarget } from '../ingest/ingest.ts';
import type { Journal } from '../ingest/journal.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import { interruptJournalHistory, JOURNAL_HISTORY_FOLDER } from '../storage/journal-history/history-start.ts';
import { JournalHistory } from '../storage/journal-history/journal-history.ts';
import { HISTORY_CURSOR } from '../storage/journal-history/journal-reader.ts';

/** The journal history in the service: fed like a store, and monitored. */
export interface JournalHistoryFeed {
  readonly files: JournalHistory;
  readonly sink: StoreTarget;
  /** The sequence after which it resumes; undefined: the position of its cursor. */
  readonly resumesAfter: number | undefined;
  /** Starts monitoring, and verifies the files of earlier runs against their digests. `ingest` must be open. */
  follow(ingest: Ingest): void;
  status(): JournalHistoryHealth;
  warnings(): string[];
  end(): void;
}

export interface HistoryParts {
  readonly config: Config;
  readonly folder: DataFolder | null;
  readonly journal: Journal;
  readonly log: Logger;
  readonly now: () => number;
}

const WATCH_MS = 10_000;

/** Returns null if no history is retained for restores to an instant. */
export async function openJournalHistory(
  parts: HistoryParts,
  directory: DeviceDirectory,
): Promise<JournalHistoryFeed | null> {
  const { config, folder, log, now } = parts;
  if (folder === null) return null;
  const path = folder.file(JOURNAL_HISTORY_FOLDER);
  if (!config.backup.point_in_time) {
    await interruptJournalHistory(path).catch((error: unknown) =>
      log.error({ err: error }, "the journal's history could not be marked as interrupted"),
    );
    return null;
  }
  let ingest: Ingest | null = null;
  let timer: NodeJS.Timeout | undefined;
  const ended = new AbortController();
  const files = await openFiles(path, parts, directory, async () =>
    ingest === null ? now() : ingest.settledUntil(HISTORY_CURSOR),
  );
  const status = (): JournalHistoryHealth => {
    const found = ingest?.status(HISTORY_CURSOR) ?? { status: 'ok', lagBatches: 0, lagMs: 0, lastError: null };
    const { status, lagBatches, lagMs, lastError } = found;
    return { status, lag_batches: lagBatches, lag_ms: lagMs, last_error: lastError };
  };
  return {
    files,
    sink: {
      name: HISTORY_CURSOR,
      write: (batches) => files.write(batches),
    },
    resumesAfter: files.resumesAfter ?? undefined,
    status,
    warnings: () => [...(status().status === 'ok' ? [] : [describeHistory(status())]), ...files.warnings()],
    follow: (opened) => {
      ingest = opened;
      timer = setInterval(watch(status, log), WATCH_MS);
      timer.unref();
      files
        .verify(ended.signal)
        .catch((error: unknown) => log.error({ err: error }, "the journal's history could not be verified"));
    },
    end: () => {
      ended.abort();
      clearInterval(timer);
    },
  };
}

async function openFiles(
  path: string,
  { config, journal, log, now }: HistoryParts,
  directory: DeviceDirectory,
  settledUntil: () => Promise<number>,
): Promise<JournalHistory> {
  return JournalHistory.open({
    folder: path,
    keys: config.backup,
    deviceOf: (id) => directory.find(id),
    now,
    journal: {
      confirmed: (await journal.cursors()).get(HISTORY_CURSOR) ?? (journal.head() === 0 ? 0 : null),
      oldestAfter: async (sequence) => (await journal.read(sequence, 1))[0]?.sequence ?? null,
    },
    settledUntil,
    onDamage: (message) => log.error(`the journal's history: ${message}`),
  });
}

/** Logs an error once when the history delays the trimming of the journal, and a message when it no longer does. */
function watch(status: () => JournalHistoryHealth, log: Logger): () => void {
  let isHeldBack = false;
  return () => {
    const now = status();
    if ((now.status !== 'ok') === isHeldBack) return;
    isHeldBack = now.status !== 'ok';
    if (isHeldBack) log.error(describeHistory(now));
    else log.info("the journal's history follows again, and the journal is trimmed");
  };
}

/** Describes the state of a history that lags behind, for the user. */
function describeHistory({ lag_batches, lag_ms, last_error }: JournalHistoryHealth): string {
  const reason = last_error === null ? '' : `: ${last_error}`;
  const lag = `${lag_batches} batches, ${Math.round(lag_ms / 1000)} s`;
  return `the journal's history is behind (${lag})${reason}. The journal is not trimmed until it follows; readings are safe in it, and the disk fills.`;
}
