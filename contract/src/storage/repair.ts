import { z } from 'zod';
import { Instant, pageOf, TimePeriod } from '../common.ts';
import { DeviceId, DeviceName, UnitSymbol, Warnings } from '../fields.ts';
import { MetricName } from '../metric.ts';

/** Operations on the samples of one series in a window. */
export const RepairOperation = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('delete').meta({ description: 'Delete the samples' }) }),
    z.strictObject({
      type: z.literal('interpolate').meta({
        description:
          'Interpolate linearly between the last sample before the window and the first after it; fills gaps',
      }),
    }),
    z.strictObject({
      type: z.literal('scale').meta({ description: 'value × factor + offset' }),
      factor: z
        .number()
        .default(1)
        .meta({ description: 'Multiplies each value', examples: [0.001] }),
      offset: z.number().default(0).meta({ description: 'Added after the multiplication, in the unit of the metric' }),
    }),
    z.strictObject({
      type: z.literal('set').meta({ description: 'Set every sample to this value' }),
      value: z.number().meta({ description: 'The new value, in the unit of the metric' }),
    }),
    z.strictObject({
      type: z.literal('shift').meta({ description: 'Shift the samples in time, such as after a wrong clock' }),
      seconds: z
        .number()
        .min(-31_622_400)
        .max(31_622_400)
        .meta({ description: 'Shift in seconds; positive: later', examples: [3600] }),
    }),
  ])
  .meta({ id: 'RepairOperation', description: 'Change of the samples of one series in a window' });
export type RepairOperation = z.infer<typeof RepairOperation>;

export const RepairRequest = z
  .strictObject({
    device_id: z
      .string()
      .min(1)
      .meta({ description: 'Id or name of the device', examples: ['Main meter'] }),
    metric: MetricName,
    start: Instant.meta({ description: 'Start of the window, included' }),
    end: Instant.meta({ description: 'End of the window, not included' }),
    operation: RepairOperation,
    reason: z.string().max(500).default('').meta({ description: 'Reason, for the audit log' }),
  })
  .meta({ id: 'RepairRequest', description: 'A repair to preview or to apply' });
export type RepairRequest = z.infer<typeof RepairRequest>;

const Samples = z.object({
  timestamps: z.array(Instant).meta({ description: 'Instants of the samples' }),
  value: z.array(z.number()).meta({ description: 'Their values, in unit' }),
});

const Removed = z.number().int().meta({ description: 'Samples that are deleted' });
const Added = z.number().int().meta({ description: 'Samples that are added' });

export const RepairPreview = z
  .object({
    device_id: DeviceId,
    device_name: DeviceName,
    metric: MetricName,
    unit: UnitSymbol,
    time_period: TimePeriod.meta({ description: 'Window of the repair' }),
    samples: z.number().int().meta({ description: 'Samples in the window now' }),
    changed: z.number().int().meta({ description: 'Samples whose value changes' }),
    removed: Removed,
    added: Added,
    before: Samples.meta({ description: 'The window and some time around it, in at most 1,000 points' }),
    after: Samples.meta({ description: 'The same span after the repair' }),
    warnings: Warnings,
  })
  .meta({ id: 'RepairPreview', description: 'Effect of a repair that is not applied' });
export type RepairPreview = z.infer<typeof RepairPreview>;

export const Repair = z
  .object({
    id: z.uuid().meta({ description: 'Id of the repair' }),
    device_id: DeviceId,
    device_name: DeviceName,
    metric: MetricName,
    time_period: TimePeriod,
    operation: RepairOperation,
    reason: z.string().meta({ description: 'Reason that was given; empty: none' }),
    actor: z.string().meta({ description: 'User or token that applied it', examples: ['admin'] }),
    state: z.enum(['applied', 'undone']).meta({ description: 'undone: the samples are as they were before' }),
    changed: z.number().int().meta({ description: 'Samples whose value changed' }),
    removed: Removed,
    added: Added,
    created_at: Instant.meta({ description: 'When it was applied' }),
    undone_at: Instant.nullable().meta({ description: 'When it was undone; null: not undone' }),
    undone_by: z.string().nullable().meta({ description: 'User or token that undid it; null: not undone' }),
  })
  .meta({
    id: 'Repair',
    description: 'A change of stored samples; the original samples are retained, so that it can be undone',
  });
export type Repair = z.infer<typeof Repair>;

export const RepairPage = pageOf(Repair);
