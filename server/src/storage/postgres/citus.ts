import { Unavailable } from '../../domain/errors.ts';
import type { PostgresPlace } from '../records/engine/postgres-errors.ts';
import type { Run } from './database.ts';

/** The table that determines the shard of a device: one row each, co-located with its samples. */
export const DEVICE_SHARDS = 'telemetry_device_shards';
/** Tables that are replicated to every node. */
const REFERENCES = [
  'telemetry_format',
  'telemetry_devices',
  'telemetry_groups',
  'telemetry_quantities',
  'telemetry_machines',
  'telemetry_growth',
];

/** Names of the tables of a schema that are distributed by Citus. */
export async function distributedTablesOf(run: Run, schema: string): Promise<Set<string>> {
  const rows = await run(
    `select relname from pg_dist_partition join pg_class c on c.oid = logicalrelid where relnamespace = $1::regnamespace`,
    [`"${schema}"`],
  );
  return new Set(rows.map(([name]) => name as string));
}

/** @throws Unavailable when the server does not load Citus, whose tables then appear empty, or when it is not the coordinator */
export async function checkCoordinator(run: Run, place: PostgresPlace): Promise<void> {
  const [[loaded] = []] = await run(`select current_setting('citus.version', true) is not null`);
  if (!loaded) {
    throw new Unavailable(
      `the database of PostgreSQL at ${place.name} has the extension Citus, but the server does not load it: put citus first into shared_preload_libraries and restart the server`,
    );
  }
  const [[isWorker] = []] = await run('select groupid <> 0 from pg_dist_local_group');
  if (isWorker) {
    throw new Unavailable(`PostgreSQL at ${place.name} is a worker of Citus: set ${place.setting} to the coordinator`);
  }
}

/** Replicates the small tables to every node, and creates the table with which samples are co-located; idempotent. */
export async function distributeCatalogue(run: Run, distributed: ReadonlySet<string>): Promise<void> {
  for (const table of REFERENCES) {
    if (!distributed.has(table)) await run('select create_reference_table($1)', [table]);
  }
  if (distributed.has(DEVICE_SHARDS)) return;
  await run(`create table ${DEVICE_SHARDS} (id integer primary key)`);
  await run(`select create_distributed_table($1, 'id', colocate_with => 'none')`, [DEVICE_SHARDS]);
}

/** Distributes an empty table by its column `device`. Its partitions follow. */
export async function distributeSamples(run: Run, table: string): Promise<void> {
  await run(`select create_distributed_table($1, 'device', colocate_with => $2)`, [table, DEVICE_SHARDS]);
}

/** Makes workers' commits of this transaction synchronous, whatever their settings. */
export async function commitOnDisk(run: Run): Promise<void> {
  await run(`set local citus.propagate_set_commands = 'local'`);
  await run(`set local synchronous_commit = 'on'`);
}

/** Lets this transaction change tables and many of their shards sequentially. */
export async function changeInSequence(run: Run): Promise<void> {
  await run(`set local citus.multi_shard_modify_mode = 'sequential'`);
}

/** SQL for the bytes of all tables of the current schema, on all nodes. */
export const SHARD_BYTES = `select coalesce(sum(size), 0)::bigint from citus_shard_sizes() join pg_dist_shard on shardid = shard_id
  join pg_class c on c.oid = logicalrelid where relname ~ '^(samples|telemetry)_' and relnamespace = current_schema()::text::regnamespace`;
