import { formatInstant } from '@wattkeeper/contract/common.ts';
import type {
  Health,
  HistoryHealth,
  JournalHistoryHealth,
  StorageMetrics,
  StoreGapHealth,
  StoreHealth,
  StoreMetrics,
} from '@wattkeeper/contract/service.ts';
import type { SetAsideSummary } from '@wattkeeper/contract/storage/set-aside.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { type Journal, type JournalDamage, type JournalTrouble, MAX_DAMAGE_AGE_DAYS } from '../../ingest/journal.ts';
import type { QueryPlanner } from '../../query/query-planner.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import type { MeteredStore } from '../../storage/layers/metered-store.ts';
import { MAX_SET_ASIDE_BYTES, type SetAsideTotals } from '../../storage/set-aside/set-aside-file.ts';
import type { DiskWatch } from './disk-watch.ts';

export interface MonitorOptions {
  readonly version: string;
  /** Whether readings are written to the disk. */
  readonly persistence: () => boolean;
  readonly stores: readonly MeteredStore[];
  readonly window: TelemetryStore;
  readonly queries: Pick<QueryPlanner, 'status'>;
  /** Readings that a store lacks, or null. */
  readonly gapOf: (store: string) => StoreGapHealth | null;
  readonly ingest: Ingest;
  readonly journal: Journal;
  /** Null without a journal history. */
  readonly journalHistory: () => JournalHistoryHealth | null;
  readonly seriesCount: () => number;
  readonly scheduler: () => Health['scheduler'];
  /** Active models; called only while the records can be read. */
  readonly modelsLoaded: () => Promise<number>;
  readonly recordsHealth: () => Promise<Health['records'] & { error: string | null }>;
  /** Null without a data folder. */
  readonly disk: DiskWatch | null;
  /** Warnings that no other field contains. */
  readonly warnings: () => string[];
  readonly now: () => number;
  readonly startedAt: number;
}

/** Health and figures of the journal, the stores, the records and the scheduler. */
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
    const damage = journal.damage();
    const warnings = [
      ...stores.filter(({ status }) => status !== 'ok').map((store) => describeTrouble(store)),
      ...stores.flatMap(({ name, gap }) => (gap === null ? [] : [describeGap(name, gap)])),
      ...stores.flatMap(({ name, set_aside }) => (set_aside === null ? [] : [describeSetAside(name, set_aside)])),
      ...(journal.trouble === null ? [] : [describeJournal(journal.trouble)]),
      ...(damage === null ? [] : [describeDamage(damage)]),
      ...(records.error === null ? [] : [`the record store does not work: ${records.error}`]),
      ...(this.#options.disk?.warnings() ?? []),
      ...this.#options.warnings(),
    ];
    const degraded =
      journal.trouble !== null ||
      damage !== null ||
      stores.some((store) => store.status === 'failed' || store.gap !== null || store.set_aside !== null);
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
      history: this.#historyHealth(),
      journal_history: this.#options.journalHistory(),
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

  #historyHealth(): HistoryHealth {
    const { source, problem } = this.#options.queries.status();
    return {
      status: problem === null ? 'complete' : 'partial',
      source,
      problem: problem?.kind ?? null,
      store: problem?.store ?? null,
      since: problem === null ? null : formatInstant(problem.at),
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
      latency_ms: metered.latencyMs(),
      gap: this.#options.gapOf(name),
      failed_since: trouble ? formatInstant(trouble.since) : null,
      set_aside: summaryOf(metered.setAside()),
    };
  }

  async #storeMetrics(metered: MeteredStore, primary: boolean): Promise<StoreMetrics> {
    const { name, store, valuesWritten, writeTimes, readTimes } = metered;
    const { lag_batches, lag_ms, status, latency_ms, gap, set_aside } = this.#storeHealth(metered, primary);
    const stats = metered.trouble() ? { sizeBytes: null, rows: null } : await store.stats();
    return {
      name,
      type: store.type,
      primary,
      status,
      latency_ms,
      gap,
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
  return `readings have been in memory only since ${formatInstant(since)}, and would not survive a crash: ${error} Writing is retried automatically.`;
}

function describeDamage({ batches, from, until }: JournalDamage): string {
  const span = `between ${formatInstant(from)} and ${formatInstant(until)}`;
  return `the journal is damaged on disk: stores lack the readings of ${batches === 1 ? 'a batch' : `${batches} batches`} received ${span}, unless they had written them before. Check the disk. The damaged bytes are in the table journal_damaged of wattkeeper.db until the first start after ${MAX_DAMAGE_AGE_DAYS} days.`;
}

const GAP_REASONS = {
  added: 'it is new',
  left_out: 'it was not configured for some time',
  replaced: 'its data is missing or older than before',
} as const;

function describeGap(name: string, { before, reason, fill_from }: StoreGapHealth): string {
  const remedy =
    fill_from === null
      ? 'no other readable store has them: configure one that does, restore a backup, or accept it on the System page'
      : `they are copied from store ${fill_from}`;
  return `store ${name} lacks readings that arrived before ${before}, since ${GAP_REASONS[reason]}; ${remedy}`;
}

function describeTrouble(store: StoreHealth): string {
  const { name, status, lag_ms, last_error, failed_since } = store;
  if (status === 'behind') return `store ${name} is ${Math.round(lag_ms / 1000)} s behind`;
  if (failed_since === null)
    return `store ${name} does not accept readings: ${last_error}. They remain in the journal.`;
  return `store ${name} has been unavailable since ${failed_since}: ${last_error}; readings remain in the journal, and the store is retried regularly.`;
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
      : ` ${Math.round(share * 100)} % of the space for them is used; when it is full, readings remain in the journal.`;
  return `store ${name} cannot accept ${values} values (${reason}); they have been set aside since ${since} and can still be read. Correct the cause and retry them, or discard them, on the System page.${room}`;
}

/** Share of the space for set-aside values above which the warning mentions it. */
const ALMOST_FULL = 0.5;
