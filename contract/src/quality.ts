import { z } from 'zod';
import { Day, Instant, TimePeriod } from './common.ts';
import { MetricName } from './metric.ts';

const Spans = z.array(TimePeriod);

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
    counted: z.number().meta({ description: 'What the event counts for' }),
    in_doubt: z.number().meta({ description: 'What would change if the event were judged otherwise' }),
    decided: z.boolean().default(false).meta({ description: '`counted` is what somebody decided' }),
  })
  .meta({ id: 'CounterEvent', description: 'Something that a counter did other than grow' });
export type CounterEvent = z.infer<typeof CounterEvent>;

export const QualityFinding = z
  .object({
    code: z.enum([
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
    ]),
    severity: z.enum(['info', 'warning', 'critical']),
    device_id: z.string().nullable(),
    device_name: z.string().nullable(),
    metric: z.string().nullable(),
    detail: z.string().meta({ description: 'What was found, with its figures' }),
    advice: z.string().meta({ description: 'What to do about it' }),
    amount_in_doubt: z.number().nullable().default(null).meta({
      description: 'What the finding may change in the growth of a counter, in its unit; null where it concerns none',
    }),
    counter_event: CounterEvent.nullable().default(null).meta({ description: 'The event of a counter that was found' }),
  })
  .meta({ id: 'QualityFinding' });
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
  .meta({ id: 'CounterDecisionRequest' });
export type CounterDecisionRequest = z.infer<typeof CounterDecisionRequest>;

export const CounterDecision = z
  .object({
    device_id: z.uuid(),
    device_name: z.string(),
    metric: z.string(),
    at: Instant.meta({ description: 'First sample of the event' }),
    counts: z.number().meta({ description: 'What the event counts for, in the unit of the metric' }),
    decided_by: z.string(),
    decided_at: Instant,
  })
  .meta({ id: 'CounterDecision' });
export type CounterDecision = z.infer<typeof CounterDecision>;

export const SeriesQuality = z.object({
  device_id: z.string(),
  device_name: z.string(),
  metric: z.string(),
  score: z.number().min(0).max(100).nullable(),
  samples: z.number().int(),
  expected: z.number().int().nullable(),
  interval_s: z.number().nullable(),
  completeness: z.number().min(0).max(1).nullable(),
  gaps: Spans.meta({ description: 'The longest ten' }),
  gap_count: z.number().int(),
  gap_s: z.number().meta({ description: 'All gaps together, seconds' }),
  out_of_range: z.number().int(),
  stuck: Spans,
  interpolated: Spans,
  resets: z.number().int().meta({ description: 'Resets, replacements and ends of the register' }),
  counter_events: z
    .array(CounterEvent)
    .default([])
    .meta({ description: `The first ${MAX_COUNTER_EVENTS} of the day` }),
});
export type SeriesQuality = z.infer<typeof SeriesQuality>;

export const DeviceArrivals = z.object({
  device_id: z.string(),
  device_name: z.string(),
  readings: z.number().int(),
  duplicates: z.number().int(),
  late: z.number().int(),
  quarantined: z.number().int(),
  clock_ahead_s: z.number().nullable().meta({
    description: 'How far the device’s clock is ahead at least; negative: behind, or its readings travel that long',
  }),
});
export type DeviceArrivals = z.infer<typeof DeviceArrivals>;

export const Consistency = z.object({
  kind: z.enum(['site_balance', 'power_and_counter']),
  device_id: z.string().nullable(),
  device_name: z.string().nullable(),
  subject: z.string().meta({ examples: ['solar.energy_kwh'] }),
  measured_kwh: z.number().meta({ description: 'What came in, or what the counter says' }),
  accounted_kwh: z.number().meta({ description: 'What went out, or what power over time gives' }),
  deviation: z.number().meta({ description: '(measured − accounted) ÷ the larger of both' }),
  consistent: z.boolean(),
});
export type Consistency = z.infer<typeof Consistency>;

/** How good the data of a site's day are. */
export const QualityReport = z
  .object({
    site_id: z.uuid(),
    date: Day,
    time_period: TimePeriod,
    generated_at: Instant,
    score: z.number().min(0).max(100).nullable().meta({ description: 'Mean of the series; null without any' }),
    completeness: z.number().min(0).max(1).nullable(),
    series: z.array(SeriesQuality),
    devices: z.array(DeviceArrivals),
    consistency: z.array(Consistency),
    findings: z.array(QualityFinding).meta({ description: 'Worst first' }),
  })
  .meta({ id: 'QualityReport' });
export type QualityReport = z.infer<typeof QualityReport>;

export const QualityQuery = z.object({
  site_id: z.string().optional(),
  date: Day.optional().meta({ description: 'Default: today' }),
});

export const QualityDays = z
  .object({
    site_id: z.uuid(),
    days: z.array(
      z.object({
        date: Day,
        score: z.number().nullable(),
        completeness: z.number().nullable(),
        findings: z.number().int(),
      }),
    ),
  })
  .meta({ id: 'QualityDays', description: 'Scores of the days that have a report, oldest first' });
export type QualityDays = z.infer<typeof QualityDays>;

export const QualityDaysQuery = z.object({
  site_id: z.string().optional(),
  start: Day.optional().meta({ description: 'First day; default 30 days ago' }),
  end: Day.optional().meta({ description: 'Last day; default today' }),
});
