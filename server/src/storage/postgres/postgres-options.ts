import { z } from 'zod';
import { readTimeout, SERVER_TIMEOUT_MS } from '../read-timeout.ts';
import { PostgresConnection, PostgresSchema } from '../records/records-options.ts';

/**
 * For several nodes that share telemetry, or programs that query it in SQL. Takes several times the space of `duckdb`, and adds the latency
 * of a network. A group takes about 1,000 values in a row: PostgreSQL's page size sets that limit.
 */
export const PostgresOptions = z.strictObject({
  type: z.literal('postgres').describe('PostgreSQL 13 or newer, which several nodes and other programs can share'),
  name: z.string().min(1).default('postgres'),
  ...PostgresConnection.shape,
  schema: PostgresSchema.default('wattkeeper_telemetry').describe('Created if missing'),
  extension: z
    .enum(['auto', 'timescaledb', 'citus', 'none'])
    .default('auto')
    .describe(
      'auto: TimescaleDB or Citus when the database has it; by name: creates the extension if missing, and fails if it cannot',
    ),
  statement_timeout_ms: z
    .number()
    .int()
    .min(100)
    .max(3_600_000)
    .default(60_000)
    .describe('The server cancels a statement after this long. Long windows and overviews fail when it is too short'),
  read_timeout_ms: readTimeout(SERVER_TIMEOUT_MS),
});
export type PostgresOptions = z.output<typeof PostgresOptions>;
