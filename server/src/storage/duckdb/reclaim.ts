import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';

/** Share of free blocks within the file from which on rewriting the settled tables is worth it. */
const FREE_SHARE_MAX = 0.2;
/** A file of fewer blocks is left as it is. */
const BLOCKS_MIN = 16;

/**
 * Gives the space back that moved and deleted rows leave. A checkpoint frees their blocks, but the file only gets shorter where its
 * end is free: so when much of it is free, the settled tables are written anew, which moves them into the free blocks at the front
 * and sorts them by (device, time) on the way.
 */
export async function reclaimSpace(connection: Connection, groups: readonly Group[]): Promise<void> {
  await connection.run('CHECKPOINT');
  if (!(await isWasteful(connection))) return;
  for (const { settled, recent } of groups) {
    await connection.transaction(async () => {
      await rewrite(connection, settled, 'ORDER BY device, first_ts');
      await rewrite(connection, recent, '');
    });
  }
  await connection.run('CHECKPOINT');
  await connection.run('CHECKPOINT');
}

async function rewrite(connection: Connection, table: string, order: string): Promise<void> {
  await connection.run(`CREATE TABLE ${table}_anew AS FROM ${table} ${order}`);
  await connection.run(`DROP TABLE ${table}`);
  await connection.run(`ALTER TABLE ${table}_anew RENAME TO ${table}`);
}

async function isWasteful(connection: Connection): Promise<boolean> {
  const size = await connection.run(
    'SELECT total_blocks::DOUBLE, free_blocks::DOUBLE FROM pragma_database_size() WHERE database_name = current_database()',
  );
  const total = size.doubles(0)[0] as number;
  const free = size.doubles(1)[0] as number;
  return total >= BLOCKS_MIN && free > total * FREE_SHARE_MAX;
}
