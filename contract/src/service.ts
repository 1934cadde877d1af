import { z } from 'zod';
import { Instant } from './common.ts';
import { DeviceId, LastError, SeriesMetric } from './fields.ts';
import { SetAsideSummary } from './storage/set-aside.ts';

export const StoreGapHealth = z.object({
  before: Instant.meta({ description: 'Readings that arrived before this instant are or may be missing' }),
  reason: z.enum(['added', 'left_out', 'replaced']).meta({
    description:
      'added: the store is new · left_out: it was not configured for a time · replaced: its data is missing or older than before',
  }),
  fill_from: z
    .string()
    .nullable()
    .meta({ description: 'Store from which it is filled; null: no store has the readings' }),
});
export type StoreGapHealth = z.infer<typeof StoreGapHealth>;

const StoreName = z.string().meta({ description: 'Name of the store in the configuration', examples: ['history'] });
const StoreType = z.string().meta({ description: 'Engine of the store', examples: ['sqlite', 'postgres', 'influxdb'] });
const Primary = z
  .boolean()
  .meta({ description: 'True: the first store of the configuration, which queries read first' });
const LagBatches = z
  .number()
  .int()
  .meta({ description: 'Batches not yet written to the store', examples: [0] });
const LagMs = z.number().meta({ description: 'Age of the oldest batch not yet written to it, ms', examples: [0] });

export const StoreHealth = z.object({
  name: StoreName,
  type: StoreType,
  primary: Primary,
  status: z
    .enum(['ok', 'behind', 'failed'])
    .meta({ description: 'behind: its newest batches are late · failed: it cannot be written or read' }),
  lag_batches: LagBatches,
  lag_ms: LagMs,
  last_error: LastError,
  latency_ms: z.number().nullable().meta({
    description: "Response time of the store's latest answer, ms, or the current wait if that is longer; null: not yet",
  }),
  gap: StoreGapHealth.nullable().meta({ description: 'Readings that the store lacks; null: none' }),
  failed_since: Instant.nullable().meta({ description: 'Since when it is unavailable; null: it is available' }),
  set_aside: SetAsideSummary.nullable().meta({
    description: 'Values that the store permanently rejects, set aside: GET /storage/set-aside lists them',
  }),
});
export type StoreHealth = z.infer<typeof StoreHealth>;

export const HistoryHealth = z
  .object({
    status: z
      .enum(['complete', 'partial'])
      .meta({ description: 'partial: answers about the past may lack readings at present' }),
    source: z.string().nullable().meta({ description: 'Store that queries read; null: memory and journal only' }),
    problem: z.enum(['unavailable', 'gap']).nullable().meta({
      description: 'Why it is partial: a store is unavailable, or has a gap; null: it is complete',
    }),
    store: z.string().nullable().meta({ description: 'Store that has this problem; null: none' }),
    since: Instant.nullable().meta({
      description: 'Since when it is unavailable, or the instant before which readings are missing; null: no problem',
    }),
  })
  .meta({ id: 'HistoryHealth', description: 'Whether answers about the past are complete at present' });
export type HistoryHealth = z.infer<typeof HistoryHealth>;

export const JournalHistoryHealth = z
  .object({
    status: z
      .enum(['ok', 'behind', 'failed'])
      .meta({ description: 'behind: its newest batches are late · failed: it cannot be written at present' }),
    lag_batches: z
      .number()
      .int()
      .meta({ description: 'Batches that only the journal has, which are retained until then' }),
    lag_ms: z.number().meta({ description: 'Age of the oldest of these batches, ms' }),
    last_error: LastError,
  })
  .meta({
    id: 'JournalHistoryHealth',
    description: 'State of the journal history, from which any instant can be restored',
  });
export type JournalHistoryHealth = z.infer<typeof JournalHistoryHealth>;

export const Health = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']).meta({
      description:
        'degraded: it works, but a store or the journal does not, or data is missing · unhealthy: the records cannot be used; answered with 503',
    }),
    service: z.literal('wattkeeper').meta({ description: 'Always wattkeeper: identifies the service' }),
    version: z.string().meta({ description: 'Version of the service', examples: ['0.1.0'] }),
    timestamp: Instant.meta({ description: 'When the state was read' }),
    database: z.enum(['ok', 'memory', 'failed']).meta({
      description:
        'ok: readings are on disk · memory: new readings are in memory only · failed: the records cannot be used',
    }),
    scheduler: z.enum(['running', 'stopped']).meta({ description: 'stopped: no job is started by its schedule' }),
    models_loaded: z
      .number()
      .int()
      .meta({ description: 'Active baselines, and loads with a selected forecast model, by horizon' }),
    persistence: z.boolean().meta({ description: 'Whether readings are written to disk' }),
    records: z
      .object({
        type: z.enum(['sqlite', 'postgres']).meta({ description: 'Engine of the records' }),
        status: z.enum(['ok', 'failed']).meta({ description: 'failed: they cannot be read or written at present' }),
      })
      .meta({ description: 'Storage of sites, devices, tariffs and users' }),
    stores: z.array(StoreHealth).meta({ description: 'Telemetry stores, in the order of the configuration' }),
    history: HistoryHealth.meta({ description: 'Whether answers about the past are complete at present' }),
    journal_history: JournalHistoryHealth.nullable().meta({
      description: 'State of the journal history, for restores to an instant; null if it is off',
    }),
    uptime_s: z.number().meta({ description: 'Time since the start, seconds', examples: [86400] }),
    warnings: z
      .array(z.string())
      .meta({ description: 'Problems that need attention, a sentence each; empty without any', examples: [[]] }),
  })
  .meta({ id: 'Health', description: 'State of the service and of its parts' });
export type Health = z.infer<typeof Health>;

/** Public part of `Health`, for load balancers and watchdogs. */
export const HealthStatus = Health.pick({ status: true, version: true, timestamp: true }).meta({
  id: 'HealthStatus',
  description: 'State of the service, for callers who may not read',
});

export const SourceHealth = z
  .object({
    name: z.string().meta({ description: 'Name of the source in the configuration', examples: ['inverter'] }),
    type: z.string().meta({ description: 'Kind of source', examples: ['simulator'] }),
    status: z.enum(['running', 'waiting', 'failed', 'idle']).meta({
      description:
        'running: readings arrive · waiting: it retries soon · failed: ended by an error · idle: not started, or ended',
    }),
    last_reading_at: Instant.nullable().meta({
      description: 'Instant of its newest reading; null: none since the start',
    }),
    values: z.number().int().meta({ description: 'Values accepted since the start' }),
    rejected: z.number().int().meta({ description: 'Values rejected since the start' }),
    last_error: LastError,
  })
  .meta({ id: 'SourceHealth', description: 'State of a source of readings' });
export type SourceHealth = z.infer<typeof SourceHealth>;

/** Quantiles of durations. */
const Durations = z.object({
  p50: z.number().meta({ description: 'Median, ms' }),
  p95: z.number().meta({ description: '95th percentile, ms' }),
  p99: z.number().meta({ description: '99th percentile, ms' }),
});

export const StoreMetrics = z.object({
  name: StoreName,
  type: StoreType,
  primary: Primary,
  status: StoreHealth.shape.status,
  latency_ms: StoreHealth.shape.latency_ms,
  gap: StoreHealth.shape.gap,
  size_bytes: z
    .number()
    .nullable()
    .meta({ description: 'Size of the store, bytes; null: not supported by the engine, or the store cannot be read' }),
  compression_ratio: z.number().nullable().meta({
    description:
      'Size of the values with their instants at 16 bytes each ÷ size of the store; null: the store is empty or its size is unknown',
  }),
  rows: z
    .number()
    .nullable()
    .meta({ description: 'Rows in the store; null: not supported by the engine, or the store cannot be read' }),
  series: z.number().int().meta({ description: 'Known series: pairs of device and metric' }),
  values_written: z.number().meta({ description: 'Values written since the start' }),
  lag_batches: LagBatches,
  lag_ms: LagMs,
  set_aside: SetAsideSummary.nullable().meta({ description: 'Values that the store permanently rejects, set aside' }),
  write_ms: Durations.nullable().meta({ description: 'Durations of the newest writes, ms; null before the first' }),
  read_ms: Durations.nullable().meta({ description: 'Durations of the newest reads, ms; null before the first' }),
});
export type StoreMetrics = z.infer<typeof StoreMetrics>;

export const DiskMetrics = z.object({
  free_bytes: z.number().meta({ description: 'Free space of the disk, bytes' }),
  total_bytes: z.number().meta({ description: 'Size of the disk, bytes' }),
  used_bytes: z.number().meta({ description: 'Size of the data folder, bytes' }),
  growth_bytes_per_day: z
    .number()
    .nullable()
    .meta({ description: 'Growth of the data folder, bytes a day; null: less than a day of data' }),
  full_in_days: z
    .number()
    .nullable()
    .meta({ description: 'Days until the disk is full at this rate; null: it does not grow' }),
  full_at: Instant.nullable().meta({ description: 'When the disk is full at this rate; null: it does not grow' }),
});
export type DiskMetrics = z.infer<typeof DiskMetrics>;

export const StorageMetrics = z
  .object({
    generated_at: Instant.meta({ description: 'When the figures were read' }),
    stores: z.array(StoreMetrics).meta({ description: 'Telemetry stores, in the order of the configuration' }),
    journal: z
      .object({
        durable: z.boolean().meta({ description: 'True: batches are on disk before they are acknowledged' }),
        batches: z.number().int().meta({ description: 'Batches that at least one store has not taken yet' }),
        bytes: z.number().meta({ description: 'Size of these batches, bytes' }),
        oldest_at: Instant.nullable().meta({ description: 'Arrival of the oldest of them; null: there are none' }),
        commit_ms: Durations.nullable().meta({
          description: 'Durations of the newest commits, ms; null before the first',
        }),
      })
      .meta({ description: 'The journal, to which every reading is written first' }),
    ingest: z
      .object({
        values_per_s: z.number().meta({ description: 'Accepted values per second, mean of the last minute' }),
        accepted: z.number().meta({ description: 'Values accepted since the start' }),
        rejected: z.number().meta({ description: 'Values rejected since the start' }),
        quarantined: z.number().meta({ description: 'Implausible values put in quarantine since the start' }),
        per_minute: z
          .array(z.number())
          .meta({ description: 'Values accepted in each of the last 60 minutes, oldest first' }),
      })
      .meta({ description: 'Arrival of readings' }),
    disk: DiskMetrics.nullable().meta({ description: 'Disk of the data folder; null without one' }),
    memory: z
      .object({
        window_bytes: z.number().meta({ description: 'Size of the recent readings in memory, bytes' }),
        window_rows: z.number().meta({ description: 'Rows of the recent readings in memory' }),
        resident_bytes: z.number().meta({ description: 'Memory of the process (RSS), bytes' }),
      })
      .meta({ description: 'Memory of the service' }),
  })
  .meta({ id: 'StorageMetrics', description: 'Sizes, rates and durations of stores, journal and ingest' });
export type StorageMetrics = z.infer<typeof StorageMetrics>;

export const QuarantinedValue = z
  .object({
    id: z.number().int().meta({ description: 'Number of the entry, for the decision' }),
    device_id: z.string().meta(DeviceId.meta()!),
    metric: SeriesMetric,
    timestamp: Instant.meta({ description: 'Instant of the value' }),
    value: z.number().meta({ description: 'The implausible value, in the unit of the metric' }),
    reason: z.string().meta({ description: 'Why it is implausible' }),
    received_at: Instant.meta({ description: 'When it arrived' }),
  })
  .meta({ id: 'QuarantinedValue', description: 'An implausible value, stored separately until a user decides' });
export type QuarantinedValue = z.infer<typeof QuarantinedValue>;
export const QuarantineDecision = z.object({
  ids: z.array(z.number().int()).min(1).max(10_000).meta({ description: 'Ids of entries of the quarantine' }),
  decision: z
    .enum(['accept', 'discard'])
    .meta({ description: 'accept: the values become part of the history · discard: they are deleted' }),
});

export const FeatureChange = z
  .object({
    state: z
      .enum(['running', 'succeeded', 'failed'])
      .meta({ description: 'failed: nothing changed, and the service continues in memory' }),
    step: z.enum(['readings', 'records', 'start']).meta({
      description:
        'readings, records: these are copied to disk · start: the service starts on the disk, and requests wait for their answers',
    }),
    progress: z.number().min(0).max(1).meta({ description: 'Progress, 0 to 1' }),
    started_at: Instant.meta({ description: 'When the switch started' }),
    finished_at: Instant.nullable().meta({ description: 'When it ended; null before' }),
    error: z.string().nullable().meta({ description: 'Why it failed; null: it did not fail' }),
  })
  .meta({ id: 'FeatureChange', description: 'Progress of a switch that takes time' });
export type FeatureChange = z.infer<typeof FeatureChange>;

export const Feature = z
  .object({
    name: z.string().meta({ description: 'Name of the flag', examples: ['forecasting'] }),
    label: z.string().meta({ description: 'Display name', examples: ['Forecasts'] }),
    description: z.string().meta({ description: 'Effect of the feature, in a sentence' }),
    enabled: z.boolean().meta({ description: 'Whether the feature is switched on' }),
    active: z.boolean().meta({ description: 'Whether it is in effect: false if a feature that it depends on is off' }),
    depends_on: z.array(z.string()).meta({ description: 'Names of the flags that it requires' }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it is not in effect although it is switched on; null otherwise' }),
    change: FeatureChange.optional().meta({
      description:
        'For the flag persistence of a service that was started without a data folder: progress of the latest move to disk. Poll until its state is not `running`',
    }),
  })
  .meta({ id: 'Feature', description: 'A feature flag' });
export type Feature = z.infer<typeof Feature>;
export const FeaturePatch = z
  .object({ enabled: z.boolean().meta({ description: 'True: switch the feature on; false: off' }) })
  .strict();
