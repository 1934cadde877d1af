import { z } from 'zod';

export const BackfillRequest = z
  .object({
    from: z.string().min(1).max(100).meta({ description: 'Name of the store that is read, as in the configuration' }),
    to: z.string().min(1).max(100).meta({ description: 'Name of the store that is filled' }),
  })
  .meta({ id: 'BackfillRequest' });
export type BackfillRequest = z.infer<typeof BackfillRequest>;
