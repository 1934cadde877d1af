import { z } from 'zod';
import { MAX_NAME_CHARACTERS, nameFault } from './names.ts';

/**
 * How a metric behaves in time.
 * gauge: instantaneous, averaged over time · counter: increasing, its increase counts · delta: an amount per interval, summed.
 */
export const MetricKind = z.enum(['gauge', 'counter', 'delta']).meta({
  description:
    'gauge: an instantaneous value, averaged over time · counter: an increasing level whose increase counts · delta: an amount per interval, summed',
});
export type MetricKind = z.infer<typeof MetricKind>;

/** Reserved prefix of metric names: rollups are stored under such names. */
export const ROLLUP_PREFIX = 'rollup_';

/** `group.quantity_unit`; the group is everything before the last dot. */
export const MetricName = z
  .string()
  .max(MAX_NAME_CHARACTERS)
  .refine(isMetricName, { error: (issue) => metricNameFault(String(issue.input)) ?? 'cannot name a metric' })
  .meta({ description: 'Metric name: group.quantity_unit', examples: ['battery.soc_percent'] });

/** The reason why a text is not a valid metric name, or null. */
export function metricNameFault(text: string): string | null {
  const fault = nameFault(text);
  if (fault !== null) return fault;
  const dot = text.lastIndexOf('.');
  const isDivided = dot > 0 && text.slice(0, dot).trim() !== '' && text.slice(dot + 1).trim() !== '';
  if (isDivided && !text.startsWith(ROLLUP_PREFIX)) return null;
  return `must be group.quantity, such as battery.soc_percent, and not begin with ${ROLLUP_PREFIX}; got ${JSON.stringify(text.slice(0, 80).toWellFormed())}`;
}

/** Whether `text` names a metric. */
export function isMetricName(text: string): boolean {
  return metricNameFault(text) === null;
}

const Label = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'Display name', examples: ['State of charge'] });
const Unit = z
  .string()
  .max(40)
  .meta({ description: 'Unit symbol; empty for a pure number', examples: ['kW', 'kWh', '%', '°C'] });

export const Metric = z
  .object({
    name: MetricName,
    label: Label,
    unit: Unit,
    kind: MetricKind,
    minimum: z
      .number()
      .nullable()
      .meta({ description: 'Lowest plausible value, in unit; a lower value is quarantined. Null: no limit' }),
    maximum: z
      .number()
      .nullable()
      .meta({ description: 'Highest plausible value, in unit; a higher value is quarantined. Null: no limit' }),
    sign: z
      .string()
      .nullable()
      .meta({
        description: 'Meaning of positive and negative values; null: not applicable',
        examples: ['positive: import, negative: export'],
      }),
    custom: z.boolean().meta({ description: 'True: registered by a user; false: part of the built-in catalogue' }),
  })
  .meta({ id: 'Metric', description: 'A named, typed quantity with a unit' });
export type Metric = z.infer<typeof Metric>;

export const MetricRegistration = z
  .object({
    name: MetricName,
    label: Label.optional().meta({ description: 'Display name; default: derived from the metric name' }),
    unit: Unit,
    kind: MetricKind.default('gauge'),
    minimum: Metric.shape.minimum.default(null),
    maximum: Metric.shape.maximum.default(null),
    sign: z
      .string()
      .max(200)
      .nullable()
      .default(null)
      .meta({ description: 'Meaning of positive and negative values', examples: ['positive: import'] }),
  })
  .refine((metric) => metric.minimum === null || metric.maximum === null || metric.minimum <= metric.maximum, {
    path: ['maximum'],
    error: 'must not be less than minimum',
  });
export type MetricRegistration = z.infer<typeof MetricRegistration>;
