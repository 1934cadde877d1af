import { z } from 'zod';

/** A full ring of one device needs some space. */
export const MIN_MEMORY_BYTES = 65_536;

/** Uses only memory; all data is lost when the process ends. */
export const MemoryOptions = z.strictObject({
  type: z.literal('memory').describe('Nothing survives a restart'),
  name: z.string().min(1).default('memory'),
  max_bytes: z
    .number()
    .int()
    .min(MIN_MEMORY_BYTES)
    .default(256 * 2 ** 20)
    .describe('Limit of the memory of all rows; when it is exceeded, the oldest rows are removed, down to half of it'),
});
export type MemoryOptions = z.output<typeof MemoryOptions>;
