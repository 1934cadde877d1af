import { type Dialect, sql } from 'kysely';
import { Unavailable } from '../../../domain/errors.ts';
import type { Engine } from '../migrations/engine.ts';
import { type PostgresLocation, PostgresRecords, type RecordsLocation } from '../records-options.ts';
import type { RecordsConnection } from '../schema.ts';
import { OneWriterPostgresDialect } from './postgres-dialect.ts';
import { openPool } from './postgres-pool.ts';
import { NodeSqliteDialect } from './sqlite-dialect.ts';
import { openDatabase } from './sqlite-file.ts';

/** The parts of an open database that depend on its engine. */
export interface RecordsEngine {
  readonly type: Engine;
  readonly dialect: Dialect;
  /** For messages: path of the file, or `host:port/database`. */
  readonly place: string;
  /** Schema of the tables, where the engine has schemas. */
  readonly schema: string | undefined;
  /** Throws for an engine that is too old. */
  check(db: RecordsConnection): Promise<void>;
  /** Bytes of the database. */
  sizeBytes(db: RecordsConnection): Promise<number>;
  /** Frees the resources that `Kysely.destroy` leaves open when the database was never used. */
  release(): void;
}

/** @param busyTimeoutMs how long a statement waits for another connection's lock */
export function openEngine(location: RecordsLocation, busyTimeoutMs: number): RecordsEngine {
  return location.type === 'sqlite'
    ? sqliteEngine(location.path, busyTimeoutMs)
    : postgresEngine(location, busyTimeoutMs);
}

/** Opens a SQLite file; for errors see `openDatabase`. */
function sqliteEngine(path: string, busyTimeoutMs: number): RecordsEngine {
  const file = openDatabase(path, busyTimeoutMs);
  return {
    type: 'sqlite',
    dialect: new NodeSqliteDialect(file, path),
    place: path,
    schema: undefined,
    check: async () => {},
    sizeBytes: async (db) => {
      const { rows } = await sql<{ bytes: number }>`
        select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()`.execute(db);
      return rows[0]?.bytes ?? 0;
    },
    release: () => {
      if (file.isOpen) file.close();
    },
  };
}

/** Prepares connections to PostgreSQL; the first statement opens one. */
function postgresEngine(location: PostgresLocation, lockTimeoutMs: number): RecordsEngine {
  const { pool, place } = openPool(PostgresRecords.parse(location), lockTimeoutMs);
  return {
    type: 'postgres',
    dialect: new OneWriterPostgresDialect({ pool }),
    place: place.name,
    schema: place.schema,
    check: async (db) => {
      const { rows } = await sql<{ version: number }>`
        select current_setting('server_version_num')::int as version`.execute(db);
      refuseOldServer(rows[0]?.version ?? 0, place.name);
    },
    sizeBytes: async (db) => {
      const { rows } = await sql<{ bytes: number; readOnly: boolean }>`
        select coalesce(sum(pg_total_relation_size(oid)), 0)::bigint as bytes,
          current_setting('transaction_read_only')::bool as "readOnly"
        from pg_class where relkind = 'r' and relnamespace = current_schema()::text::regnamespace`.execute(db);
      if (rows[0]?.readOnly) {
        throw new Unavailable(
          `PostgreSQL at ${place.name} is read-only: connect to the primary server, not to a standby`,
        );
      }
      return rows[0]?.bytes ?? 0;
    },
    release: () => {},
  };
}

const OLDEST_MAJOR = 13;

/** @param version `server_version_num`: 150004 for 15.4 */
export function refuseOldServer(version: number, place: string): void {
  const major = Math.floor(version / 10_000);
  if (major >= OLDEST_MAJOR) return;
  throw new Unavailable(
    `PostgreSQL at ${place} is version ${major}, and the records need ${OLDEST_MAJOR} or newer: upgrade the server, or keep the records in SQLite`,
  );
}
