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
  device_id: z.string().nullable().meta({ description: 'Id of the device; null: it concerns the site' }),
  device_name: z.string().nullable().meta({ description: 'Name of the device; null: it concerns the site' }),
};

/** Counter events of a series that a report lists. */
export const MAX_COUNTER_EVENTS = 20;

export const CounterEvent = z
  .object({
    kind: z.enum(['misread', 'reset', 'replacement', 'jump', 'wrap']).meta({
      description:
        'misread: samples off the level of the counter · reset: it started from zero · replacement, jump: it continues from a lower or higher level · wrap: it passed the end of its register',
    }),
    time_period: TimePeriod.meta({ description: 'First to last sample concerned' }),
    before: z.number().meta({ description: 'Level before the event, in the unit of the metric' }),
    after: z.number().meta({ description: 'The doubtful value, or the level after the event' }),
    counted: z.number().meta({ description: 'Growth that the event counts for, in the unit of the metric' }),
    in_doubt: z.number().meta({
      description: 'How much the growth would change if the event were judged otherwise, in the unit of the metric',
    }),
    decided: z.boolean().default(false).meta({ description: '`counted` is what somebody decided' }),
  })
  .meta({ id: 'CounterEvent', description: 'Something that a counter did other than grow' });
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
    detail: z.string().meta({ description: 'What was found, with its figures' }),
    advice: z.string().meta({ description: 'What to do about it' }),
    amount_in_doubt: z.number().nullable().default(null).meta({
      description: 'What the finding may change in the growth of a counter, in its unit; null where it concerns none',
    }),
    counter_event: CounterEvent.nullable().default(null).meta({ description: 'The event of a counter that was found' }),
  })
  .meta({ id: 'QualityFinding', description: 'Something that is wrong with the data of a day, with advice' });
export type QualityFinding = z.infer<typeof QualityFinding>;

/** What can be decided of an event of a counter: by default the rules say what it counts for. */
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
        description: 'What the event counts for, in the unit of the metric; null: what the rules say',
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
    counts: z.number().meta({ description: 'What the event counts for, in the unit of the metric' }),
    decided_by: z.string().meta({ description: 'User or token that decided', examples: ['admin'] }),
    decided_at: Instant.meta({ description: 'When it was decided' }),
  })
  .meta({ id: 'CounterDecision', description: 'A decision about an event of a counter that is in force' });
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
  gap_s: z.number().meta({ description: 'All gaps together, seconds' }),
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
  duplicates: z.number().int().meta({ description: 'Readings of an instant that had just been sent' }),
  late: z.number().int().meta({ description: 'Readings that arrived after newer ones' }),
  quarantined: z.number().int().meta({ description: 'Values that wait in quarantine' }),
  clock_ahead_s: z.number().nullable().meta({
    description:
      'Minimum lead of the device’s clock, seconds; negative: its clock is slow, or its readings travel this long; null: no live readings',
  }),
});
export type DeviceArrivals = z.infer<typeof DeviceArrivals>;

export const Consistency = z.object({
  kind: z.enum(['site_balance', 'power_and_counter']).meta({
    description:
      'site_balance: energy in and out of the site · power_and_counter: power over time and the counter of a device',
  }),
  ...NullableDevice,
  subject: z.string().meta({ description: 'What is compared', examples: ['solar.energy_kwh'] }),
  measured_kwh: z.number().meta({ description: 'Energy that came in, or growth of the counter, kWh' }),
  accounted_kwh: z.number().meta({ description: 'Energy that went out, or power × time, kWh' }),
  deviation: z.number().meta({ description: '(measured − accounted) ÷ the larger of both; 0.05 is 5 %' }),
  consistent: z.boolean().meta({ description: 'Whether the deviation is within the tolerance' }),
});
export type Consistency = z.infer<typeof Consistency>;

/** How good the data of a site's day are. */
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
    findings: z.array(QualityFinding).meta({ description: 'Worst first' }),
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
