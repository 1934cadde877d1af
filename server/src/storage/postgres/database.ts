import { setTimeout } from 'node:timers/promises';
import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { Conflict, Unavailable } from '../../domain/errors.ts';
import {
  type PostgresPlace,
  translateConnectError,
  translatePostgresError,
} from '../records/engine/postgres-errors.ts';
import { connectPool } from '../records/engine/postgres-pool.ts';
import type { PostgresSettings } from '../records/records-options.ts';
import { decodeFloats } from './float-arrays.ts';

/** How long a statement waits for a lock. */
const LOCK_TIMEOUT_MS = 10_000;
/** How much longer than the server's own timeout an answer is awaited before the connection counts as lost. */
const ANSWER_GRACE_MS = 5_000;

/** Maximum number of attempts of a transaction that conflicts with others, and the growing pause between them. */
const ATTEMPTS = 5;
const ATTEMPT_PAUSE_MS = 50;

/** Runs statements on one connection; rows come as arrays of values. */
export type Run = (sql: string, parameters?: readonly unknown[]) => Promise<unknown[][]>;

/** Connections to one database; errors are those of the port. */
export class Database {
  readonly place: PostgresPlace;
  readonly #pool: Pool;
  #closing: Promise<void> | null = null;

  constructor(location: PostgresSettings, statementTimeoutMs: number) {
    const { pool, place } = connectPool(location, 'stores', {
      lock_timeout: LOCK_TIMEOUT_MS,
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + ANSWER_GRACE_MS,
    });
    this.#pool = pool;
    this.place = place;
  }

  /** One statement. */
  query(sql: string, parameters?: readonly unknown[]): Promise<unknown[][]> {
    return this.#use((client) => runOn(client)(sql, parameters));
  }

  /** One row of arrays, each selected with `arrayOf`; null without a row. */
  async columns(sql: string, parameters: readonly unknown[]): Promise<(Float64Array<ArrayBuffer> | null)[]> {
    const [row = []] = await this.query(sql, parameters);
    return (row as (string | null)[]).map((text) => (text === null ? null : decodeFloats(text)));
  }

  /**
   * Runs statements in one transaction. A commit is synchronous, whatever the server's settings. The victim of a deadlock is run again:
   * `work` must change nothing but the database.
   */
  transaction<T>(work: (run: Run) => Promise<T>): Promise<T> {
    return this.#use(async (client) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#attempt(client, work);
        } catch (error) {
          if (attempt === ATTEMPTS || !isVictim(error)) throw error;
          await setTimeout(attempt * ATTEMPT_PAUSE_MS);
        }
      }
    });
  }

  async #attempt<T>(client: PoolClient, work: (run: Run) => Promise<T>): Promise<T> {
    const run = runOn(client);
    await client.query(
      `begin; select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`,
    );
    try {
      const value = await work(run);
      await run('commit');
      return value;
    } catch (error) {
      if (error instanceof DatabaseError) await client.query('rollback');
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async #use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closing !== null) throw new Unavailable(`the PostgreSQL store at ${this.place.name} is closed`);
    const client = await this.#pool.connect().catch((error) => {
      throw translateConnectError(error, this.place);
    });
    let whole = false;
    try {
      const value = await work(client);
      whole = true;
      return value;
    } catch (error) {
      throw explainRejection(translatePostgresError(error, this.place), this.place);
    } finally {
      client.release(!whole);
    }
  }
}

function runOn(client: PoolClient): Run {
  return async (sql, parameters = []) => {
    const { rows } = await client.query({ text: sql, values: [...parameters], rowMode: 'array' });
    return rows;
  };
}

/** Whether the server aborted a transaction for a concurrent one: SQLSTATE deadlock_detected and serialization_failure. */
function isVictim(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '40P01' || error.code === '40001');
}

/**
 * SQLSTATE classes that depend only on the statement and the data: data exception, integrity constraint violation, syntax error or access
 * rule violation, program limit exceeded. A missing privilege, 42501, is temporary: see `translatePostgresError`.
 */
const PERMANENT = /^(22|23|42|54)/;

function explainRejection(error: unknown, place: PostgresPlace): unknown {
  if (!(error instanceof DatabaseError) || !PERMANENT.test(error.code ?? '')) return error;
  return new Conflict(`PostgreSQL at ${place.name} rejects this (${error.code}: ${error.message})`, { cause: error });
}

/** Whether a row has no partition: SQLSTATE check_violation, since there are no other checks. */
export function isPartitionMissing(error: unknown): boolean {
  return error instanceof Conflict && error.cause instanceof DatabaseError && error.cause.code === '23514';
}
