import type { Group } from './catalog.ts';
import type { Connection } from './engine.ts';

/** Share of free blocks in the file, or of deleted rows in its tables, from which the file is rewritten. */
const MAX_FREE_SHARE = 0.25;
/** A file with fewer blocks is not rewritten. */
const MIN_BLOCKS = 16;
/** Name under which the copy is attached; no file of the service has this name. */
const COPY = 'wattkeeper_copy';

/**
 * Checkpoints the write-ahead log. Returns whether much of the file is free, since a file only shrinks at its end, or taken by deleted
 * rows, which the engine keeps until their whole row group is deleted.
 */
export async function isWasteful(connection: Connection, groups: readonly Group[]): Promise<boolean> {
  await connection.run('CHECKPOINT');
  const size = await connection.run(
    'SELECT total_blocks::DOUBLE, free_blocks::DOUBLE FROM pragma_database_size() WHERE database_name = current_database()',
  );
  const total = size.doubles(0)[0]!;
  const free = size.doubles(1)[0]!;
  if (total < MIN_BLOCKS) return false;
  if (free > total * MAX_FREE_SHARE) return true;
  let [rows, places] = [0, 0];
  for (const { settled } of groups) {
    const found = await connection.run(`SELECT count(*)::DOUBLE, coalesce(max(rowid) + 1, 0)::DOUBLE FROM ${settled}`);
    rows += found.doubles(0)[0]!;
    places += found.doubles(1)[0]!;
  }
  return places - rows > places * MAX_FREE_SHARE;
}

/** Writes all data to a new file, settled chunks sorted by (device, time), and completes that file. */
export async function copyTo(connection: Connection, path: string, groups: readonly Group[]): Promise<void> {
  const source = (await connection.run('SELECT current_database()')).texts(0)[0]!;
  await connection.run(`ATTACH '${path.replaceAll("'", "''")}' AS ${COPY}`);
  await connection.run(`COPY FROM DATABASE "${source.replaceAll('"', '""')}" TO ${COPY} (SCHEMA)`);
  const order = new Map(groups.map(({ settled }) => [settled, ' ORDER BY device, first_ts']));
  const tables = await connection.run(
    'SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()',
  );
  for (const table of tables.texts(0)) {
    await connection.run(`INSERT INTO ${COPY}.${table} FROM ${table}${order.get(table) ?? ''}`);
  }
  await connection.run(`CHECKPOINT ${COPY}`);
  await connection.run(`DETACH ${COPY}`);
}
