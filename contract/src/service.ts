import { z } from 'zod';
import { Instant } from './common.ts';
import { DeviceId, LastError, SeriesMetric } from './fields.ts';
import { SetAsideSummary } from './storage/set-aside.ts';

export const StoreGapHealth = z.object({
  before: Instant.meta({ description: 'Readings that arrived before this instant are missing, or may be' }),
  reason: z.enum(['added', 'left_out', 'replaced']).meta({
    description:
      'added: the store is new · left_out: it was not configured for a time · replaced: its data is gone, or older than it was',
  }),
  fill_from: z
    .string()
    .nullable()
    .meta({ description: 'Store that it is filled from; null: no store has the readings' }),
});
export type StoreGapHealth = z.infer<typeof StoreGapHealth>;

const StoreName = z.string().meta({ description: 'Name of the store in the configuration', examples: ['history'] });
const StoreType = z.string().meta({ description: 'Engine of the store', examples: ['sqlite', 'postgres', 'influxdb'] });
const Primary = z.boolean().meta({ description: 'True: the first store of the configuration, which is read first' });
const LagBatches = z
  .number()
  .int()
  .meta({ description: 'Batches that the store has not taken yet', examples: [0] });
const LagMs = z.number().meta({ description: 'Age of the oldest batch that it has not taken yet, ms', examples: [0] });

export const StoreHealth = z.object({
  name: StoreName,
  type: StoreType,
  primary: Primary,
  status: z
    .enum(['ok', 'behind', 'failed'])
    .meta({ description: 'behind: its newest batches are late · failed: it cannot be written or read at present' }),
  lag_batches: LagBatches,
  lag_ms: LagMs,
  last_error: LastError,
  latency_ms: z.number().nullable().meta({
    description:
      'Time that the newest answer of the store took, ms; while one is awaited for longer, that wait; null before the first',
  }),
  gap: StoreGapHealth.nullable().meta({ description: 'Readings that the store lacks; null: none' }),
  failed_since: Instant.nullable().meta({ description: 'Since when it cannot be used at all; null while it can' }),
  set_aside: SetAsideSummary.nullable().meta({
    description: 'Values that the store can never take, kept beside it: GET /storage/set-aside lists them',
  }),
});
export type StoreHealth = z.infer<typeof StoreHealth>;

export const HistoryHealth = z
  .object({
    status: z
      .enum(['complete', 'partial'])
      .meta({ description: 'partial: answers about the past may lack readings at present' }),
    source: z.string().nullable().meta({ description: 'Store that is read; null: memory and journal alone' }),
    problem: z.enum(['unavailable', 'gap']).nullable().meta({
      description: 'Why it is partial: a store is unavailable, or has a gap; null while it is complete',
    }),
    store: z.string().nullable().meta({ description: 'Store that has this problem; null: none' }),
    since: Instant.nullable().meta({
      description:
        'Since when it is unavailable; or the instant before which readings arrived that it lacks; null: no problem',
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
      .meta({ description: 'Batches that only the journal has; it is not trimmed before them' }),
    lag_ms: z.number().meta({ description: 'Age of the oldest of these batches, ms' }),
    last_error: LastError,
  })
  .meta({
    id: 'JournalHistoryHealth',
    description: 'State of the journal history, from which an instant can be restored',
  });
export type JournalHistoryHealth = z.infer<typeof JournalHistoryHealth>;

export const Health = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']).meta({
      description:
        'degraded: it works, but a store or the journal does not, or data is missing · unhealthy: the records cannot be used; answered with 503',
    }),
    service: z.literal('wattkeeper').meta({ description: 'Always wattkeeper: what answers here' }),
    version: z.string().meta({ description: 'Version of the service', examples: ['0.1.0'] }),
    timestamp: Instant.meta({ description: 'When the state was read' }),
    database: z.enum(['ok', 'memory', 'failed']).meta({
      description:
        'ok: readings are on disk · memory: new readings are in memory alone · failed: the records cannot be used',
    }),
    scheduler: z.enum(['running', 'stopped']).meta({ description: 'stopped: no job is started by its schedule' }),
    models_loaded: z
      .number()
      .int()
      .meta({ description: 'Baselines in use, and loads whose forecast model is chosen, by horizon' }),
    persistence: z.boolean().meta({ description: 'Whether readings are written to disk' }),
    records: z
      .object({
        type: z.enum(['sqlite', 'postgres']).meta({ description: 'Engine of the records' }),
        status: z.enum(['ok', 'failed']).meta({ description: 'failed: they cannot be read or written at present' }),
      })
      .meta({ description: 'Where sites, devices, tariffs and users are kept' }),
    stores: z.array(StoreHealth).meta({ description: 'Telemetry stores, in the order of the configuration' }),
    history: HistoryHealth.meta({ description: 'Whether answers about the past are complete at present' }),
    journal_history: JournalHistoryHealth.nullable().meta({
      description: 'How the history of the journal follows, for restores to an instant; null where it is off',
    }),
    uptime_s: z.number().meta({ description: 'Time since the start, seconds', examples: [86400] }),
    warnings: z
      .array(z.string())
      .meta({ description: 'What needs attention, a sentence each; empty when nothing does', examples: [[]] }),
  })
  .meta({ id: 'Health', description: 'State of the service and of its parts' });
export type Health = z.infer<typeof Health>;

/** Public part of `Health`, for load balancers and watchdogs. */
export const HealthStatus = Health.pick({ status: true, version: true, timestamp: true }).meta({
  id: 'HealthStatus',
  description: 'State of the service, as callers see it who may not read',
});

export const SourceHealth = z
  .object({
    name: z.string().meta({ description: 'Name of the source in the configuration', examples: ['inverter'] }),
    type: z.string().meta({ description: 'Kind of source', examples: ['simulator'] }),
    status: z.enum(['running', 'waiting', 'failed', 'idle']).meta({
      description:
        'running: readings arrive · waiting: it tries again soon · failed: an error ended it · idle: it has not begun, or has ended',
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
  p95: z.number().meta({ description: '95 % took at most this long, ms' }),
  p99: z.number().meta({ description: '99 % took at most this long, ms' }),
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
    .meta({ description: 'Size of the store, bytes; null where the engine cannot tell or the store cannot be read' }),
  compression_ratio: z.number().nullable().meta({
    description:
      'Size of the values with their instants at 16 bytes each ÷ size of the store; null where the store is empty or its size is unknown',
  }),
  rows: z
    .number()
    .nullable()
    .meta({ description: 'Rows in the store; null where the engine cannot tell or the store cannot be read' }),
  series: z.number().int().meta({ description: 'Series that the service knows: pairs of device and metric' }),
  values_written: z.number().meta({ description: 'Values written since the start' }),
  lag_batches: LagBatches,
  lag_ms: LagMs,
  set_aside: SetAsideSummary.nullable().meta({ description: 'Values that the store can never take, kept beside it' }),
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
    .meta({ description: 'Growth of the data folder, bytes a day; null while less than a day is known' }),
  full_in_days: z
    .number()
    .nullable()
    .meta({ description: 'Days until the disk is full at this rate; null where it does not grow' }),
  full_at: Instant.nullable().meta({ description: 'When the disk is full at this rate; null where it does not grow' }),
});
export type DiskMetrics = z.infer<typeof DiskMetrics>;

export const StorageMetrics = z
  .object({
    generated_at: Instant.meta({ description: 'When the figures were read' }),
    stores: z.array(StoreMetrics).meta({ description: 'Telemetry stores, in the order of the configuration' }),
    journal: z
      .object({
        durable: z.boolean().meta({ description: 'True: batches are on disk before they are acknowledged' }),
        batches: z.number().int().meta({ description: 'Batches that some store has not taken yet' }),
        bytes: z.number().meta({ description: 'Size of these batches, bytes' }),
        oldest_at: Instant.nullable().meta({ description: 'When the oldest of them arrived; null: there are none' }),
        commit_ms: Durations.nullable().meta({
          description: 'Durations of the newest commits, ms; null before the first',
        }),
      })
      .meta({ description: 'The journal, which every reading is written to first' }),
    ingest: z
      .object({
        values_per_s: z.number().meta({ description: 'Values accepted a second, mean of the last minute' }),
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
  .meta({ id: 'QuarantinedValue', description: 'An implausible value, kept apart until someone decides' });
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
    progress: z.number().min(0).max(1).meta({ description: 'Share that is done, 0 to 1' }),
    started_at: Instant.meta({ description: 'When the switch began' }),
    finished_at: Instant.nullable().meta({ description: 'When it ended; null before' }),
    error: z.string().nullable().meta({ description: 'Why it failed; null unless it did' }),
  })
  .meta({ id: 'FeatureChange', description: 'Progress of a switch that takes time' });
export type FeatureChange = z.infer<typeof FeatureChange>;

export const Feature = z
  .object({
    name: z.string().meta({ description: 'Name of the flag', examples: ['forecasting'] }),
    label: z.string().meta({ description: 'Name for people', examples: ['Forecasts'] }),
    description: z.string().meta({ description: 'Effect of the feature, in a sentence' }),
    enabled: z.boolean().meta({ description: 'Whether the feature is switched on' }),
    active: z
      .boolean()
      .meta({ description: 'Whether it is in force: false also while a feature that it depends on is off' }),
    depends_on: z.array(z.string()).meta({ description: 'Names of the flags that it needs' }),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it is not in force although it is switched on; null otherwise' }),
    change: FeatureChange.optional().meta({
      description:
        'Of the flag persistence, in a service that was started without a data folder: progress of the move to disk that the newest switch began. Ask again until its state is not `running`',
    }),
  })
  .meta({ id: 'Feature', description: 'A feature flag' });
export type Feature = z.infer<typeof Feature>;
export const FeaturePatch = z
  .object({ enabled: z.boolean().meta({ description: 'True: switch the feature on; false: off' }) })
  .strict();
