import type { DatabaseSync } from 'node:sqlite';
import { Corrupt } from '../../domain/errors.ts';

/** Identifies a SQLite file of this service. */
export interface FileKind {
  /** Stored in the file's header, https://sqlite.org/pragma.html#pragma_application_id. */
  readonly applicationId: number;
  /** Version of the tables, stored as `user_version`, and the oldest readable version. */
  readonly format: number;
  readonly oldestFormat: number;
  /** Tables of a file that was made before files had an id; one of them suffices. */
  readonly tables: readonly string[];
}

/** The records and the journal: `wattkeeper.db`. */
export const LOCAL_FILE: FileKind = {
  applicationId: 0x57_4b_44_42, // "WKDB"
  format: 1,
  // The first files had no number.
  oldestFormat: 0,
  tables: ['kysely_migration', 'journal_batch'],
};

/** The telemetry of the SQLite store: `telemetry.sqlite`. */
export const TELEMETRY_FILE: FileKind = {
  applicationId: 0x57_4b_54_53, // "WKTS"
  format: 2,
  oldestFormat: 1,
  tables: ['metric_groups'],
};

/**
 * Checks that a file is of a kind, before it is changed. Returns its format; 0 for a new file.
 * @throws Corrupt for a file of another program or of an unknown format
 */
export function formatOf(database: DatabaseSync, path: string, kind: FileKind): number {
  const id = pragma(database, 'application_id');
  const format = pragma(database, 'user_version');
  const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const tables = rows.map(({ name }) => String(name));
  if (tables.length === 0 && id === 0 && format === 0) return 0;
  const isOurs = id === kind.applicationId || (id === 0 && kind.tables.some((name) => tables.includes(name)));
  if (!isOurs) {
    throw new Corrupt(
      `${path} is a SQLite database of another program (application id ${id}, tables: ${tables.slice(0, 5).join(', ') || 'none'}): it was not changed; move it away, or configure another path`,
    );
  }
  if (format > kind.format || format < kind.oldestFormat) {
    throw new Corrupt(
      `${path} has format ${format}, and this version of Wattkeeper reads ${kind.oldestFormat} to ${kind.format}: install the version that wrote it or a later one, or restore a backup of this version`,
    );
  }
  return format;
}

/** Marks a file as one of a kind. */
export function mark(database: DatabaseSync, kind: FileKind): void {
  database.exec(`PRAGMA application_id = ${kind.applicationId}; PRAGMA user_version = ${kind.format}`);
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
