import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
} from 'kysely';
import { translateSqliteError } from './sqlite-errors.ts';

/** Cached compiled statements; Kysely generates few distinct texts per repository. */
const MAX_STATEMENTS = 256;

/**
 * Kysely's SQLite dialect on Node's own `node:sqlite`, with two differences: every transaction takes the write lock when it
 * begins, because one that reads first and writes later fails at once (SQLITE_BUSY_SNAPSHOT, no waiting) when another
 * connection wrote in between; and migrations run in a transaction, because SQLite rolls schema changes back.
 */
export class NodeSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;

  /** @param path for error messages */
  constructor(database: DatabaseSync, path: string) {
    const config = { database: adapt(database, path) };
    super(config);
    this.#config = config;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#config);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter();
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }
}

class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

function adapt(database: DatabaseSync, path: string): SqliteDatabase {
  const statements = new Map<string, ReturnType<typeof adaptStatement>>();
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = translated(path, () => adaptStatement(database.prepare(sql), path));
      if (statements.size >= MAX_STATEMENTS) statements.clear();
      statements.set(sql, statement);
      return statement;
    },
  };
}

function adaptStatement(statement: StatementSync, path: string) {
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => translated(path, () => statement.all(...(parameters as SQLInputValue[]))),
    run: (parameters: readonly unknown[]) => translated(path, () => statement.run(...(parameters as SQLInputValue[]))),
    iterate: (parameters: readonly unknown[]) => statement.iterate(...(parameters as SQLInputValue[])),
  };
}

function translated<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw translateSqliteError(error, path);
  }
}
