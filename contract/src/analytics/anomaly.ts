import { z } from 'zod';
import { Instant, limitOf, PageQuery, pageOf, TimePeriod } from '../common.ts';
import {
  DeviceReference,
  EntryId,
  machineFields,
  SeriesMetric,
  SiteReference,
  UnitSymbol,
  Warnings,
} from '../fields.ts';

export const AnomalyType = z
  .enum(['power_spike', 'drop', 'temperature_spike', 'pressure', 'efficiency_drop', 'unusual_pattern', 'stuck_sensor'])
  .meta({
    description:
      'power_spike: more than expected; drop: less; efficiency_drop: more for eight hours or longer; unusual_pattern: power while it should be idle; temperature_spike, pressure: outside the expected range; stuck_sensor: repeats one value',
  });
export type AnomalyType = z.infer<typeof AnomalyType>;

export const AnomalySeverity = z
  .enum(['warning', 'critical'])
  .meta({ description: 'critical: beyond 3 σ on the mean of the event' });
export type AnomalySeverity = z.infer<typeof AnomalySeverity>;

export const AnomalyFeature = z
  .enum([
    'deviation',
    'lasting_deviation',
    'temperature_difference',
    'pressure_change',
    'mode_change',
    'hour',
    'weekday',
  ])
  .meta({
    description:
      'deviation: from the expected value; lasting_deviation: mean deviation over eight hours; temperature_difference: from the ambient temperature; pressure_change: from the median pressure; mode_change: of the operating status; hour, weekday: time of the event',
  });
export type AnomalyFeature = z.infer<typeof AnomalyFeature>;

export const AnomalyLabel = z
  .enum(['right', 'wrong'])
  .meta({ description: "A user's assessment; right: an anomaly; wrong: normal operation" });
export type AnomalyLabel = z.infer<typeof AnomalyLabel>;

export const Anomaly = z
  .object({
    id: EntryId,
    ...machineFields,
    start: Instant.meta({ description: 'Start of its first quarter hour' }),
    end: Instant.meta({ description: 'End of its last quarter hour' }),
    detected_at: Instant.meta({ description: 'Time of detection' }),
    anomaly_type: AnomalyType,
    severity: AnomalySeverity,
    metric_name: SeriesMetric.meta({ description: 'Metric that deviates, as group.quantity' }),
    unit: UnitSymbol.meta({ description: 'Unit of metric_value and expected_value' }),
    metric_value: z.number().meta({ description: 'Mean over the event, in `unit`', examples: [14.2] }),
    expected_value: z
      .number()
      .nullable()
      .meta({ description: 'Mean of the expected values, in `unit`; null for a stuck sensor', examples: [9.8] }),
    deviation_percent: z
      .number()
      .nullable()
      .meta({
        description:
          'Deviation from the expected value, percent of the expected value; null if there is none or it is 0',
        examples: [44.9],
      }),
    confidence_score: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: '0.5 at the limit above which an anomaly is reported, approaching 1 above it' }),
    strength: z.number().meta({
      description: 'Deviation in standard deviations of stretches of the same length; hours for a stuck sensor',
    }),
    extra_energy_kwh: z.number().nullable().meta({
      description: 'Energy above the expected energy, kWh; negative: below; null if the metric is not a power',
    }),
    reasons: z
      .array(z.object({ feature: AnomalyFeature, share: z.number().meta({ description: 'Share of the score, 0–1' }) }))
      .meta({ description: 'Features that distinguish it, strongest first; shares add up to 1' }),
    is_resolved: z.boolean().meta({ description: 'Whether a user has resolved it' }),
    resolved_at: Instant.nullable().meta({ description: 'When it was resolved; null: it is active' }),
  })
  .meta({ id: 'Anomaly', description: 'An event in which a device did not behave as expected' });
export type Anomaly = z.infer<typeof Anomaly>;

export const AnomalyEvent = z.object({
  at: Instant.meta({ description: 'Time of the entry' }),
  actor: z.string().meta({ description: 'User or token that made it', examples: ['anna'] }),
  kind: z.enum(['comment', 'label', 'resolved', 'reopened']).meta({ description: 'Kind of entry' }),
  text: z
    .string()
    .nullable()
    .meta({ description: 'Comment or label; null: none', examples: ['Filter replaced'] }),
});

export const AnomalyDetail = Anomaly.extend({
  label: AnomalyLabel.nullable().meta({ description: 'Latest assessment by a user; null: none' }),
  events: z.array(AnomalyEvent).meta({ description: 'Oldest first' }),
  series: z
    .object({
      timestamps: z.array(Instant).meta({ description: 'Starts of the quarter hours' }),
      value: z.array(z.number().nullable()).meta({ description: 'Means, in `unit`; null: not measured' }),
      expected: z.array(z.number().nullable()).meta({ description: 'Expected means, in `unit`; null: none' }),
      lower: z.array(z.number().nullable()).meta({ description: 'Expected − 2 σ, in `unit`' }),
      upper: z.array(z.number().nullable()).meta({ description: 'Expected + 2 σ, in `unit`' }),
    })
    .nullable()
    .meta({ description: 'Quarter hours around it; null if the history is deleted or too short' }),
}).meta({ id: 'AnomalyDetail', description: 'An anomaly with its comments and the values around it' });
export type AnomalyDetail = z.infer<typeof AnomalyDetail>;

export const AnomalyDetection = z.object({
  machine_id: DeviceReference.min(1).meta({
    description: 'Id or name of a device that reports power, temperatures or pressures',
  }),
  start: Instant.optional().meta({ description: 'Default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
  contamination: z
    .number({ error: 'must be a number above 0 and at most 0.5' })
    .gt(0, { error: 'must be above 0 and at most 0.5' })
    .max(0.5, { error: 'must be above 0 and at most 0.5' })
    .default(0.1)
    .meta({ description: 'Share of the quarter hours that the isolation forest classifies as outliers' }),
});
export type AnomalyDetection = z.infer<typeof AnomalyDetection>;

/** The examined periods of a device. Other periods may contain undetected anomalies. */
export const ExaminedDevice = z
  .object({
    ...machineFields,
    time_periods: z.array(TimePeriod).meta({ description: 'Ascending; empty: not examined yet' }),
  })
  .meta({ id: 'ExaminedDevice', description: 'Periods of a device that were searched for anomalies' });
export type ExaminedDevice = z.infer<typeof ExaminedDevice>;

const examined = z.array(ExaminedDevice).meta({
  description:
    'The devices of the query and their examined periods: at most the first 1,000. Within these periods, events that are not listed are not anomalies.',
});

export const DetectedAnomalies = z
  .object({
    ...machineFields,
    time_period: TimePeriod.meta({ description: 'Window that was searched' }),
    anomalies_detected: z
      .number()
      .int()
      .meta({ description: 'Number of anomalies found', examples: [2] }),
    anomalies: z.array(Anomaly).meta({ description: 'Oldest first' }),
    baseline_model_version: z
      .number()
      .int()
      .nullable()
      .meta({ description: 'Baseline of the expected values; null: none', examples: [3] }),
    warnings: Warnings,
  })
  .meta({ id: 'DetectedAnomalies', description: 'Result of a detection' });
export type DetectedAnomalies = z.infer<typeof DetectedAnomalies>;

export const RecentAnomaliesQuery = z.object({
  machine_id: DeviceReference.min(1).optional(),
  severity: AnomalySeverity.optional(),
  limit: limitOf(50, 500).meta({ description: 'Newest anomalies to list, at most 500' }),
});
export type RecentAnomaliesQuery = z.infer<typeof RecentAnomaliesQuery>;

export const AnomalyList = z
  .object({
    total_count: z
      .number()
      .int()
      .meta({ description: 'Number of matching anomalies, including those not listed', examples: [7] }),
    anomalies: z.array(Anomaly).meta({ description: 'Newest first' }),
    examined,
  })
  .meta({ id: 'AnomalyList', description: 'Newest anomalies, with the searched periods' });
export type AnomalyList = z.infer<typeof AnomalyList>;

export const AnomalyQuery = PageQuery.extend({
  machine_id: DeviceReference.min(1).optional(),
  site_id: SiteReference.min(1).optional(),
  severity: AnomalySeverity.optional(),
  type: AnomalyType.optional(),
  start: Instant.optional().meta({ description: 'Only those that end after it' }),
  end: Instant.optional().meta({ description: 'Only those that start before it' }),
  active: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: only unresolved ones; false: only resolved ones' }),
});
export type AnomalyQuery = z.infer<typeof AnomalyQuery>;

export const AnomalyPage = pageOf(Anomaly).extend({ examined });
export type AnomalyPage = z.infer<typeof AnomalyPage>;

const Text = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .meta({ description: 'Note, at most 2,000 characters', examples: ['Filter replaced'] });
export const AnomalyComment = z.object({ comment: Text });
/** Resolving and reopening may include a comment. */
export const AnomalyChange = z.object({ comment: Text.optional() });
export const AnomalyLabelling = z.object({
  label: AnomalyLabel.meta({
    description: 'wrong: it was normal; later, similar events are reported at larger deviations only',
  }),
});
