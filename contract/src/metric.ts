import { z } from 'zod';
import { MAX_NAME_CHARACTERS, nameFault } from './names.ts';

/**
 * How a metric behaves in time.
 * gauge: instantaneous, averaged by time · counter: ever growing, its increase counts · delta: a quantity per interval, summed.
 */
export const MetricKind = z.enum(['gauge', 'counter', 'delta']);
export type MetricKind = z.infer<typeof MetricKind>;

/** What metric names must not begin with: rollups lie in the stores under such names. */
export const ROLLUP_PREFIX = 'rollup_';

/** `group.quantity_unit`; the group is everything before the last dot. */
export const MetricName = z
  .string()
  .max(MAX_NAME_CHARACTERS)
  .refine(isMetricName, { error: (issue) => metricNameFault(String(issue.input)) ?? 'cannot name a metric' })
  .meta({ description: 'Metric name: group.quantity_unit', examples: ['battery.soc_percent'] });

/** What makes a text useless as a metric's name, or null. */
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

export const Metric = z
  .object({
    name: MetricName,
    label: z.string().min(1).max(200),
    unit: z.string().max(40).meta({ description: 'Unit symbol: kW, kWh, %, °C, V …; empty for a pure number' }),
    kind: MetricKind,
    minimum: z.number().nullable().meta({ description: 'Least plausible value; below it a value is quarantined' }),
    maximum: z.number().nullable().meta({ description: 'Greatest plausible value; above it a value is quarantined' }),
    sign: z.string().nullable().meta({ description: 'Meaning of positive and negative values' }),
    custom: z.boolean().meta({ description: 'Registered by a user rather than part of the first catalogue' }),
  })
  .meta({ id: 'Metric', description: 'A named, typed quantity with a unit' });
export type Metric = z.infer<typeof Metric>;

export const MetricRegistration = z
  .object({
    name: MetricName,
    label: z.string().min(1).max(200).optional(),
    unit: z.string().max(40),
    kind: MetricKind.default('gauge'),
    minimum: z.number().nullable().default(null),
    maximum: z.number().nullable().default(null),
    sign: z.string().max(200).nullable().default(null),
  })
  .refine((metric) => metric.minimum === null || metric.maximum === null || metric.minimum <= metric.maximum, {
    path: ['maximum'],
    error: 'must not be less than minimum',
  });
export type MetricRegistration = z.infer<typeof MetricRegistration>;
