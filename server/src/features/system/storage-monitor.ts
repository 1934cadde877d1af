import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Health, StorageMetrics, StoreHealth, StoreMetrics } from '@wattkeeper/contract/service.ts';
import type { SetAsideSummary } from '@wattkeeper/contract/set-aside.ts';
import { Durations } from '../../domain/durations.ts';
import { ExpectedError } from '../../domain/errors.ts';
import { HOUR_MS } from '../../domain/window.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Journal, JournalTrouble } from '../../ingest/journal.ts';
import { applyBatches } from '../../storage/apply-batches.ts';
import type {
  AggregateRequest,
  DeviceBuckets,
  ReadRequest,
  StoreStats,
  TelemetryStore,
} from '../../storage/backend.ts';
import { SetAsideStore } from '../../storage/layers/set-aside-store.ts';
import { type StoreTrouble, SupervisedStore } from '../../storage/layers/supervised-store.ts';
import { MAX_SET_ASIDE_BYTES, type SetAsideTotals } from '../../storage/set-aside/set-aside-file.ts';
import type { DiskWatch } from './disk-watch.ts';

/** What a number takes together with its instant where nothing is compressed. */
const PLAIN_BYTES = 16;
/** How many values a row holds is counted anew after this time: counting reads every row. */
const COUNTED_MS = HOUR_MS;

/** A store in use with what is measured about it. */
export class MeteredStore {
  readonly name: string;
  readonly store: TelemetryStore;
  readonly writeTimes = new Durations();
  readonly readTimes = new Durations();
  valuesWritten = 0;
  readonly #supervised: TelemetryStore;
  readonly #now: () => number;
  #valuesPerRow: number | null = null;
  #countedAt = Number.NEGATIVE_INFINITY;

  /** @param supervised the store under the layer that sets aside what it cannot take */
  constructor(name: string, store: TelemetryStore, now: () => number, supervised = store) {
    this.name = name;
    this.store = store;
    this.#supervised = supervised;
    this.#now = now;
  }

  /** Why the store is not in use, or null. */
  trouble(): StoreTrouble | null {
    return this.#supervised instanceof SupervisedStore ? this.#supervised.trouble : null;
  }

  /** What the store can never take, or undefined for nothing. */
  setAside(): SetAsideTotals | undefined {
    return this.store instanceof SetAsideStore ? this.store.totals() : undefined;
  }

  /** How many times smaller the store is than its values and their instants in plain binary; null where it is empty or cannot tell. */
  async compressionRatio({ sizeBytes, rows }: StoreStats): Promise<number | null> {
    if (!sizeBytes || !rows) return null;
    if (this.#now() - this.#countedAt > COUNTED_MS) {
      this.#countedAt = this.#now();
      const values = await this.#countValues();
      if (values > 0) this.#valuesPerRow = values / rows;
    }
    return this.#valuesPerRow === null ? null : (this.#valuesPerRow * rows * PLAIN_BYTES) / sizeBytes;
  }

  /** 0 while the store cannot be used, which its health tells. */
  async #countValues(): Promise<number> {
    try {
      return (await this.store.series()).reduce((sum, { count }) => sum + count, 0);
    } catch (error) {
      if (error instanceof ExpectedError) return 0;
      throw error;
    }
  }

  async write(batches: Parameters<TelemetryStore['write']>[0]): Promise<void> {
    const before = this.#now();
    await applyBatches(this.store, batches);
    this.writeTimes.add(this.#now() - before);
    for (const { blocks } of batches) {
      for (const block of blocks) this.valuesWritten += block.columns.length * block.timestamps.length;
    }
  }

  async *read(request: ReadRequest): ReturnType<TelemetryStore['read']> {
    const before = this.#now();
    yield* this.store.read(request);
    this.readTimes.add(this.#now() - before);
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const before = this.#now();
    const answer = await this.store.aggregate(request);
    this.readTimes.add(this.#now() - before);
    return answer;
  }
}

export interface MonitorOptions {
  readonly version: string;
  /** Whether readings go to the disk. */
  readonly persistence: () => boolean;
  readonly stores: readonly MeteredStore[];
  readonly window: TelemetryStore;
  readonly ingest: Ingest;
  readonly journal: Journal;
  readonly seriesCount: () => number;
  readonly scheduler: () => Health['scheduler'];
  /** Models in use; asked only while the records can be read. */
  readonly modelsLoaded: () => Promise<number>;
  readonly recordsHealth: () => Promise<Health['records'] & { error: string | null }>;
  /** Null without a data folder. */
  readonly disk: DiskWatch | null;
  /** Things that a person should know and that no other field says. */
  readonly warnings: () => string[];
  readonly now: () => number;
  readonly startedAt: number;
}

/** Health and figures of everything that keeps data. */
export class StorageMonitor {
  readonly #options: MonitorOptions;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  async health(): Promise<Health> {
    const { now, startedAt, version, journal } = this.#options;
    const persistence = this.#options.persistence();
    const records = await this.#options.recordsHealth();
    const stores = this.#options.stores.map((store, i) => this.#storeHealth(store, i === 0));
    const warnings = [
      ...stores.filter(({ status }) => status !== 'ok').map((store) => describeTrouble(store)),
      ...stores.flatMap(({ name, set_aside }) => (set_aside === null ? [] : [describeSetAside(name, set_aside)])),
      ...(journal.trouble === null ? [] : [describeJournal(journal.trouble)]),
      ...(records.error === null ? [] : [`the record store does not work: ${records.error}`]),
      ...(this.#options.disk?.warnings() ?? []),
      ...this.#options.warnings(),
    ];
    const degraded =
      journal.trouble !== null || stores.some((store) => store.status === 'failed' || store.set_aside !== null);
    return {
      status: records.status === 'failed' ? 'unhealthy' : degraded ? 'degraded' : 'healthy',
      service: 'wattkeeper',
      version,
      timestamp: formatInstant(now()),
      database: records.status === 'failed' ? 'failed' : persistence && journal.trouble === null ? 'ok' : 'memory',
      scheduler: this.#options.scheduler(),
      models_loaded: records.status === 'failed' ? 0 : await this.#options.modelsLoaded(),
      persistence,
      records: { type: records.type, status: records.status },
      stores,
      uptime_s: Math.round((now() - startedAt) / 1000),
      warnings,
    };
  }

  async metrics(): Promise<StorageMetrics> {
    const { ingest, journal, window, now } = this.#options;
    const stats = await journal.stats();
    const windowStats = await window.stats();
    return {
      generated_at: formatInstant(now()),
      stores: await Promise.all(this.#options.stores.map((store, i) => this.#storeMetrics(store, i === 0))),
      journal: {
        durable: journal.durable,
        batches: stats.batches,
        bytes: stats.bytes,
        oldest_at: stats.oldestAt === null ? null : formatInstant(stats.oldestAt),
        commit_ms: ingest.commitTimes.summary(),
      },
      ingest: {
        values_per_s: ingest.meter.valuesPerSecond(),
        accepted: ingest.meter.accepted,
        rejected: ingest.meter.rejected,
        quarantined: ingest.meter.quarantined,
        per_minute: ingest.meter.perMinute(),
      },
      disk: (await this.#options.disk?.metrics()) ?? null,
      memory: {
        window_bytes: windowStats.sizeBytes ?? 0,
        window_rows: windowStats.rows ?? 0,
        resident_bytes: process.memoryUsage.rss(),
      },
    };
  }

  #storeHealth(metered: MeteredStore, primary: boolean): StoreHealth {
    const { name, store } = metered;
    const { status, lagBatches, lagMs, lastError } = this.#options.ingest.status(name);
    const trouble = metered.trouble();
    return {
      name,
      type: store.type,
      primary,
      status: trouble ? 'failed' : status,
      lag_batches: lagBatches,
      lag_ms: lagMs,
      last_error: trouble?.error ?? lastError,
      failed_since: trouble ? formatInstant(trouble.since) : null,
      set_aside: summaryOf(metered.setAside()),
    };
  }

  async #storeMetrics(metered: MeteredStore, primary: boolean): Promise<StoreMetrics> {
    const { name, store, valuesWritten, writeTimes, readTimes } = metered;
    const { lag_batches, lag_ms, set_aside } = this.#storeHealth(metered, primary);
    const stats = await store.stats();
    return {
      name,
      type: store.type,
      primary,
      size_bytes: stats.sizeBytes,
      compression_ratio: await metered.compressionRatio(stats),
      rows: stats.rows,
      series: this.#options.seriesCount(),
      values_written: valuesWritten,
      lag_batches,
      lag_ms,
      set_aside,
      write_ms: writeTimes.summary(),
      read_ms: readTimes.summary(),
    };
  }
}

function describeJournal({ error, since }: JournalTrouble): string {
  return `readings are in memory alone since ${formatInstant(since)}, and would not survive a crash: ${error} The disk is tried again by itself.`;
}

function describeTrouble(store: StoreHealth): string {
  const { name, primary, status, lag_ms, last_error, failed_since } = store;
  if (status === 'behind') return `store ${name} is ${Math.round(lag_ms / 1000)} s behind`;
  if (failed_since === null) return `store ${name} does not take readings: ${last_error}. They wait in the journal.`;
  const rest = primary ? 'Only what has come in since then, and the last hours, can be seen' : 'The other stores go on';
  return `store ${name} cannot be used since ${failed_since}: ${last_error}. ${rest}; readings wait in the journal, and it is tried again by itself.`;
}

function summaryOf(totals: SetAsideTotals | undefined): SetAsideSummary | null {
  if (totals === undefined) return null;
  const { values, bytes, since, reason } = totals;
  return { values, bytes, since: formatInstant(since), reason };
}

function describeSetAside(name: string, { values, bytes, since, reason }: SetAsideSummary): string {
  const share = bytes / MAX_SET_ASIDE_BYTES;
  const room =
    share < ALMOST_FULL
      ? ''
      : ` ${Math.round(share * 100)} % of the room for them is used; when it is full, readings wait in the journal.`;
  return `store ${name} cannot take ${values} values (${reason}); they are set aside since ${since} and can still be read. Correct the cause and retry them, or discard them, on the System page.${room}`;
}

/** Share of the room for values that are set aside from which on a warning mentions it. */
const ALMOST_FULL = 0.5;
