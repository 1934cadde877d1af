import { z } from 'zod';
import { Day, Instant, TimePeriod } from '../common.ts';
import { DeviceId, DeviceName, SeriesMetric, SiteId, SiteQuery } from '../fields.ts';
import { MetricName } from '../metric.ts';

const Spans = z.array(TimePeriod);
const Completeness = z
  .number()
  .min(0)
  .max(1)
  .nullable()
  .meta({
    description: 'Samples ÷ expected samples, 0 to 1; null: the usual interval is unknown',
    examples: [0.98],
  });
const Score = z
  .number()
  .min(0)
  .max(100)
  .nullable()
  .meta({ description: 'Quality, 0 (useless) to 100 (faultless); null: nothing to judge', examples: [97] });
const NullableDevice = {
  device_id: z.string().nullable().meta({ description: 'Id of the device; null: the finding concerns the site' }),
  device_name: z.string().nullable().meta({ description: 'Name of the device; null: the finding concerns the site' }),
};

/** Maximum number of counter events of a series in a report. */
export const MAX_COUNTER_EVENTS = 20;

export const CounterEvent = z
  .object({
    kind: z.enum(['misread', 'reset', 'replacement', 'jump', 'wrap']).meta({
      description:
        'misread: samples off the level of the counter · reset: it started from zero · replacement, jump: it continues from a lower or higher level · wrap: it overflowed its register',
    }),
    time_period: TimePeriod.meta({ description: 'First to last sample concerned' }),
    before: z.number().meta({ description: 'Level before the event, in the unit of the metric' }),
    after: z.number().meta({ description: 'The doubtful value, or the level after the event' }),
    counted: z.number().meta({ description: 'Growth counted for the event, in the unit of the metric' }),
    in_doubt: z.number().meta({
      description: 'Change of the growth under the alternative interpretation of the event, in the unit of the metric',
    }),
    decided: z.boolean().default(false).meta({ description: 'Whether `counted` is a user’s decision' }),
  })
  .meta({ id: 'CounterEvent', description: 'An event of a counter other than growth' });
export type CounterEvent = z.infer<typeof CounterEvent>;

export const QualityFinding = z
  .object({
    code: z
      .enum([
        'incomplete',
        'silent',
        'stuck',
        'interpolated',
        'out_of_range',
        'quarantined',
        'counter_reset',
        'counter_misread',
        'counter_replaced',
        'counter_jump',
        'duplicates',
        'clock_skew',
        'balance_off',
        'counter_disagrees',
      ])
      .meta({ description: 'Kind of finding' }),
    severity: z
      .enum(['info', 'warning', 'critical'])
      .meta({ description: 'critical: figures of the day are unreliable' }),
    ...NullableDevice,
    metric: z.string().nullable().meta({ description: 'Metric of the series; null: it concerns no single one' }),
    detail: z.string().meta({ description: 'The finding, with its figures' }),
    advice: z.string().meta({ description: 'Recommended action' }),
    amount_in_doubt: z.number().nullable().default(null).meta({
      description: 'Possible effect of the finding on the growth of a counter, in its unit; null: none',
    }),
    counter_event: CounterEvent.nullable().default(null).meta({ description: 'The counter event of the finding' }),
  })
  .meta({ id: 'QualityFinding', description: 'A problem with the data of a day, with advice' });
export type QualityFinding = z.infer<typeof QualityFinding>;

/** Decisions on a counter event; by default, rules determine the counted growth. */
export const CounterDecisionRequest = z
  .object({
    device_id: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: 'Device id or name', examples: ['Main meter'] }),
    metric: MetricName.meta({ examples: ['grid.energy_imported_kwh'] }),
    at: Instant.meta({ description: 'Start of the event: its first sample' }),
    counts: z
      .number()
      .min(-1e9)
      .max(1e9)
      .nullable()
      .meta({
        description: 'Growth counted for the event, in the unit of the metric; null: determined by the rules',
        examples: [0],
      }),
  })
  .meta({ id: 'CounterDecisionRequest', description: 'Decision about an event of a counter' });
export type CounterDecisionRequest = z.infer<typeof CounterDecisionRequest>;

export const CounterDecision = z
  .object({
    device_id: DeviceId,
    device_name: DeviceName,
    metric: SeriesMetric,
    at: Instant.meta({ description: 'First sample of the event' }),
    counts: z.number().meta({ description: 'Growth counted for the event, in the unit of the metric' }),
    decided_by: z.string().meta({ description: 'User or token that decided', examples: ['admin'] }),
    decided_at: Instant.meta({ description: 'When it was decided' }),
  })
  .meta({ id: 'CounterDecision', description: 'A decision in effect about a counter event' });
export type CounterDecision = z.infer<typeof CounterDecision>;

export const SeriesQuality = z.object({
  device_id: z.string().meta(DeviceId.meta()!),
  device_name: DeviceName,
  metric: SeriesMetric,
  score: Score,
  samples: z.number().int().meta({ description: 'Samples of the day' }),
  expected: z.number().int().nullable().meta({ description: 'Samples expected at the usual interval; null: unknown' }),
  interval_s: z.number().nullable().meta({ description: 'Usual time between samples, seconds; null: unknown' }),
  completeness: Completeness,
  gaps: Spans.meta({ description: 'The longest ten spans without samples' }),
  gap_count: z.number().int().meta({ description: 'Number of all gaps' }),
  gap_s: z.number().meta({ description: 'Total length of all gaps, seconds' }),
  out_of_range: z.number().int().meta({ description: 'Samples outside the plausible range of the metric' }),
  stuck: Spans.meta({ description: 'Spans in which the value did not change although it usually does' }),
  interpolated: Spans.meta({ description: 'Spans whose values lie on a straight line' }),
  resets: z.number().int().meta({ description: 'Resets, replacements and ends of the register' }),
  counter_events: z
    .array(CounterEvent)
    .default([])
    .meta({ description: `The first ${MAX_COUNTER_EVENTS} of the day` }),
});
export type SeriesQuality = z.infer<typeof SeriesQuality>;

export const DeviceArrivals = z.object({
  device_id: z.string().meta(DeviceId.meta()!),
  device_name: DeviceName,
  readings: z.number().int().meta({ description: 'Readings that arrived' }),
  duplicates: z.number().int().meta({ description: 'Readings at the same instant as the preceding one' }),
  late: z.number().int().meta({ description: 'Readings that arrived after newer ones' }),
  quarantined: z.number().int().meta({ description: 'Values awaiting a decision in the quarantine' }),
  clock_ahead_s: z.number().nullable().meta({
    description:
      'Minimum lead of the device’s clock, seconds; negative: its clock is slow, or its readings are delayed this much; null: no live readings',
  }),
});
export type DeviceArrivals = z.infer<typeof DeviceArrivals>;

export const Consistency = z.object({
  kind: z.enum(['site_balance', 'power_and_counter']).meta({
    description:
      'site_balance: energy in and out of the site · power_and_counter: power over time and the counter of a device',
  }),
  ...NullableDevice,
  subject: z.string().meta({ description: 'The compared quantity', examples: ['solar.energy_kwh'] }),
  measured_kwh: z.number().meta({ description: 'Energy into the site, or growth of the counter, kWh' }),
  accounted_kwh: z.number().meta({ description: 'Energy out of the site, or power × time, kWh' }),
  deviation: z.number().meta({ description: '(measured − accounted) ÷ the larger of both; 0.05 is 5 %' }),
  consistent: z.boolean().meta({ description: 'Whether the deviation is within the tolerance' }),
});
export type Consistency = z.infer<typeof Consistency>;

/** Data quality of a day of a site. */
export const QualityReport = z
  .object({
    site_id: SiteId,
    date: Day.meta({ description: 'Day of the report, in the time zone of the site' }),
    time_period: TimePeriod.meta({ description: 'The day, or its part until now' }),
    generated_at: Instant.meta({ description: 'When the report was made' }),
    score: Score.meta({ description: 'Mean score of the series, 0 to 100; null without any' }),
    completeness: Completeness,
    series: z.array(SeriesQuality).meta({ description: 'Quality of each series' }),
    devices: z.array(DeviceArrivals).meta({ description: 'How the readings of each device arrived' }),
    consistency: z.array(Consistency).meta({ description: 'Comparisons of measurements that must agree' }),
    findings: z.array(QualityFinding).meta({ description: 'Findings, most severe first' }),
  })
  .meta({ id: 'QualityReport', description: "Quality of the data of a site's day" });
export type QualityReport = z.infer<typeof QualityReport>;

export const QualityQuery = z.object({
  site_id: SiteQuery,
  date: Day.optional().meta({ description: 'Day of the report; default: today' }),
});

export const QualityDays = z
  .object({
    site_id: SiteId,
    days: z
      .array(
        z.object({
          date: Day,
          score: z.number().nullable().meta(Score.meta()!),
          completeness: z.number().nullable().meta(Completeness.meta()!),
          findings: z.number().int().meta({ description: 'Number of findings' }),
        }),
      )
      .meta({ description: 'One entry for each day with a report' }),
  })
  .meta({ id: 'QualityDays', description: 'Scores of the days that have a report, oldest first' });
export type QualityDays = z.infer<typeof QualityDays>;

export const QualityDaysQuery = z.object({
  site_id: SiteQuery,
  start: Day.optional().meta({ description: 'First day; default 30 days ago' }),
  end: Day.optional().meta({ description: 'Last day; default today' }),
});
