import type { Run } from './database.ts';
import type { Extension } from './extension.ts';

const CHUNK = "interval '7 days'";
/** Late readings have usually arrived by then; later ones are still accepted. */
const COMPRESS_AFTER = "interval '14 days'";

/** Names of the tables of a schema that are hypertables. */
export async function hypertablesOf(run: Run, schema: string): Promise<Set<string>> {
  const rows = await run(
    'select hypertable_name from timescaledb_information.hypertables where hypertable_schema = $1',
    [schema],
  );
  return new Set(rows.map(([name]) => name as string));
}

/** Makes an empty table with the columns `device` and `ts` a hypertable with compression of old chunks. */
export async function makeHypertable(run: Run, { functions }: Extension, table: string): Promise<void> {
  await run(
    `select ${functions}.create_hypertable($1::text::regclass, 'ts', chunk_time_interval => ${CHUNK}, create_default_indexes => false)`,
    [table],
  );
  await run(
    `alter table ${table} set (timescaledb.compress, timescaledb.compress_segmentby = 'device', timescaledb.compress_orderby = 'ts')`,
  );
  await run(`select ${functions}.add_compression_policy($1::text::regclass, ${COMPRESS_AFTER})`, [table]);
}

/** Lifts the limit of decompressed rows for this transaction. */
export async function liftDecompressionLimit(run: Run): Promise<void> {
  await run('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
}

/**
 * A continuous aggregate of means in steps from 1970 in UTC, refreshed hourly; newer means are computed at query time. It replaces one with
 * fewer columns.
 * @param name of the materialised view, quoted
 */
export async function continuousMeans(
  run: Run,
  { functions }: Extension,
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

/** Deletes the means of a device in a continuous aggregate: a refresh would only cover the window of its policy. */
export async function deleteMeans(run: Run, schema: string, name: string, device: number): Promise<void> {
  const [[table] = []] = await run(
    `select format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)
     from timescaledb_information.continuous_aggregates where view_schema = $1 and view_name = $2`,
    [schema, name],
  );
  if (table !== undefined) await run(`delete from ${table} where device = $1`, [device]);
}

/** Drops whole chunks before an instant. */
export async function dropChunks(run: Run, { functions }: Extension, table: string, before: string): Promise<void> {
  await run(`select ${functions}.drop_chunks($1::text::regclass, older_than => ${before})`, [table]);
}

/** SQL for the bytes of all hypertables of the current schema. */
export function hypertableBytes({ functions }: Extension): string {
  return `select coalesce(sum(${functions}.hypertable_size(format('%I.%I', hypertable_schema, hypertable_name)::regclass)), 0)::bigint
    from timescaledb_information.hypertables where hypertable_schema = current_schema()::text`;
}
