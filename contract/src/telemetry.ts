import { z } from 'zod';
import { Instant, NextCursor, TextList, TimePeriod } from './common.ts';
import { DeviceId, DeviceName, SeriesMetric, UnitSymbol, Warnings } from './fields.ts';

/** Bucket widths of queries; `auto` selects the finest width within max_points. */
export const Bucket = z.enum(['auto', 'raw', '1m', '5m', '15m', '30m', '1h', '1d', '1w', '1mo']).meta({
  description: 'Width of buckets; raw: samples · auto: the finest within max_points',
  examples: ['15m'],
});
export type Bucket = z.infer<typeof Bucket>;

export const Aggregate = z.enum(['mean', 'min', 'max', 'sum', 'count', 'first', 'last', 'increase', 'integral']);
export type Aggregate = z.infer<typeof Aggregate>;

const AggregateList = TextList.pipe(z.array(Aggregate)).meta({
  description:
    'mean (weighted by time), min, max, sum, count, first, last, increase (of a counter, resets handled), integral (value × hours)',
});

const ExportFormat = z
  .enum(['json', 'csv', 'parquet', 'arrow'])
  .meta({ description: 'Alternative to the Accept header, for links', examples: ['csv'] });

const SiteFilter = z
  .string()
  .optional()
  .meta({ description: 'Id or name of a site: its devices only', examples: ['Home'] });

export const TelemetryQuery = z.object({
  device_id: TextList.optional().meta({
    description: 'Device ids or names, repeated or separated by commas; default: all devices',
  }),
  site_id: SiteFilter,
  metric: TextList.optional().meta({
    description: 'Metric names, repeated or separated by commas; default: all metrics of the devices',
  }),
  start: Instant.optional().meta({ description: 'Start of the window, included; default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'End of the window, not included; default: now' }),
  bucket: Bucket.default('auto'),
  aggregate: AggregateList.optional(),
  max_points: z.coerce
    .number()
    .int()
    .min(2)
    .max(1_000_000)
    .optional()
    .meta({ description: 'Downsampling of raw data that preserves its shape, to at most this many points per series' }),
  format: ExportFormat.optional(),
});
export type TelemetryQuery = z.infer<typeof TelemetryQuery>;

const Column = z.array(z.number().nullable()).meta({
  description:
    'One value for each timestamp, in unit (count: number of samples; integral: unit × hours); null: no data',
});

export const TelemetrySeries = z
  .object({
    device_id: DeviceId,
    device_name: DeviceName,
    metric: SeriesMetric,
    unit: UnitSymbol,
    coverage: z.number().min(0).max(1).meta({ description: 'Share of the window that samples cover, 0 to 1' }),
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
  .meta({ id: 'TelemetrySeries', description: 'History of one metric of one device, in columns' });
export type TelemetrySeries = z.infer<typeof TelemetrySeries>;

export const TelemetryAnswer = z
  .object({
    time_period: TimePeriod.meta({ description: 'Window of the answer' }),
    bucket: Bucket.meta({ description: 'Width of the buckets of the answer; raw: samples' }),
    downsampled: z.boolean().meta({ description: 'True: samples were omitted to stay within max_points' }),
    warnings: z
      .array(z.string())
      .meta({ description: 'Deleted raw samples, and stores that could not be read for this answer' }),
    series: z.array(TelemetrySeries).meta({ description: 'One entry for each device and metric' }),
  })
  .meta({ id: 'TelemetryAnswer', description: 'History of series in a window' });
export type TelemetryAnswer = z.infer<typeof TelemetryAnswer>;

export const LatestQuery = z.object({
  device_id: TelemetryQuery.shape.device_id,
  site_id: SiteFilter,
  metric: TelemetryQuery.shape.metric,
});

export const LatestReading = z.object({
  device_id: DeviceId,
  device_name: DeviceName,
  values: z
    .record(
      z.string(),
      z.object({
        value: z.number().meta({ description: 'Newest value, in unit', examples: [3.2] }),
        unit: UnitSymbol,
        timestamp: Instant.meta({ description: 'Instant of the value' }),
      }),
    )
    .meta({ description: 'Newest value by metric' }),
});
export type LatestReading = z.infer<typeof LatestReading>;
export const LatestAnswer = z
  .object({
    items: z.array(LatestReading).meta({ description: 'One entry for each device' }),
    timestamp: Instant.meta({ description: 'When the answer was created' }),
    warnings: Warnings,
  })
  .meta({ id: 'LatestAnswer', description: 'Newest value of each series' });
export type LatestAnswer = z.infer<typeof LatestAnswer>;

/** Maximum number of metrics of a wide table; a file has a column for each. */
export const MAX_WIDE_METRICS = 1000;

export const EnergyDataQuery = z.object({
  device_id: z
    .string()
    .optional()
    .meta({ description: 'Id or name of a device; default: all devices', examples: ['Main meter'] }),
  start_time: Instant.optional().meta({
    description: 'Start of the window, included; default: 24 hours before the end',
  }),
  end_time: Instant.optional().meta({ description: 'End of the window, not included; default: now' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .meta({ description: 'Maximum number of records in the page' }),
  cursor: z
    .string()
    .optional()
    .meta({
      description: 'next_cursor of the previous page; files have the whole window',
      examples: ['1780000000000.0b6f…'],
    }),
  format: ExportFormat.optional(),
});
export const EnergyRecord = z
  .object({
    device_id: DeviceId,
    device_name: DeviceName,
    timestamp: Instant.meta({ description: 'Instant of the values' }),
    values: z.record(z.string(), z.number()).meta({ description: 'Value by metric, in the unit of the metric' }),
  })
  .meta({ id: 'EnergyRecord', description: 'All values of one device at one instant' });
export const EnergyDataAnswer = z.object({
  items: z.array(EnergyRecord).meta({ description: 'Records of this page, by time, then by device' }),
  next_cursor: NextCursor,
  warnings: Warnings,
});
export type EnergyDataAnswer = z.infer<typeof EnergyDataAnswer>;
