import { z } from 'zod';
import { readTimeout, SERVER_TIMEOUT_MS } from '../read-timeout.ts';
import { PostgresConnection, PostgresSchema } from '../records/records-options.ts';

/**
 * For what several nodes share or other programs ask in SQL. Takes several times the space of `duckdb`, and a network is in between. A group
 * takes about 1,000 values in a row: PostgreSQL's pages set that bound.
 */
export const PostgresOptions = z.strictObject({
  type: z.literal('postgres').describe('PostgreSQL 13 or newer, which several nodes and other programs can share'),
  name: z.string().min(1).default('postgres'),
  ...PostgresConnection.shape,
  schema: PostgresSchema.default('wattkeeper_telemetry').describe('Created where it is missing'),
  extension: z
    .enum(['auto', 'timescaledb', 'citus', 'none'])
    .default('auto')
    .describe(
      'auto: TimescaleDB or Citus where the database has it; by name: creates the extension where it is missing, and fails where it cannot',
    ),
  statement_timeout_ms: z
    .number()
    .int()
    .min(100)
    .max(3_600_000)
    .default(60_000)
    .describe('The server ends a statement after this long. Too little makes long spans and overviews fail'),
  read_timeout_ms: readTimeout(SERVER_TIMEOUT_MS),
});
export type PostgresOptions = z.output<typeof PostgresOptions>;
