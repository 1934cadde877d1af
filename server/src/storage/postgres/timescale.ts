import type { Run } from './database.ts';

/** TimescaleDB in a database. */
export interface Timescale {
  readonly version: string;
  /** Quoted schema of its functions. */
  readonly functions: string;
}

/** What is asked for: `auto` takes TimescaleDB where the database has it and no table is laid out otherwise. */
export type ExtensionChoice = 'auto' | 'timescaledb' | 'none';

/** Upserts into compressed chunks came with this version. */
const OLDEST = [2, 11] as const;
const CHUNK = "interval '7 days'";
/** Late readings have had their time by then; later ones still find their way in. */
const COMPRESS_AFTER = "interval '14 days'";

/** TimescaleDB where the database has it, or null. Makes the extension where it is asked for by name. */
export async function findTimescale(run: Run, choice: ExtensionChoice): Promise<Timescale | null> {
  if (choice === 'none') return null;
  if (choice === 'timescaledb') await run('create extension if not exists timescaledb schema public');
  const [found] = await run(
    `select extversion, quote_ident(nspname) from pg_extension e join pg_namespace n on n.oid = extnamespace where extname = 'timescaledb'`,
  );
  return found === undefined ? null : { version: found[0] as string, functions: found[1] as string };
}

/** Whether a version can do what is needed. */
export function isRecent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

export const OLDEST_TIMESCALE = OLDEST.join('.');

/** Names of the tables of a schema that are hypertables. */
export async function hypertablesOf(run: Run, schema: string): Promise<Set<string>> {
  const rows = await run(
    'select hypertable_name from timescaledb_information.hypertables where hypertable_schema = $1',
    [schema],
  );
  return new Set(rows.map(([name]) => name as string));
}

/** Makes an empty table with the columns `device` and `ts` a hypertable that compresses what is old. */
export async function makeHypertable(run: Run, { functions }: Timescale, table: string): Promise<void> {
  await run(
    `select ${functions}.create_hypertable($1::text::regclass, 'ts', chunk_time_interval => ${CHUNK}, create_default_indexes => false)`,
    [table],
  );
  await run(
    `alter table ${table} set (timescaledb.compress, timescaledb.compress_segmentby = 'device', timescaledb.compress_orderby = 'ts')`,
  );
  await run(`select ${functions}.add_compression_policy($1::text::regclass, ${COMPRESS_AFTER})`, [table]);
}

/** Lets this transaction change as much of compressed chunks as it has to. */
export async function liftDecompressionLimit(run: Run): Promise<void> {
  await run('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
}

/**
 * A continuous aggregate of means in steps from 1970 in UTC, refreshed hourly; what is newer is computed when it is asked. It takes the place of one
 * with fewer columns.
 * @param name of the materialised view, quoted
 */
export async function continuousMeans(
  run: Run,
  { functions }: Timescale,
  name: string,
  table: string,
  columns: readonly string[],
  seconds: number,
): Promise<void> {
  const means = columns.map((column) => `, avg(${column}) as ${column}`).join('');
  await run(`drop materialized view if exists ${name} cascade`);
  await run(`create materialized view ${name} with (timescaledb.continuous, timescaledb.materialized_only = false) as
    select device, ${functions}.time_bucket(interval '${seconds} seconds', ts, origin => timestamptz 'epoch') as ts${means}
    from ${table} group by 1, 2 with no data`);
  await run(
    `select ${functions}.add_continuous_aggregate_policy($1::text::regclass, start_offset => interval '60 days', end_offset => interval '${2 * seconds} seconds', schedule_interval => interval '1 hour')`,
    [name],
  );
}

/** Drops whole chunks before an instant. */
export async function dropChunks(run: Run, { functions }: Timescale, table: string, before: string): Promise<void> {
  await run(`select ${functions}.drop_chunks($1::text::regclass, older_than => ${before})`, [table]);
}

/** SQL for the bytes of all hypertables of the current schema. */
export function hypertableBytes({ functions }: Timescale): string {
  return `select coalesce(sum(${functions}.hypertable_size(format('%I.%I', hypertable_schema, hypertable_name)::regclass)), 0)::bigint
    from timescaledb_information.hypertables where hypertable_schema = current_schema()::text`;
}
