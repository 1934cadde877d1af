import { z } from 'zod';
import { Instant, pageOf, TimePeriod } from './common.ts';

export const AnomalyType = z
  .enum(['power_spike', 'drop', 'temperature_spike', 'pressure', 'efficiency_drop', 'unusual_pattern', 'stuck_sensor'])
  .meta({
    description:
      'power_spike: more than expected; drop: less; efficiency_drop: more for eight hours or longer; unusual_pattern: it draws power when it should rest; temperature_spike, pressure: out of the usual; stuck_sensor: repeats one value',
  });
export type AnomalyType = z.infer<typeof AnomalyType>;

export const AnomalySeverity = z
  .enum(['warning', 'critical'])
  .meta({ description: 'critical: beyond 3 σ on the mean of the event' });
export type AnomalySeverity = z.infer<typeof AnomalySeverity>;

export const AnomalyFeature = z.enum([
  'deviation',
  'lasting_deviation',
  'temperature_difference',
  'pressure_change',
  'mode_change',
  'hour',
  'weekday',
]);
export type AnomalyFeature = z.infer<typeof AnomalyFeature>;

export const AnomalyLabel = z.enum(['right', 'wrong']);
export type AnomalyLabel = z.infer<typeof AnomalyLabel>;

const machine = {
  machine_id: z.string(),
  machine_name: z.string(),
};

export const Anomaly = z
  .object({
    id: z.uuid(),
    ...machine,
    start: Instant,
    end: Instant.meta({ description: 'Behind the last quarter hour that belongs to it' }),
    detected_at: Instant,
    anomaly_type: AnomalyType,
    severity: AnomalySeverity,
    metric_name: z.string(),
    unit: z.string(),
    metric_value: z.number().meta({ description: 'Mean over the event' }),
    expected_value: z.number().nullable().meta({ description: 'Mean of what was expected; null for a stuck sensor' }),
    deviation_percent: z.number().nullable(),
    confidence_score: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: '0.5 at the limit of what is told, towards 1 the further beyond' }),
    strength: z
      .number()
      .meta({ description: 'In σ of what stretches so long usually deviate; of a stuck sensor, hours' }),
    extra_energy_kwh: z.number().nullable().meta({ description: 'Energy beyond what was expected; negative: less' }),
    reasons: z
      .array(z.object({ feature: AnomalyFeature, share: z.number() }))
      .meta({ description: 'What sets it apart, the most telling first; shares add up to 1' }),
    is_resolved: z.boolean(),
    resolved_at: Instant.nullable(),
  })
  .meta({ id: 'Anomaly' });
export type Anomaly = z.infer<typeof Anomaly>;

export const AnomalyEvent = z.object({
  at: Instant,
  actor: z.string(),
  kind: z.enum(['comment', 'label', 'resolved', 'reopened']),
  text: z.string().nullable(),
});

export const AnomalyDetail = Anomaly.extend({
  label: AnomalyLabel.nullable().meta({ description: 'What somebody said of it last' }),
  events: z.array(AnomalyEvent).meta({ description: 'Oldest first' }),
  series: z
    .object({
      timestamps: z.array(Instant),
      value: z.array(z.number().nullable()),
      expected: z.array(z.number().nullable()),
      lower: z.array(z.number().nullable()).meta({ description: 'Expected − 2 σ' }),
      upper: z.array(z.number().nullable()).meta({ description: 'Expected + 2 σ' }),
    })
    .nullable()
    .meta({ description: 'Quarter hours around it; null where the history is gone or too short' }),
}).meta({ id: 'AnomalyDetail' });
export type AnomalyDetail = z.infer<typeof AnomalyDetail>;

export const AnomalyDetection = z.object({
  machine_id: z
    .string()
    .min(1)
    .meta({ description: 'Id or name of a device that reports power, temperatures or pressures' }),
  start: Instant.optional().meta({ description: 'Default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
  contamination: z
    .number({ error: 'must be a number above 0 and at most 0.5' })
    .gt(0, { error: 'must be above 0 and at most 0.5' })
    .max(0.5, { error: 'must be above 0 and at most 0.5' })
    .default(0.1)
    .meta({ description: 'Share of the quarter hours that the isolation forest takes for odd' }),
});
export type AnomalyDetection = z.infer<typeof AnomalyDetection>;

/** What was examined of a device. A time that was not examined may hold anomalies that nobody has found. */
export const ExaminedDevice = z
  .object({
    ...machine,
    time_periods: z.array(TimePeriod).meta({ description: 'Ascending; empty: nothing of it was examined so far' }),
  })
  .meta({ id: 'ExaminedDevice' });
export type ExaminedDevice = z.infer<typeof ExaminedDevice>;

const examined = z.array(ExaminedDevice).meta({
  description:
    'The devices of the query that are judged, with the times that were examined: at most the first 1,000. Within these times, what is not listed is not an anomaly.',
});

export const DetectedAnomalies = z
  .object({
    ...machine,
    time_period: TimePeriod,
    anomalies_detected: z.number().int(),
    anomalies: z.array(Anomaly),
    baseline_model_version: z.number().int().nullable().meta({ description: 'Null: judged without a baseline' }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'DetectedAnomalies' });
export type DetectedAnomalies = z.infer<typeof DetectedAnomalies>;

export const RecentAnomaliesQuery = z.object({
  machine_id: z.string().min(1).optional(),
  severity: AnomalySeverity.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});
export type RecentAnomaliesQuery = z.infer<typeof RecentAnomaliesQuery>;

export const AnomalyList = z
  .object({ total_count: z.number().int(), anomalies: z.array(Anomaly), examined })
  .meta({ id: 'AnomalyList' });
export type AnomalyList = z.infer<typeof AnomalyList>;

export const AnomalyQuery = z.object({
  machine_id: z.string().min(1).optional(),
  site_id: z.string().min(1).optional().meta({ description: 'Id or name of a site' }),
  severity: AnomalySeverity.optional(),
  type: AnomalyType.optional(),
  start: Instant.optional().meta({ description: 'Only those that end after it' }),
  end: Instant.optional().meta({ description: 'Only those that start before it' }),
  active: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: 'true: only those that nobody resolved; false: only resolved ones' }),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().optional(),
});
export type AnomalyQuery = z.infer<typeof AnomalyQuery>;

export const AnomalyPage = pageOf(Anomaly).extend({ examined });
export type AnomalyPage = z.infer<typeof AnomalyPage>;

const Text = z.string().trim().min(1).max(2000);
export const AnomalyComment = z.object({ comment: Text });
/** Resolving and reopening may come with a comment. */
export const AnomalyChange = z.object({ comment: Text.optional() });
export const AnomalyLabelling = z.object({
  label: AnomalyLabel.meta({ description: 'wrong: it was as it should be; such events are told later' }),
});
