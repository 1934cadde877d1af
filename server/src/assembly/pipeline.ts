import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Logger } from 'pino';
import { seriesLimits } from '../config/limits.ts';
import { recordsLocation } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import { MetricCatalogue } from '../domain/metric-catalogue.ts';
import type { PartialAnswers } from '../domain/partial-answers.ts';
import { rulesFrom } from '../features/devices/declared-rules.ts';
import { DeviceDirectory } from '../features/devices/device-directory.ts';
import { IngestService } from '../features/ingest/service.ts';
import { FeatureFlags } from '../features/settings/feature-flags.ts';
import type { FallbackJournal } from '../ingest/fallback-journal.ts';
import { Ingest } from '../ingest/ingest.ts';
import type { Journal } from '../ingest/journal.ts';
import { MemoryJournal } from '../ingest/memory-journal.ts';
import type { QueryPlanner } from '../query/query-planner.ts';
import type { StoreGaps } from '../storage/backfill/store-gaps.ts';
import { type DataFolder, openDataFolder } from '../storage/data-folder.ts';
import { fileInstant } from '../storage/journal-history/segments.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import { WriteGate } from '../storage/layers/write-gate.ts';
import { MemoryStore } from '../storage/memory/memory-store.ts';
import { openRecords, type RecordStore } from '../storage/records/record-store.ts';
import { applyReady, removeScratch } from '../storage/restore/restore-folder.ts';
import type { SetAside } from '../storage/set-aside/set-aside.ts';
import { type OpenArchive, openArchive } from './archive.ts';
import { CloseStack } from './close-stack.ts';
import { OlderLatest } from './hydration.ts';
import { checkLocalDatabase, openJournal, openStoreGaps } from './journal.ts';
import { journalConsumers } from './journal-consumers.ts';
import { type JournalHistoryFeed, openJournalHistory } from './journal-history.ts';
import { openPlanner } from './planner.ts';
import { recoverDevices } from './recover-devices.ts';
import { forgetRemoved, removedDevices } from './removed-devices.ts';
import { openRollups, type Rollups } from './rollups.ts';
import { openSetAside } from './set-aside.ts';
import { isInFolder, openStores, StoresBack } from './stores.ts';

/** All parts from the ingestion of readings to queries, without HTTP. The service and the command line both use it. */
export interface Pipeline {
  readonly records: RecordStore;
  readonly flags: FeatureFlags;
  readonly journal: Journal;
  /** The same journal if a data folder exists; null without one. */
  readonly fallback: FallbackJournal | null;
  /** The primary store: the first in the configuration. */
  readonly primary: MeteredStore;
  /** All stores, including the primary one. */
  readonly stores: readonly MeteredStore[];
  /** Values that a store can never accept. */
  readonly setAside: SetAside;
  /** The journal history, for restores to an instant; null if it is switched off or nothing is stored on disk. */
  readonly history: JournalHistoryFeed | null;
  /** The archive of old months; null if none is configured. */
  readonly archive: OpenArchive | null;
  /** Rollups of old readings. */
  readonly rollups: Rollups;
  readonly window: MemoryStore;
  readonly catalogue: MetricCatalogue;
  readonly directory: DeviceDirectory;
  readonly ingest: Ingest;
  readonly intake: IngestService;
  readonly queries: QueryPlanner;
  /** Notes for results that cover only part of the history. */
  readonly partial: PartialAnswers;
  /** Stores that lack readings; null if nothing is stored on disk. */
  readonly gaps: StoreGaps | null;
  /** A message about records that were lost before this start, or null. */
  readonly lost: string | null;
  /** Calls the listener each time a store is available again. */
  onStoreBack(listener: () => Promise<void>): void;
  /** Writes accepted readings to the stores for at most `drainMs`, then closes all parts. */
  close(drainMs: number): Promise<void>;
}

export interface PipelineOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  /** True: continue in memory while a store is unavailable, as the service does. False: fail, for commands that need their stores. */
  readonly withoutStores: boolean;
}

/**
 * Opens records, journal and stores, and starts writing batches that an earlier run left in the journal to the stores.
 * Throws expected errors whose message names the remedy: folder in use, damaged file, disk full.
 */
export async function openPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { config, log, now, withoutStores } = options;
  const closing = new CloseStack();
  const back = new StoresBack();
  try {
    const folder = config.persistence ? openDataFolder(config.data_dir) : null;
    closing.onClose(async () => folder?.release());
    if (folder) await takeRestore(folder, log, now());
    const lostLog = folder && checkLocalDatabase(folder, options);
    const records = await openRecords(recordsLocation(config), {
      warn: (message) => log.warn(message),
      limits: seriesLimits(config.limits),
    });
    closing.onClose(() => records.close());
    const fallback = folder && (await openJournal(folder, lostLog, options));
    const journal = fallback ?? new MemoryJournal(now);
    closing.onClose(() => journal.close());
    const removed = await removedDevices(records);
    const gaps = folder && (await openStoreGaps({ config, records, journal }, options));
    const setAside = await openSetAside(folder, log, now());
    closing.onClose(() => setAside.close());
    const gate = new WriteGate();
    const parts = { folder, gate, back, gaps, removed };
    const open = await openStores({ ...options, ...parts, setAside, required: !withoutStores, closing });
    const archive = folder && (await openArchive({ config, folder, primary: open.primary, gate, removed, now }));
    closing.onClose(async () => archive?.close());
    const pipeline = await connect({ ...options, ...parts, ...open, records, journal, archive });
    const older = new OlderLatest(pipeline, log, now);
    closing.onClose(() => older.end());
    if (withoutStores) older.search();
    pipeline.ingest.latest.onSetBack = () => older.search();
    back.listen(async () => older.search());
    return { ...pipeline, fallback, setAside, close: (drainMs) => closeAll(pipeline, closing, drainMs) };
  } catch (error) {
    await closing.close();
    throw error;
  }
}

/** Applies a restore that was prepared while the service ran, before any file is opened, and deletes temporary folders that a crash left. */
async function takeRestore(folder: DataFolder, log: Logger, now: number): Promise<void> {
  await removeScratch(folder.path);
  const before = await applyReady(folder.path, fileInstant(now));
  if (before !== null) log.warn(`the prepared restore is in effect; what was there before is in ${before}`);
}

const MEMORY_ONLY_WINDOW_BYTES = 8 * 1024 * 1024;

type Connected = Omit<Pipeline, 'close' | 'fallback' | 'setAside'>;

interface Parts
  extends Pick<PipelineOptions, 'config' | 'log' | 'now'>,
    Pick<Pipeline, 'records' | 'journal' | 'primary' | 'stores' | 'archive' | 'gaps'> {
  readonly folder: DataFolder | null;
  readonly gate: WriteGate;
  readonly back: StoresBack;
  /** Ids of deleted devices. */
  readonly removed: Set<string>;
}

function openWindow({ analytics, persistence }: Config, now: () => number): MemoryStore {
  const spanMs = analytics.memory_retention_hours * HOUR_MS;
  return new MemoryStore(
    { spanMs, maxBytes: persistence ? analytics.memory_max_bytes : MEMORY_ONLY_WINDOW_BYTES },
    now,
  );
}

async function connect(parts: Parts): Promise<Connected> {
  const { config, log, now, records, journal, primary, stores, folder, archive, gate, back, gaps, removed } = parts;
  const catalogue = new MetricCatalogue();
  for (const metric of await records.customMetrics.list()) catalogue.register(metric);
  const directory = new DeviceDirectory(
    records,
    (error) => log.error({ err: error }, 'series could not be put on record'),
    seriesLimits(config.limits),
  );
  const inFolder = stores.filter((_, i) => folder !== null && isInFolder(config.stores[i]!, folder));
  const lost = folder && (await recoverDevices({ records, journal, stores: inFolder, folder, removed, log }));
  await Promise.all([directory.load(), records.sites.list()]);
  const history = await openJournalHistory(parts, directory);
  const window = openWindow(config, now);
  const flags = await FeatureFlags.load(records.featureFlags, { persistence: config.persistence });
  // Without a folder the primary store is in memory and receives all readings in the usual way.
  const persists = folder === null || flags.isActive('persistence');
  if (!persists) window.setSpan(Number.POSITIVE_INFINITY);
  const ingest = new Ingest({
    journal,
    persists,
    removed,
    stores: journalConsumers({ ...parts, directory }, history?.sink ?? null),
    window,
    describe: (metric) => catalogue.describe(metric),
    admit: (block) => directory.admit(block),
    onStoreError: (store, error) =>
      log.error({ err: error, store }, `store ${store} does not take readings; they wait in the journal`),
    now,
    pauseMs: config.ingest.store_pause_ms,
    startAfter: (store) => (store === history?.sink.name ? history.resumesAfter : gaps?.startAfter(store)),
  });
  forgetRemoved(records, ingest, log);
  const rulesOf = rulesFrom(
    (deviceId) => directory.find(deviceId),
    catalogue,
    (siteId) => records.sites.zoneOf(siteId),
  );
  const shared = { config, primary, stores, gaps, directory, rulesOf, now };
  const rollups = await openRollups({ ...shared, records, archive, gate, catalogue });
  await ingest.open();
  history?.follow(ingest);
  const { queries, partial } = await openPlanner({ ...shared, rollups, ingest, window, back });
  ingest.start();
  return {
    records,
    flags,
    journal,
    primary,
    stores,
    history,
    archive,
    rollups,
    window,
    catalogue,
    directory,
    ingest,
    intake: new IngestService(ingest, directory),
    queries,
    partial,
    gaps,
    lost,
    onStoreBack: (listener) => back.listen(listener),
  };
}

async function closeAll(
  { ingest, directory, history }: Connected,
  closing: CloseStack,
  drainMs: number,
): Promise<void> {
  history?.end();
  await ingest.close(AbortSignal.timeout(drainMs));
  await directory.settled();
  await closing.close();
}
