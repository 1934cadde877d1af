import { z } from 'zod';
import { FilePath } from '../../domain/file-path.ts';
import { EMBEDDED_TIMEOUT_MS, readTimeout } from '../read-timeout.ts';

/**
 * For small machines and platforms without DuckDB. Needs little memory and merges on write, but takes several times the space of `duckdb`
 * and reads long windows slower, row by row. One process can open the file at a time.
 */
export const SqliteOptions = z.strictObject({
  type: z.literal('sqlite').describe('Embedded row store for small machines'),
  name: z.string().min(1).default('sqlite'),
  path: FilePath.optional().describe('Default: telemetry.sqlite in data_dir'),
  read_timeout_ms: readTimeout(EMBEDDED_TIMEOUT_MS),
});
export type SqliteOptions = z.output<typeof SqliteOptions>;
