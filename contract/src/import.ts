import { z } from 'zod';

/** What is imported: SHA-256 of the file and of the mapping, in hex. */
export const ImportKey = z
  .string()
  .regex(/^[0-9a-f]{64}:[0-9a-f]{64}$/, 'must be two SHA-256 sums in hex with a colon between them')
  .meta({ description: 'SHA-256 of the file and of its mapping, in hex, with a colon between them' });

export const ImportProgress = z
  .object({
    rows: z.number().int().nonnegative().meta({ description: 'Rows of the file that are acknowledged' }),
    finished: z.boolean(),
  })
  .meta({ id: 'ImportProgress', description: 'How far the import of a file has come' });
export type ImportProgress = z.infer<typeof ImportProgress>;
