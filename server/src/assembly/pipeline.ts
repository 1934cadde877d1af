import { existsSync, renameSync } from 'node:fs';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Logger } from 'pino';
import { seriesLimits } from '../config/limits.ts';
import { LOCAL_DATABASE, recordsLocation } from '../config/records-location.ts';
import type { Config } from '../config/schema.ts';
import { type Batch, type Block, withoutRemoved } from '../domain/columns/batch.ts';
import { Corrupt, Unavailable } from '../domain/errors.ts';
import { MetricCatalogue } from '../domain/metric-catalogue.ts';
import type { PartialAnswers } from '../domain/partial-answers.ts';
import { rulesFrom } from '../features/devices/declared-rules.ts';
import { DeviceDirectory } from '../features/devices/device-directory.ts';
import { IngestService } from '../features/ingest/service.ts';
import { FeatureFlags } from '../features/settings/feature-flags.ts';
import { FallbackJournal } from '../ingest/fallback-journal.ts';
import type { BatchSink } from '../ingest/fan-out.ts';
import { Ingest } from '../ingest/ingest.ts';
import type { Journal } from '../ingest/journal.ts';
import { findLostLog, type LostLog } from '../ingest/lost-log.ts';
import { MemoryJournal } from '../ingest/memory-journal.ts';
import { type DamagedEntry, openSqliteJournal } from '../ingest/sqlite-journal.ts';
import type { QueryPlanner } from '../query/query-planner.ts';
import { StoreGaps } from '../storage/backfill/store-gaps.ts';
import { type DataFolder, openDataFolder } from '../storage/data-folder.ts';
import { fileInstant } from '../storage/journal-history/segments.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import { WriteGate } from '../storage/layers/write-gate.ts';
import { MemoryStore } from '../storage/memory/memory-store.ts';
import { placeOfStore } from '../storage/records/devices/removed-devices.ts';
import { checkDatabase } from '../storage/records/engine/sqlite-file.ts';
import { openRecords, type RecordStore } from '../storage/records/record-store.ts';
import { applyReady, removeScratch } from '../storage/restore/restore-folder.ts';
import { isRollupGroup } from '../storage/retention/rollup-names.ts';
import { SET_ASIDE_DATABASE, SetAside } from '../storage/set-aside/set-aside.ts';
import { openHistory } from './history.ts';
import { OlderLatest } from './hydration.ts';
import { type JournalHistoryFeed, openJournalHistory } from './journal-history.ts';
import { recoverDevices } from './lost-records.ts';
import { Opened } from './opened.ts';
import { forgetRemoved, removedDevices } from './removed-devices.ts';
import { openRollups, type Rollups } from './retention.ts';
import { isInFolder, openStores, StoresBack } from './stores.ts';
import { openTiers, type Tiers } from './tiers.ts';

/** Everything from a source's readings to their answers, without the web: the service and the command line both run on it. */
export interface Pipeline {
  readonly records: RecordStore;
  readonly flags: FeatureFlags;
  readonly journal: Journal;
  /** The same journal where there is a data folder; null without one. */
  readonly fallback: FallbackJournal | null;
  readonly stores: readonly MeteredStore[];
  /** What stores can never take. */
  readonly setAside: SetAside;
  /** The journal's history, for restores to an instant; null when that is off or nothing is kept. */
  readonly history: JournalHistoryFeed | null;
  /** Where old months go; null while no archive is configured. */
  readonly tiers: Tiers | null;
  /** What old readings were rolled up to. */
  readonly rollups: Rollups;
  readonly window: MemoryStore;
  readonly catalogue: MetricCatalogue;
  readonly directory: DeviceDirectory;
  readonly ingest: Ingest;
  readonly intake: IngestService;
  readonly queries: QueryPlanner;
  /** What has to be said of answers that hold only a part of the history. */
  readonly partial: PartialAnswers;
  /** Stores that lack readings; null where nothing is kept on disk. */
  readonly gaps: StoreGaps | null;
  /** What was lost with the records before this start, or null. */
  readonly lost: string | null;
  /** Calls back whenever a store can be used again. */
  onStoreBack(listener: () => Promise<void>): void;
  /** Brings what was taken into the stores, as far as it gets within the time, and closes everything. */
  close(drainMs: number): Promise<void>;
}

export interface PipelineOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  /** Go on in memory while a store cannot be used, as the service does; a command that needs its stores fails instead. */
  readonly withoutStores: boolean;
}

/**
 * Opens records, journal and stores, and starts moving what an earlier run left in the journal.
 * Throws expected errors that say what to do: folder in use, damaged file, disk full.
 */
export async function openPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { config, log, now, withoutStores } = options;
  const opened = new Opened();
  const back = new StoresBack();
  try {
    const folder = config.persistence ? openDataFolder(config.data_dir) : null;
    opened.onClose(async () => folder?.release());
    if (folder) await takeRestore(folder, log, now());
    const lostLog = folder && findLostLog(folder.file(LOCAL_DATABASE), damagedCopy(folder, now()));
    if (lostLog) reportLostLog(lostLog, log);
    if (folder) checkDatabase(folder.file(LOCAL_DATABASE));
    const records = await openRecords(recordsLocation(config), {
      warn: (message) => log.warn(message),
      limits: seriesLimits(config.limits),
    });
    opened.onClose(() => records.close());
    const fallback = folder && (await openJournal(folder.file(LOCAL_DATABASE), { log, now }, lostLog));
    const journal = fallback ?? new MemoryJournal(now);
    opened.onClose(() => journal.close());
    const removed = await removedDevices(records);
    const gaps = folder && (await openGaps({ config, log, now, records, journal }));
    const setAside = await openSetAside(folder, log, now());
    opened.onClose(() => setAside.close());
    const gate = new WriteGate();
    const required = !withoutStores;
    const stores = await openStores({ ...options, folder, gate, back, gaps, setAside, removed, required, opened });
    const tiers = folder && (await openTiers({ config, folder, primary: stores[0]!, gate, removed, now }));
    opened.onClose(async () => tiers?.close());
    const pipeline = await connect({ ...options, records, journal, stores, folder, tiers, gate, back, gaps, removed });
    const older = new OlderLatest(pipeline, log, now);
    opened.onClose(() => older.end());
    if (withoutStores) older.search();
    pipeline.ingest.latest.onSetBack = () => older.search();
    back.listen(async () => older.search());
    return { ...pipeline, fallback, setAside, close: (drainMs) => closeAll(pipeline, opened, drainMs) };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** A file that cannot be read is moved away: it must not keep the service from starting. */
async function openSetAside(folder: DataFolder | null, log: Logger, now: number): Promise<SetAside> {
  const path = folder?.file(SET_ASIDE_DATABASE) ?? ':memory:';
  try {
    return await SetAside.open(path);
  } catch (error) {
    if (!(error instanceof Corrupt)) throw error;
    const damaged = `${path}.damaged-${fileInstant(now)}`;
    for (const part of ['', '-wal', '-shm']) if (existsSync(path + part)) renameSync(path + part, damaged + part);
    log.error({ err: error }, `the values that stores could not take cannot be read; their file is now ${damaged}`);
    return SetAside.open(path);
  }
}

function damagedCopy(folder: DataFolder, now: number): string {
  return folder.file(`${LOCAL_DATABASE}-wal.damaged-${fileInstant(now)}`);
}

function reportLostLog({ transactions, copy }: LostLog, log: Logger): void {
  log.error(
    `the end of the log of ${LOCAL_DATABASE} is damaged: ${transactions} changes are lost, readings for stores that lack them among them; its copy: ${copy}`,
  );
}

function openJournal(
  path: string,
  { log, now }: Pick<PipelineOptions, 'log' | 'now'>,
  lostLog: LostLog | null,
): Promise<FallbackJournal> {
  const onDamage = ({ sequence, reason }: DamagedEntry) =>
    log.error(
      `batch ${sequence} of the journal cannot be read, and its readings are lost for stores that lack it: ${reason}`,
    );
  let unreported = lostLog;
  return FallbackJournal.open({
    open: async (identity) => {
      const journal = await openSqliteJournal(path, now, identity, onDamage, unreported);
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

/** A restore that was prepared while the service ran takes effect before anything is opened; what others left goes. */
async function takeRestore(folder: DataFolder, log: Logger, now: number): Promise<void> {
  await removeScratch(folder.path);
  const before = await applyReady(folder.path, fileInstant(now));
  if (before !== null) log.warn(`the prepared restore is in effect; what was there before is in ${before}`);
}

const MEMORY_ONLY_WINDOW_BYTES = 8 * 1024 * 1024;

type Connected = Omit<Pipeline, 'close' | 'fallback' | 'setAside'>;

interface Parts {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  readonly records: RecordStore;
  readonly journal: Journal;
  readonly stores: readonly MeteredStore[];
  readonly folder: DataFolder | null;
  readonly tiers: Tiers | null;
  readonly gate: WriteGate;
  readonly back: StoresBack;
  readonly gaps: StoreGaps | null;
  /** Ids of devices that were removed. */
  readonly removed: Set<string>;
}

async function connect(parts: Parts): Promise<Connected> {
  const { config, log, now, records, journal, stores, folder, tiers, gate, back, gaps, removed } = parts;
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
  const window = new MemoryStore(
    {
      spanMs: config.analytics.memory_retention_hours * HOUR_MS,
      maxBytes: folder ? config.analytics.memory_max_bytes : MEMORY_ONLY_WINDOW_BYTES,
    },
    now,
  );
  const flags = await FeatureFlags.load(records.featureFlags, { persistence: config.persistence });
  // Without a folder the first store is memory itself: everything goes there, by the way of every reading.
  const persists = folder === null || flags.isActive('persistence');
  if (!persists) window.setSpan(Number.POSITIVE_INFINITY);
  const ingest = new Ingest({
    journal,
    persists,
    removed,
    stores: allSinks(parts, directory, history?.sink ?? null),
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
  const shared = { config, stores, gaps, directory, rulesOf, now };
  const rollups = await openRollups({ ...shared, records, tiers, gate, catalogue });
  await ingest.open();
  history?.follow(ingest);
  const { queries, partial } = await openHistory({ ...shared, rollups, ingest, window, back });
  ingest.start();
  return {
    records,
    flags,
    journal,
    stores,
    history,
    tiers,
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

/** Everything that takes batches: the stores in their order, then the journal's history. */
function allSinks(
  { config, stores: [primary, ...others], folder, gaps, journal, removed }: Parts,
  directory: DeviceDirectory,
  history: NamedSink | null,
): NamedSink[] {
  const stores = [withSeries(primary!, directory, removed), ...others].map((sink) =>
    gaps ? marked(sink, gaps) : sink,
  );
  const sinks = stores.map((sink, i) =>
    folder && isInFolder(config.stores[i]!, folder) ? whileFolderIsThere(sink, journal) : sink,
  );
  return history ? [...sinks, whileFolderIsThere(history, journal)] : sinks;
}

type NamedSink = BatchSink & { readonly name: string };

interface StoreSink {
  readonly name: string;
  write(batches: readonly Batch[], mark?: Batch): Promise<void>;
}

/**
 * The first store, which takes a batch once its series are on record: until then it stays in the journal, so that a crash leaves no samples
 * that nobody finds.
 */
function withSeries(primary: MeteredStore, directory: DeviceDirectory, removed: ReadonlySet<string>): StoreSink {
  const isReading = ({ group, erases }: Block) => erases !== true && !isRollupGroup(group);
  return {
    name: primary.name,
    write: async (batches, mark) => {
      const readings = batches.flatMap(({ blocks }) => blocks.filter(isReading));
      await directory.putOnRecord(withoutRemoved(readings, removed));
      await primary.write(batches, mark);
    },
  };
}

/** A store that keeps how far it has the journal's batches together with them. */
function marked(sink: StoreSink, gaps: StoreGaps): NamedSink {
  const { name } = sink;
  return {
    name,
    write: async (batches) => {
      const { sequence } = batches.at(-1)!;
      await sink.write(batches, gaps.markOf(name, sequence));
      await gaps.noteTaken(name, sequence);
    },
  };
}

/** A store in the data folder, which takes nothing after that was removed or replaced: what it takes is lost with its files. */
function whileFolderIsThere(sink: NamedSink, journal: Journal): NamedSink {
  return {
    name: sink.name,
    write: async (batches) => {
      if (journal.trouble?.gone) throw new Unavailable(journal.trouble.error);
      await sink.write(batches);
    },
  };
}

const GAPS_KEY = 'store-gaps';

function openGaps({
  config,
  log,
  now,
  records,
  journal,
}: Pick<Parts, 'config' | 'log' | 'now' | 'records' | 'journal'>) {
  const { series, namedStates } = records;
  return StoreGaps.open({
    journal,
    names: config.stores.map(({ name }) => name),
    hasHistory: async () => (await series.list()).length > 0,
    load: async () => (await namedStates.get(GAPS_KEY))?.state,
    save: (state) => namedStates.put(GAPS_KEY, state),
    onGap: async (store, { reason }) => {
      log.warn({ store, reason }, `store ${store} lacks readings: System shows what to do`);
      // It may be an older copy, from before readings were deleted.
      await records.removedDevices.reopen((await journal.origin()).id, placeOfStore(store));
    },
    now,
  });
}

async function closeAll({ ingest, directory, history }: Connected, opened: Opened, drainMs: number): Promise<void> {
  history?.end();
  await ingest.close(AbortSignal.timeout(drainMs));
  await directory.settled();
  await opened.close();
}
