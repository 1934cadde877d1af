import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ExpectedError, messageOf, Unavailable } from '../../../domain/errors.ts';
import { formatOf, LOCAL_FILE, mark } from '../../sqlite/sqlite-identity.ts';
import { translateSqliteError } from './sqlite-errors.ts';

/**
 * Opens or creates the SQLite file that the records and the journal share.
 * Write-ahead log, so that readers and the journal's connection do not block each other; full sync, since WAL with less may lose the last
 * commits at power loss (https://sqlite.org/pragma.html#pragma_synchronous); incremental vacuum, which can only be set on a file without
 * tables, so that space can be freed later without a rewrite.
 *
 * @throws Corrupt for a file of another program or of an unknown format, or a damaged file; Unavailable when it is locked or cannot be
 * opened
 */
export function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  if (path !== ':memory:') makeFolder(dirname(path));
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
    const format = formatOf(database, path, LOCAL_FILE);
    if (isEmpty(database)) database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    if (format < LOCAL_FILE.format) mark(database, LOCAL_FILE);
    return database;
  } catch (error) {
    database?.close();
    throw translateSqliteError(error, path);
  }
}

/**
 * Checks a file that holds only the journal because the records are stored elsewhere. A file that cannot be opened is accepted: the journal
 * then continues in memory.
 * @throws Corrupt for a file of another program or of an unknown format
 */
export function checkDatabase(path: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    formatOf(database, path, LOCAL_FILE);
  } catch (error) {
    if (error instanceof ExpectedError) throw error;
  } finally {
    database?.close();
  }
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count === 0;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Unavailable(
      `the folder ${folder} cannot be created (${messageOf(error)}): check its path and permissions`,
      {
        cause: error,
      },
    );
  }
}
