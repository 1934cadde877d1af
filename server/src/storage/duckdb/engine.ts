import duckdb from '@duckdb/node-bindings';
import { Result } from './result.ts';

/** Maximum number of prepared statements per connection. */
const MAX_PREPARED_STATEMENTS = 128;

export interface EngineSettings {
  readonly path: string;
  readonly memoryLimitMb: number;
  readonly threads: number;
  readonly walMb: number;
}

/** One DuckDB database in this process. */
export class Engine {
  readonly #database: duckdb.Database;

  private constructor(database: duckdb.Database) {
    this.#database = database;
  }

  static async open({ path, memoryLimitMb, threads, walMb }: EngineSettings): Promise<Engine> {
    const config = duckdb.create_config();
    const settings = {
      memory_limit: `${memoryLimitMb}MB`,
      threads: String(threads),
      wal_autocheckpoint: `${walMb}MB`,
      // Small blocks and the newest format: a home's year takes a few hundred kilobytes instead of megabytes.
      default_block_size: '16384',
      storage_compatibility_version: 'latest',
      // The order of arrival determines the newer of two values.
      preserve_insertion_order: 'true',
      autoload_known_extensions: 'false',
      autoinstall_known_extensions: 'false',
      allow_community_extensions: 'false',
    };
    for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
    const engine = new Engine(await duckdb.open(path, config));
    const connection = await engine.connect();
    // Cells are packed already: compressing strings again saves nothing and makes a read decompress a cell's neighbours.
    await connection.run("SET GLOBAL disabled_compression_methods = 'dictionary,fsst,dict_fsst,zstd'");
    // Plans are cached, and a plan based on the statistics of an older table omits rows or fails once rows were added.
    await connection.run("SET GLOBAL disabled_optimizers = 'statistics_propagation'");
    connection.close();
    return engine;
  }

  async connect(): Promise<Connection> {
    return new Connection(await duckdb.connect(this.#database));
  }

  close(): void {
    duckdb.close_sync(this.#database);
  }
}

/** One connection; its calls must not overlap. */
export class Connection {
  readonly raw: duckdb.Connection;
  readonly #prepared = new Map<string, duckdb.PreparedStatement>();

  constructor(raw: duckdb.Connection) {
    this.raw = raw;
  }

  /** Runs statements without parameters. */
  async run(sql: string): Promise<Result> {
    return new Result(await duckdb.query(this.raw, sql));
  }

  /** Runs one statement with numbers or texts for its `?`; its plan is cached. */
  async query(sql: string, parameters: readonly (number | string)[] = []): Promise<Result> {
    const statement = this.#prepared.get(sql) ?? (await this.#prepare(sql));
    for (const [i, value] of parameters.entries()) {
      if (typeof value === 'number') duckdb.bind_double(statement, i + 1, value);
      else duckdb.bind_varchar(statement, i + 1, value);
    }
    return new Result(await duckdb.execute_prepared(statement));
  }

  /** Runs `work` in one transaction. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.run('BEGIN');
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.run('ROLLBACK');
      throw error;
    }
    await this.run('COMMIT');
    return result;
  }

  close(): void {
    for (const statement of this.#prepared.values()) duckdb.destroy_prepare_sync(statement);
    this.#prepared.clear();
    duckdb.disconnect_sync(this.raw);
  }

  async #prepare(sql: string): Promise<duckdb.PreparedStatement> {
    const oldest = this.#prepared.size >= MAX_PREPARED_STATEMENTS ? this.#prepared.entries().next().value : undefined;
    if (oldest !== undefined) {
      this.#prepared.delete(oldest[0]);
      duckdb.destroy_prepare_sync(oldest[1]);
    }
    const statement = await duckdb.prepare(this.raw, sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** A connection pool, so that slow reads do not delay quick ones. */
export class ConnectionPool {
  readonly #free: Connection[];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  readonly #size: number;

  constructor(connections: readonly Connection[]) {
    this.#size = connections.length;
    this.#free = [...connections];
  }

  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      return await work(connection);
    } finally {
      this.#give(connection);
    }
  }

  /** Waits for running work, then closes the connections. */
  async close(): Promise<void> {
    const taken = await Promise.all(Array.from({ length: this.#size }, () => this.#take()));
    for (const connection of taken) connection.close();
  }

  /** Waits for running work, closes the connections and continues with those that `reopen` returns; calls made meanwhile wait. */
  async replace(reopen: () => Promise<readonly Connection[]>): Promise<void> {
    await this.close();
    for (const connection of await reopen()) this.#give(connection);
  }

  #give(connection: Connection): void {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#free.push(connection);
  }

  async #take(): Promise<Connection> {
    return this.#free.pop() ?? (await new Promise<Connection>((resolve) => this.#waiting.push(resolve)));
  }
}
