import { z } from 'zod';
import { Instant, TextList, TimePeriod } from './common.ts';

/** Bucket widths that history can be asked in; `auto` picks the finest that keeps within max_points. */
export const Bucket = z.enum(['auto', 'raw', '1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo']);
export type Bucket = z.infer<typeof Bucket>;

export const Aggregate = z.enum(['mean', 'min', 'max', 'sum', 'count', 'first', 'last', 'increase', 'integral']);
export type Aggregate = z.infer<typeof Aggregate>;

const AggregateList = TextList.pipe(z.array(Aggregate)).meta({
  description:
    'mean (weighted by time), min, max, sum, count, first, last, increase (of a counter, resets handled), integral (value × hours)',
});

const ExportFormat = z
  .enum(['json', 'csv', 'parquet', 'arrow'])
  .meta({ description: 'Instead of the Accept header, for links', examples: ['csv'] });

export const TelemetryQuery = z.object({
  device_id: TextList.optional().meta({ description: 'Device ids or names; all devices when left out' }),
  site_id: z.string().optional().meta({ description: 'Keep to the devices of this site' }),
  metric: TextList.optional().meta({ description: 'Metric names; all metrics of the devices when left out' }),
  start: Instant.optional().meta({ description: 'Default: 24 h before end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
  bucket: Bucket.default('auto'),
  aggregate: AggregateList.optional(),
  max_points: z.coerce
    .number()
    .int()
    .min(2)
    .max(1_000_000)
    .optional()
    .meta({ description: 'Shape-keeping downsampling of raw data to at most this many points a series' }),
  format: ExportFormat.optional(),
});
export type TelemetryQuery = z.infer<typeof TelemetryQuery>;

const Column = z.array(z.number().nullable());

export const TelemetrySeries = z
  .object({
    device_id: z.uuid(),
    device_name: z.string(),
    metric: z.string(),
    unit: z.string(),
    coverage: z.number().min(0).max(1).meta({ description: 'Share of the window that samples cover' }),
    timestamps: z.array(Instant).meta({ description: 'Instants of samples, or starts of buckets' }),
    value: Column.optional(),
    mean: Column.optional(),
    min: Column.optional(),
    max: Column.optional(),
    sum: Column.optional(),
    count: Column.optional(),
    first: Column.optional(),
    last: Column.optional(),
    increase: Column.optional(),
    integral: Column.optional(),
  })
  .meta({ id: 'TelemetrySeries' });
export type TelemetrySeries = z.infer<typeof TelemetrySeries>;

export const TelemetryAnswer = z
  .object({
    time_period: TimePeriod,
    bucket: Bucket,
    downsampled: z.boolean(),
    warnings: z
      .array(z.string())
      .meta({ description: 'Raw samples that are gone, and stores that could not be read for this answer' }),
    series: z.array(TelemetrySeries),
  })
  .meta({ id: 'TelemetryAnswer' });
export type TelemetryAnswer = z.infer<typeof TelemetryAnswer>;

export const LatestQuery = z.object({
  device_id: TextList.optional(),
  site_id: z.string().optional(),
  metric: TextList.optional(),
});

export const LatestReading = z.object({
  device_id: z.uuid(),
  device_name: z.string(),
  values: z.record(z.string(), z.object({ value: z.number(), unit: z.string(), timestamp: Instant })),
});
export type LatestReading = z.infer<typeof LatestReading>;
export const LatestAnswer = z
  .object({ items: z.array(LatestReading), timestamp: Instant, warnings: z.array(z.string()) })
  .meta({ id: 'LatestAnswer' });
export type LatestAnswer = z.infer<typeof LatestAnswer>;

export const EnergyDataQuery = z.object({
  device_id: z.string().optional(),
  start_time: Instant.optional(),
  end_time: Instant.optional(),
  limit: z.coerce.number().int().min(1).max(100_000).default(10_000),
  cursor: z
    .string()
    .optional()
    .meta({
      description: 'next_cursor of the page before; files have the whole window',
      examples: ['1780000000000.0b6f…'],
    }),
  format: ExportFormat.optional(),
});
export const EnergyRecord = z
  .object({
    device_id: z.uuid(),
    device_name: z.string(),
    timestamp: Instant,
    values: z.record(z.string(), z.number()),
  })
  .meta({ id: 'EnergyRecord', description: 'All values of one device at one instant' });
export const EnergyDataAnswer = z.object({
  items: z.array(EnergyRecord),
  next_cursor: z.string().nullable(),
  warnings: z.array(z.string()),
});
export type EnergyDataAnswer = z.infer<typeof EnergyDataAnswer>;
