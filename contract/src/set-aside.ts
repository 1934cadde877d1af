import { z } from 'zod';
import { Instant } from './common.ts';

/** In health and figures of a store: what its engine can never take. */
export const SetAsideSummary = z.object({
  values: z.number().int(),
  bytes: z.number().int(),
  since: Instant,
  reason: z.string().meta({ description: 'What the store said to the newest of them' }),
});
export type SetAsideSummary = z.infer<typeof SetAsideSummary>;

export const SetAsideEntry = z
  .object({
    id: z.number().int(),
    store: z.string(),
    kind: z.enum(['write', 'erase']).meta({ description: 'erase: values that the store cannot forget' }),
    metrics: z.array(z.string()).meta({ description: 'The first 20' }),
    device_ids: z.array(z.string()).meta({ description: 'The first 20' }),
    values: z.number().int(),
    start: Instant.meta({ description: 'Of the first value' }),
    end: Instant.meta({ description: 'Of the last value' }),
    reason: z.string().meta({ description: 'What the store said' }),
    since: Instant.meta({ description: 'When the first of them was set aside' }),
  })
  .meta({ id: 'SetAsideEntry', description: 'Values that one store can never take; readable as if it held them' });
export type SetAsideEntry = z.infer<typeof SetAsideEntry>;

export const SetAsideRetry = z
  .object({
    tried: z.number().int(),
    taken: z.number().int(),
    left: z.number().int().meta({ description: 'Values that are set aside now' }),
  })
  .meta({ id: 'SetAsideRetry' });
export type SetAsideRetry = z.infer<typeof SetAsideRetry>;
