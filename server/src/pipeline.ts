import { existsSync, renameSync } from 'node:fs';
import type { Logger } from 'pino';
import type { StoreConfig } from './config/places.ts';
import { LOCAL_DATABASE, recordsLocation } from './config/records-location.ts';
import type { Config } from './config/schema.ts';
import { type Block, valueCount } from './domain/batch.ts';
import { Corrupt, messageOf } from './domain/errors.ts';
import { MetricCatalogue } from './domain/metric-catalogue.ts';
import { HOUR_MS } from './domain/window.ts';
import { DeviceDirectory } from './features/devices/device-directory.ts';
import { IngestService } from './features/ingest/ingest-service.ts';
import { FeatureFlags } from './features/settings/feature-flags.ts';
import { MeteredStore } from './features/system/storage-monitor.ts';
import { hydrate, OlderLatest, restoreLatest } from './hydration.ts';
import { FallbackJournal } from './ingest/fallback-journal.ts';
import type { BatchSink } from './ingest/fan-out.ts';
import { Ingest } from './ingest/ingest.ts';
import type { Journal } from './ingest/journal.ts';
import { MemoryJournal } from './ingest/memory-journal.ts';
import { openSqliteJournal } from './ingest/sqlite-journal.ts';
import { QueryPlanner } from './query/query-planner.ts';
import { openRollups, type Rollups } from './retention.ts';
import type { TelemetryStore } from './storage/backend.ts';
import { type DataFolder, openDataFolder } from './storage/data-folder.ts';
import { SetAsideStore } from './storage/layers/set-aside-store.ts';
import { SupervisedStore } from './storage/layers/supervised-store.ts';
import { WriteGate } from './storage/layers/write-gate.ts';
import {
  fileInstant,
  interruptJournalArchive,
  JOURNAL_ARCHIVE,
  JournalArchive,
} from './storage/lifecycle/journal-archive.ts';
import { applyReady, removeScratch } from './storage/lifecycle/restore-folder.ts';
import { MemoryStore } from './storage/memory.ts';
import { openTelemetryStore } from './storage/open-store.ts';
import { openRecords, type RecordStore } from './storage/records/record-store.ts';
import { checkDatabase } from './storage/records/sqlite-file.ts';
import { isRollupGroup } from './storage/rollups/rollup-names.ts';
import { SET_ASIDE_DATABASE, SetAside } from './storage/set-aside/set-aside.ts';
import { openTiers, type Tiers } from './tiers.ts';

/** Everything from a source's readings to their answers, without the web: the service and the command line both run on it. */
export interface Pipeline {
  readonly records: RecordStore;
  readonly flags: FeatureFlags;
  readonly journal: Journal;
  readonly stores: readonly MeteredStore[];
  /** What stores can never take. */
  readonly setAside: SetAside;
  /** Batches kept for restores to an instant; null when that is off or nothing is kept. */
  readonly archive: JournalArchive | null;
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
export async function openPipeline({ config, log, now, withoutStores }: PipelineOptions): Promise<Pipeline> {
  const opened = new Opened();
  const onHeal = { primary: async () => {} };
  try {
    const folder = config.persistence ? openDataFolder(config.data_dir) : null;
    opened.onClose(async () => folder?.release());
    if (folder) await takeRestore(folder, log, now());
    if (folder) checkDatabase(folder.file(LOCAL_DATABASE));
    const records = await openRecords(recordsLocation(config), { warn: (message) => log.warn(message) });
    opened.onClose(() => records.close());
    const journal = folder ? await openJournal(folder.file(LOCAL_DATABASE), { log, now }) : new MemoryJournal(now);
    opened.onClose(() => journal.close());
    const setAside = await openSetAside(folder, log, now());
    opened.onClose(() => setAside.close());
    const stores: MeteredStore[] = [];
    const gate = new WriteGate();
    for (const [i, storeConfig] of (folder ? config.stores : [MEMORY_ONLY]).entries()) {
      const openAlone = () => openTelemetryStore(storeOptions(storeConfig, folder));
      const open = i === 0 ? async () => gate.around(await openAlone()) : openAlone;
      const heal = () => (i === 0 ? onHeal.primary() : Promise.resolve());
      const store = withoutStores ? await supervise(storeConfig, open, { log, now, heal }) : await open();
      opened.onClose(() => store.close());
      const whole = new SetAsideStore(store, {
        name: storeConfig.name,
        setAside,
        now,
        onSetAside: (block, reason) => logSetAside(log, storeConfig.name, block, reason),
      });
      stores.push(new MeteredStore(storeConfig.name, whole, () => performance.now(), store));
    }
    const tiers = folder && (await openTiers({ config, folder, primary: stores[0] as MeteredStore, gate, now }));
    opened.onClose(async () => tiers?.close());
    const pipeline = await connect({ config, log, now, records, journal, stores, folder, tiers, gate });
    const older = new OlderLatest(pipeline, log, now);
    opened.onClose(() => older.end());
    if (withoutStores) older.seek();
    pipeline.ingest.latest.onSetBack = () => older.seek();
    onHeal.primary = async () => {
      await restoreLatest(stores[0] as MeteredStore, pipeline.ingest, now());
      older.seek();
    };
    return { ...pipeline, setAside, close: (drainMs) => closeAll(pipeline, opened, drainMs) };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function supervise(
  { name, type }: StoreConfig,
  open: () => Promise<TelemetryStore>,
  { log, now, heal }: Pick<PipelineOptions, 'log' | 'now'> & { heal: () => Promise<void> },
): Promise<SupervisedStore> {
  return SupervisedStore.open({
    type,
    open,
    now,
    onChange: (trouble) => {
      if (trouble) {
        log.error({ store: name }, `store ${name} cannot be used, the service goes on in memory: ${trouble.error}`);
        return;
      }
      log.info({ store: name }, `store ${name} works again`);
      heal().catch((error: unknown) => log.error({ err: error, store: name }, 'the latest values could not be read'));
    },
  });
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

function logSetAside(log: Logger, store: string, block: Block, reason: string): void {
  const { group, quantities, devices } = block;
  const what = { store, group, quantities: quantities.slice(0, 20), devices: devices.slice(0, 20) };
  log.error(what, `store ${store} cannot take ${valueCount(block)} values, which are set aside: ${reason}`);
}

function openJournal(path: string, { log, now }: Pick<PipelineOptions, 'log' | 'now'>): Promise<Journal> {
  return FallbackJournal.open({
    open: (identity) => openSqliteJournal(path, now, identity),
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

/** What the journal archive is called beside the stores. */
const ARCHIVE_CURSOR = 'journal archive';

/** The store of a service without a data folder; with its window, all telemetry stays below 50 MB. */
const MEMORY_ONLY = { type: 'memory', name: 'memory', max_bytes: 40 * 1024 * 1024 } as const satisfies StoreConfig;
const MEMORY_ONLY_WINDOW_BYTES = 8 * 1024 * 1024;

type Connected = Omit<Pipeline, 'close' | 'setAside'>;

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
}

async function connect(parts: Parts): Promise<Connected> {
  const { config, log, now, records, journal, stores, folder, tiers, gate } = parts;
  const catalogue = new MetricCatalogue();
  for (const metric of await records.metrics.list()) catalogue.register(metric);
  const directory = new DeviceDirectory(records, (error) =>
    log.error({ err: error }, 'series could not be put on record'),
  );
  await directory.load();
  const archive = await openJournalArchive(parts, directory);
  const window = new MemoryStore(
    {
      spanMs: config.analytics.memory_retention_hours * HOUR_MS,
      maxBytes: folder ? config.analytics.memory_max_bytes : MEMORY_ONLY_WINDOW_BYTES,
    },
    now,
  );
  const flags = await FeatureFlags.load(records.features, { persistence: config.persistence });
  // Without a folder the first store is memory itself: everything goes there, by the way of every reading.
  const persists = folder === null || flags.isActive('persistence');
  if (!persists) window.setSpan(Number.POSITIVE_INFINITY);
  const primary = stores[0] as MeteredStore;
  const sinks = [withSeries(primary, directory), ...stores.slice(1)];
  const ingest = new Ingest({
    journal,
    persists,
    stores: archive ? [...sinks, { name: ARCHIVE_CURSOR, write: (batches) => archive.write(batches) }] : sinks,
    window,
    describe: (metric) => catalogue.describe(metric),
    onBlock: (block) => directory.noteSeries(block),
    onStoreError: (store, error) =>
      log.error({ err: error, store }, `store ${store} does not take readings; they wait in the journal`),
    now,
    pauseMs: config.ingest.store_pause_ms,
  });
  const hydration = { windowSince: Number.POSITIVE_INFINITY };
  const rollups = await openRollups({ config, records, stores, tiers, gate, catalogue, directory, now });
  const queries = new QueryPlanner({
    primary: rollups.reads,
    rawFrom: (group) => rollups.rawFrom(group),
    memory: {
      read: (request) => window.read(request),
      aggregate: (request) => window.aggregate(request),
      coveredSince: () => Math.max(hydration.windowSince, window.coveredSince()),
    },
    memoryHasMore: () => !ingest.persists,
    pending: () => ingest.pending(primary.name),
    latest: ingest.latest,
    metricsOf: (deviceId) => directory.metricsOf(deviceId),
    expectedIntervalMs: (deviceId) => directory.expectedIntervalMs(deviceId),
    now,
  });
  await ingest.open();
  hydration.windowSince = await hydrate({ primary, ingest, queries, window, directory, config, now });
  ingest.start();
  return {
    records,
    flags,
    journal,
    stores,
    archive,
    tiers,
    rollups,
    window,
    catalogue,
    directory,
    ingest,
    intake: new IngestService(ingest, directory),
    queries,
  };
}

/**
 * The first store, which takes a batch once its series are on record: until then it stays in the journal, so that a crash leaves no samples
 * that nobody finds.
 */
function withSeries(primary: MeteredStore, directory: DeviceDirectory): BatchSink & { readonly name: string } {
  const isReading = ({ group, erases }: Block) => erases !== true && !isRollupGroup(group);
  return {
    name: primary.name,
    write: async (batches) => {
      await directory.putOnRecord(batches.flatMap(({ blocks }) => blocks.filter(isReading)));
      await primary.write(batches);
    },
  };
}

/** Null where nothing is kept for restores to an instant. */
async function openJournalArchive(
  { config, folder, now }: Parts,
  directory: DeviceDirectory,
): Promise<JournalArchive | null> {
  if (folder === null) return null;
  if (!config.backup.point_in_time) {
    await interruptJournalArchive(folder.file(JOURNAL_ARCHIVE));
    return null;
  }
  return JournalArchive.open({
    folder: folder.file(JOURNAL_ARCHIVE),
    keys: config.backup,
    deviceOf: (id) => directory.find(id),
    now,
  });
}

function storeOptions(config: StoreConfig, folder: DataFolder | null): Parameters<typeof openTelemetryStore>[0] {
  if (config.type === 'memory') return { type: 'memory', spanMs: Number.POSITIVE_INFINITY, maxBytes: config.max_bytes };
  if (config.type === 'sqlite') {
    return { type: 'sqlite', path: config.path ?? (folder as DataFolder).file('telemetry.sqlite') };
  }
  if (config.type === 'file') {
    const { retention_days: retentionDays, path, timezone, device } = config;
    return {
      type: 'file',
      path: path ?? (folder as DataFolder).file('telemetry-files'),
      retentionDays,
      timezone,
      device,
    };
  }
  if (config.type === 'postgres') {
    const { max_connections: maxConnections, statement_timeout_ms: statementTimeoutMs, name: _, ...location } = config;
    return { ...location, maxConnections, statementTimeoutMs };
  }
  if (config.type === 'influxdb') {
    const { retention_policy: retentionPolicy, timeout_ms: timeoutMs, name: _, ...location } = config;
    return { ...location, retentionPolicy, timeoutMs };
  }
  return {
    type: 'duckdb',
    path: config.path ?? (folder as DataFolder).file('telemetry.duckdb'),
    ...(config.memory_limit_mb !== undefined && { memoryLimitMb: config.memory_limit_mb }),
  };
}

async function closeAll({ ingest, directory }: Connected, opened: Opened, drainMs: number): Promise<void> {
  await ingest.close(AbortSignal.timeout(drainMs));
  await directory.settled();
  await opened.close();
}

/** Closes what was opened, in reverse, and tells the first failure after all were tried. */
class Opened {
  readonly #closers: (() => Promise<void>)[] = [];

  onClose(closer: () => Promise<void>): void {
    this.#closers.push(closer);
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const closer of this.#closers.splice(0).reverse())
      await closer().catch((error: unknown) => failures.push(error));
    if (failures.length > 0)
      throw new AggregateError(failures, `closing failed: ${failures.map(messageOf).join('; ')}`);
  }
}
