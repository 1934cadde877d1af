import { z } from 'zod';
import { Instant } from './common.ts';
import { SetAsideSummary } from './set-aside.ts';

export const StoreGapHealth = z.object({
  before: Instant.meta({ description: 'Readings that arrived before this instant are missing, or may be' }),
  reason: z
    .enum(['added', 'left_out', 'replaced'])
    .meta({ description: 'It is new; it was not configured for a time; its data is gone, or older than it was' }),
  fill_from: z.string().nullable().meta({ description: 'Store that it is filled from; null: none has the readings' }),
});
export type StoreGapHealth = z.infer<typeof StoreGapHealth>;

export const StoreHealth = z.object({
  name: z.string(),
  type: z.string(),
  primary: z.boolean(),
  status: z.enum(['ok', 'behind', 'failed']),
  lag_batches: z.number().int(),
  lag_ms: z.number(),
  last_error: z.string().nullable(),
  latency_ms: z.number().nullable().meta({
    description: 'Of the newest answer; while one is awaited for longer, of that wait; null before the first',
  }),
  gap: StoreGapHealth.nullable().meta({ description: 'Null while it lacks nothing' }),
  failed_since: Instant.nullable().meta({ description: 'Since when it cannot be used at all; null while it can' }),
  set_aside: SetAsideSummary.nullable().meta({
    description: 'Values that the store can never take, kept beside it: GET /storage/set-aside lists them',
  }),
});
export type StoreHealth = z.infer<typeof StoreHealth>;

export const HistoryHealth = z
  .object({
    status: z.enum(['complete', 'partial']),
    source: z.string().nullable().meta({ description: 'Store that is read; null: memory and journal alone' }),
    problem: z.enum(['unavailable', 'gap']).nullable().meta({ description: 'Why it is partial' }),
    store: z.string().nullable().meta({ description: 'Store that has this problem' }),
    since: Instant.nullable().meta({
      description: 'Since when it is unavailable; or the instant before which readings arrived that it lacks',
    }),
  })
  .meta({ id: 'HistoryHealth', description: 'Whether answers about the past are complete at present' });
export type HistoryHealth = z.infer<typeof HistoryHealth>;

export const JournalHistoryHealth = z
  .object({
    status: z.enum(['ok', 'behind', 'failed']),
    lag_batches: z
      .number()
      .int()
      .meta({ description: 'Batches that only the journal has; it is not trimmed before them' }),
    lag_ms: z.number(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'JournalHistoryHealth' });
export type JournalHistoryHealth = z.infer<typeof JournalHistoryHealth>;

export const Health = z
  .object({
    status: z.enum(['healthy', 'degraded', 'unhealthy']),
    service: z.literal('wattkeeper'),
    version: z.string(),
    timestamp: Instant,
    database: z.enum(['ok', 'memory', 'failed']),
    scheduler: z.enum(['running', 'stopped']),
    models_loaded: z
      .number()
      .int()
      .meta({ description: 'Baselines in use, and loads whose forecast model is chosen, by horizon' }),
    persistence: z.boolean(),
    records: z
      .object({ type: z.enum(['sqlite', 'postgres']), status: z.enum(['ok', 'failed']) })
      .meta({ description: 'Where sites, devices, tariffs and users are kept' }),
    stores: z.array(StoreHealth),
    history: HistoryHealth,
    journal_history: JournalHistoryHealth.nullable().meta({
      description: 'How the history of the journal follows, for restores to an instant; null where it is off',
    }),
    uptime_s: z.number(),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof Health>;

/** Public part of `Health`, for load balancers and watchdogs. */
export const HealthStatus = Health.pick({ status: true, version: true, timestamp: true }).meta({ id: 'HealthStatus' });

export const SourceHealth = z
  .object({
    name: z.string(),
    type: z.string(),
    status: z.enum(['running', 'waiting', 'failed', 'idle']),
    last_reading_at: Instant.nullable(),
    values: z.number().int().meta({ description: 'Values taken since start' }),
    rejected: z.number().int(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'SourceHealth' });
export type SourceHealth = z.infer<typeof SourceHealth>;

export const StoreMetrics = z.object({
  name: z.string(),
  type: z.string(),
  primary: z.boolean(),
  status: StoreHealth.shape.status,
  latency_ms: StoreHealth.shape.latency_ms,
  gap: StoreHealth.shape.gap,
  size_bytes: z.number().nullable(),
  compression_ratio: z.number().nullable().meta({
    description:
      'Size of the values with their instants at 16 bytes each ÷ size of the store; null where it is empty or cannot tell',
  }),
  rows: z.number().nullable(),
  series: z.number().int(),
  values_written: z.number(),
  lag_batches: z.number().int(),
  lag_ms: z.number(),
  set_aside: SetAsideSummary.nullable().meta({ description: 'Values that the store can never take, kept beside it' }),
  write_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
  read_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
});
export type StoreMetrics = z.infer<typeof StoreMetrics>;

export const DiskMetrics = z.object({
  free_bytes: z.number(),
  total_bytes: z.number(),
  used_bytes: z.number().meta({ description: 'By the data folder' }),
  growth_bytes_per_day: z
    .number()
    .nullable()
    .meta({ description: 'Of the data folder; null while less than a day is known' }),
  full_in_days: z.number().nullable().meta({ description: 'At this rate; null where it does not grow' }),
  full_at: Instant.nullable(),
});
export type DiskMetrics = z.infer<typeof DiskMetrics>;

export const StorageMetrics = z
  .object({
    generated_at: Instant,
    stores: z.array(StoreMetrics),
    journal: z.object({
      durable: z.boolean(),
      batches: z.number().int().meta({ description: 'Batches that some store has not taken yet' }),
      bytes: z.number(),
      oldest_at: Instant.nullable(),
      commit_ms: z.object({ p50: z.number(), p95: z.number(), p99: z.number() }).nullable(),
    }),
    ingest: z.object({
      values_per_s: z.number().meta({ description: 'Mean of the last minute' }),
      accepted: z.number(),
      rejected: z.number(),
      quarantined: z.number(),
      per_minute: z
        .array(z.number())
        .meta({ description: 'Values taken in each of the last 60 minutes, oldest first' }),
    }),
    disk: DiskMetrics.nullable().meta({ description: 'Null without a data folder' }),
    memory: z.object({ window_bytes: z.number(), window_rows: z.number(), resident_bytes: z.number() }),
  })
  .meta({ id: 'StorageMetrics' });
export type StorageMetrics = z.infer<typeof StorageMetrics>;

export const QuarantinedValue = z
  .object({
    id: z.number().int(),
    device_id: z.string(),
    metric: z.string(),
    timestamp: Instant,
    value: z.number(),
    reason: z.string(),
    received_at: Instant,
  })
  .meta({ id: 'QuarantinedValue' });
export type QuarantinedValue = z.infer<typeof QuarantinedValue>;
export const QuarantineDecision = z.object({
  ids: z.array(z.number().int()).min(1).max(10_000),
  decision: z.enum(['accept', 'discard']),
});

export const FeatureChange = z
  .object({
    state: z.enum(['running', 'succeeded', 'failed']),
    step: z.enum(['readings', 'records', 'start']).meta({
      description: 'What is copied to disk, and at last the start on it, in which requests wait for their answers',
    }),
    progress: z.number().min(0).max(1).meta({ description: 'Share of the whole that is done' }),
    started_at: Instant,
    finished_at: Instant.nullable(),
    error: z.string().nullable().meta({ description: 'Why it failed; the service then continues in memory' }),
  })
  .meta({ id: 'FeatureChange' });
export type FeatureChange = z.infer<typeof FeatureChange>;

export const Feature = z
  .object({
    name: z.string(),
    label: z.string(),
    description: z.string(),
    enabled: z.boolean().meta({ description: 'What is asked for' }),
    active: z.boolean().meta({ description: 'What is in force: off when something it depends on is off' }),
    depends_on: z.array(z.string()),
    reason: z.string().nullable(),
    change: FeatureChange.optional().meta({
      description:
        'Of persistence in a service that was started without a data folder: how the move to disk stands that the newest switch began. Ask again until its state is not `running`',
    }),
  })
  .meta({ id: 'Feature' });
export type Feature = z.infer<typeof Feature>;
export const FeaturePatch = z.object({ enabled: z.boolean() }).strict();
