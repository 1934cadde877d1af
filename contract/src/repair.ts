import { z } from 'zod';
import { Instant, pageOf, TimePeriod } from './common.ts';
import { MetricName } from './metric.ts';

/** What is done to the samples of one series in a window. */
export const RepairOperation = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('delete').meta({ description: 'Take the samples out' }) }),
    z.strictObject({
      type: z.literal('interpolate').meta({
        description:
          'Put the samples on a straight line between the last before the window and the first behind it; fill gaps',
      }),
    }),
    z.strictObject({
      type: z.literal('scale').meta({ description: 'value × factor + offset' }),
      factor: z.number().default(1),
      offset: z.number().default(0),
    }),
    z.strictObject({ type: z.literal('set').meta({ description: 'Give every sample this value' }), value: z.number() }),
    z.strictObject({
      type: z
        .literal('shift')
        .meta({ description: 'Move the samples in time, such as those of a clock that was wrong' }),
      seconds: z.number().min(-31_622_400).max(31_622_400),
    }),
  ])
  .meta({ id: 'RepairOperation' });
export type RepairOperation = z.infer<typeof RepairOperation>;

export const RepairRequest = z
  .strictObject({
    device_id: z.string().min(1).meta({ description: 'Id or name' }),
    metric: MetricName,
    start: Instant,
    end: Instant.meta({ description: 'Not in the window any more' }),
    operation: RepairOperation,
    reason: z.string().max(500).default('').meta({ description: 'Why, for those who read the audit log' }),
  })
  .meta({ id: 'RepairRequest' });
export type RepairRequest = z.infer<typeof RepairRequest>;

const Samples = z.object({ timestamps: z.array(Instant), value: z.array(z.number()) });

export const RepairPreview = z
  .object({
    device_id: z.uuid(),
    device_name: z.string(),
    metric: MetricName,
    unit: z.string(),
    time_period: TimePeriod,
    samples: z.number().int().meta({ description: 'Samples in the window now' }),
    changed: z.number().int().meta({ description: 'Samples that get another value' }),
    removed: z.number().int(),
    added: z.number().int(),
    before: Samples.meta({ description: 'The window and some time around it, in at most 1,000 points' }),
    after: Samples,
    warnings: z.array(z.string()),
  })
  .meta({ id: 'RepairPreview' });
export type RepairPreview = z.infer<typeof RepairPreview>;

export const Repair = z
  .object({
    id: z.uuid(),
    device_id: z.uuid(),
    device_name: z.string(),
    metric: MetricName,
    time_period: TimePeriod,
    operation: RepairOperation,
    reason: z.string(),
    actor: z.string(),
    state: z.enum(['applied', 'undone']),
    changed: z.number().int(),
    removed: z.number().int(),
    added: z.number().int(),
    created_at: Instant,
    undone_at: Instant.nullable(),
    undone_by: z.string().nullable(),
  })
  .meta({
    id: 'Repair',
    description: 'A change of stored samples; the samples as they were are kept, so that it can be undone',
  });
export type Repair = z.infer<typeof Repair>;

export const RepairPage = pageOf(Repair);
