import {
  CompiledQuery,
  type Driver,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  type TransactionSettings,
} from 'kysely';

/**
 * Kysely's PostgreSQL dialect with one difference: of the transactions on the same schema, one runs at a time, as in SQLite.
 * Repositories read before they write (is this the last administrator, is there a default site?), which is only right while
 * nobody else writes; with records, that simplicity is worth more than writes side by side.
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

/** The lock ends with the transaction, also when its connection breaks. */
const TAKE_LOCK = "select pg_advisory_xact_lock(hashtext('wattkeeper records'), hashtext(current_schema()))";

class OneWriterDriver extends PostgresDriver {
  override async beginTransaction(connection: Connection, settings: TransactionSettings): Promise<void> {
    await super.beginTransaction(connection, settings);
    try {
      await connection.executeQuery(CompiledQuery.raw(TAKE_LOCK));
    } catch (error) {
      // A rollback that fails as well marks the connection as broken; the first error says why.
      await this.rollbackTransaction(connection).catch(() => {});
      throw error;
    }
  }
}
