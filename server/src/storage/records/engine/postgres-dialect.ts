import {
  CompiledQuery,
  type Driver,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from 'kysely';

/**
 * Kysely's PostgreSQL dialect with one difference: transactions on the same schema are serialised, as in SQLite. Repositories read before
 * they write (is this the last administrator, is there a default site?), which is only correct without concurrent writers. For records,
 * that simplicity is worth more than concurrent writes.
 */
export class OneWriterPostgresDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new OneWriterDriver(this.#config);
  }
}

type Connection = Parameters<PostgresDriver['rollbackTransaction']>[0];

/** The lock is released with the transaction, also when its connection breaks. */
const TAKE_LOCK = "select pg_advisory_xact_lock(hashtext('wattkeeper records'), hashtext(current_schema()))";

class OneWriterDriver extends PostgresDriver {
  override async beginTransaction(connection: Connection, settings: TransactionSettings): Promise<void> {
    await super.beginTransaction(connection, settings);
    try {
      await connection.executeQuery(CompiledQuery.raw(TAKE_LOCK));
    } catch (error) {
      // A rollback that also fails marks the connection as broken; the first error is reported.
      await this.rollbackTransaction(connection).catch(() => {});
      throw error;
    }
  }
}
