import { resolve } from 'node:path';
import { z } from 'zod';
import { FilePath } from '../../domain/file-path.ts';
import { EMBEDDED_TIMEOUT_MS, readTimeout } from '../read-timeout.ts';

const DuckDbPath = FilePath.refine(
  (path) => !resolve(path).includes('?'),
  'must not contain ?, after which DuckDB expects options: use another path, or a store of type sqlite',
);

/**
 * The embedded default. One file, which one process can open at a time (other programs use the API or read the archive). Appending is cheap
 * in large batches and costs one disk sync per batch; many small writes in one call are appended together.
 */
export const DuckDbOptions = z.strictObject({
  type: z.literal('duckdb').describe('Embedded column store; the default'),
  name: z.string().min(1).default('duckdb'),
  path: DuckDbPath.optional().describe('Default: telemetry.duckdb in data_dir'),
  read_timeout_ms: readTimeout(EMBEDDED_TIMEOUT_MS),
  memory_limit_mb: z
    .number()
    .int()
    .min(64)
    .optional()
    .describe('Default: a quarter of the memory, at most 1024. Large reads fail when it is too small'),
});
export type DuckDbOptions = z.output<typeof DuckDbOptions>;
