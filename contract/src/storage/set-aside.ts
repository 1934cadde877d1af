import { z } from 'zod';
import { Instant } from '../common.ts';

/** For health and figures of a store: values that its engine permanently rejects. */
export const SetAsideSummary = z.object({
  values: z.number().int().meta({ description: 'Number of values that are set aside' }),
  bytes: z.number().int().meta({ description: 'Their size, bytes' }),
  since: Instant.meta({ description: 'When the first of them was set aside' }),
  reason: z.string().meta({ description: 'Error of the store for the newest of them' }),
});
export type SetAsideSummary = z.infer<typeof SetAsideSummary>;

export const SetAsideEntry = z
  .object({
    id: z.number().int().meta({ description: 'Number of the entry' }),
    store: z.string().meta({ description: 'Name of the store', examples: ['influx'] }),
    kind: z
      .enum(['write', 'erase'])
      .meta({ description: 'write: values that the store rejects · erase: values that it cannot delete' }),
    metrics: z.array(z.string()).meta({ description: 'Metrics of the values, the first 20' }),
    device_ids: z.array(z.string()).meta({ description: 'Ids of their devices, the first 20' }),
    values: z.number().int().meta({ description: 'Number of values' }),
    start: Instant.meta({ description: 'Instant of the first value' }),
    end: Instant.meta({ description: 'Instant of the last value' }),
    reason: z.string().meta({ description: 'Error of the store' }),
    since: Instant.meta({ description: 'When the first of them was set aside' }),
  })
  .meta({
    id: 'SetAsideEntry',
    description: 'Values that one store permanently rejects; answers include them as if they were stored',
  });
export type SetAsideEntry = z.infer<typeof SetAsideEntry>;

export const SetAsideRetry = z
  .object({
    tried: z.number().int().meta({ description: 'Number of values retried' }),
    taken: z.number().int().meta({ description: 'Number of values that the store accepted' }),
    left: z.number().int().meta({ description: 'Number of values still set aside' }),
  })
  .meta({ id: 'SetAsideRetry', description: 'Outcome of a retry of set-aside values' });
export type SetAsideRetry = z.infer<typeof SetAsideRetry>;
