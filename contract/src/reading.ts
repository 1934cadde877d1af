import { z } from 'zod';
import { Instant } from './common.ts';

/** Maximum number of readings in one request: more are rejected with 422. */
export const MAX_READINGS = 50_000;

export const Reading = z
  .object({
    device_id: z
      .string()
      .min(1)
      .max(200)
      .meta({ description: 'Id or unique name of the device; unknown names are registered', examples: ['inverter'] }),
    timestamp: Instant.meta({ description: 'Instant of the values' }),
    values: z
      .record(z.string(), z.number())
      .meta({ description: 'Value by metric name, in the unit of the metric', examples: [{ 'solar.power_kw': 3.2 }] }),
  })
  .meta({
    id: 'Reading',
    description: 'Values that one device reported at one instant',
    examples: [
      {
        device_id: 'inverter',
        timestamp: '2026-03-29T10:00:00Z',
        values: { 'solar.power_kw': 3.2, 'battery.soc_percent': 74.5 },
      },
    ],
  });
export type Reading = z.infer<typeof Reading>;

export const RejectedValue = z.object({
  index: z.number().int().meta({ description: 'Position of the reading in the request' }),
  metric: z.string().nullable().meta({ description: 'Metric of the value; null: the whole reading was rejected' }),
  code: z.string().meta({ description: 'Stable code of the reason', examples: ['not_finite'] }),
  detail: z.string().meta({ description: 'The reason in a sentence' }),
});
export type RejectedValue = z.infer<typeof RejectedValue>;

export const IngestAnswer = z
  .object({
    accepted: z.number().int().meta({ description: 'Number of accepted values' }),
    rejected: z.number().int().meta({ description: 'Number of rejected values, with their reasons in errors' }),
    quarantined: z
      .number()
      .int()
      .meta({ description: 'Number of readable but implausible values, stored in the quarantine for review' }),
    durable: z.boolean().meta({ description: 'True: on disk before this answer; false: in memory only' }),
    errors: z.array(RejectedValue).meta({ description: 'The first 100 rejected and quarantined values' }),
  })
  .meta({ id: 'IngestAnswer', description: 'Outcome of the values of a request' });
export type IngestAnswer = z.infer<typeof IngestAnswer>;
