import { z } from 'zod';

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
  .max(200)
  .refine(isMetricName, {
    error: (issue) =>
      `must be group.quantity, such as battery.soc_percent, at most 200 characters, without control characters, not beginning with ${ROLLUP_PREFIX}; got ${JSON.stringify(issue.input).slice(0, 80)}`,
  })
  .meta({ description: 'Metric name: group.quantity_unit', examples: ['battery.soc_percent'] });

/** Whether `text` names a metric. */
export function isMetricName(text: string): boolean {
  const dot = text.lastIndexOf('.');
  if (dot < 1 || dot === text.length - 1 || text.length > 200 || text.startsWith(ROLLUP_PREFIX)) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code === 127) return false;
  }
  return true;
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
