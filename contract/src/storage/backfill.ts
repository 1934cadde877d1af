import { z } from 'zod';

export const BackfillRequest = z
  .object({
    from: z
      .string()
      .min(1)
      .max(100)
      .meta({ description: 'Name of the store that is read, as in the configuration', examples: ['postgres'] }),
    to: z
      .string()
      .min(1)
      .max(100)
      .meta({ description: 'Name of the store that is filled', examples: ['duckdb'] }),
  })
  .meta({ id: 'BackfillRequest', description: 'Two stores: one is filled from the other' });
export type BackfillRequest = z.infer<typeof BackfillRequest>;
