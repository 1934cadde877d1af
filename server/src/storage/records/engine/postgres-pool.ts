import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Client, Pool, type PoolClient, type PoolConfig, types } from 'pg';
import { gatedSocket } from '../../../outbound/agents.ts';
import { Gate } from '../../../outbound/gate.ts';
import type { PostgresSettings } from '../records-options.ts';
import { type PostgresPlace, translateConnectError, translatePostgresError } from './postgres-errors.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** A transaction of this service that is idle for this long has lost its program; others wait for its locks. */
const IDLE_IN_TRANSACTION_MS = MINUTE_MS;
/** Type `bigint` in PostgreSQL's catalogue. */
const INT8 = 20;

/**
 * A connection pool: connections are opened on demand and reopened after a failure; errors name the remedy. Texts, numbers and nulls are
 * returned as SQLite returns them.
 *
 * @param lockTimeoutMs how long a statement waits for a lock
 */
export function openPool(
  location: PostgresSettings,
  lockTimeoutMs: number,
): { readonly pool: PostgresPool; readonly place: PostgresPlace } {
  const { pool, place } = connectPool(location, 'records', { lock_timeout: lockTimeoutMs });
  return { pool: adapt(pool, place), place };
}

/**
 * A pool of `pg`; a broken connection does not end the process.
 *
 * @param setting configuration path of the location, for messages
 * @param limits timeouts of the connections
 */
export function connectPool(
  location: PostgresSettings,
  setting: string,
  limits: PoolConfig,
): { readonly pool: Pool; readonly place: PostgresPlace } {
  const config: PoolConfig = {
    ...(location.url === undefined
      ? {
          host: location.host,
          port: location.port,
          database: location.database,
          user: location.user,
          ...(location.password !== undefined && { password: location.password }),
          ssl: location.tls,
        }
      : { connectionString: location.url }),
    options: `-c search_path=${location.schema}`,
    application_name: 'wattkeeper',
    max: location.max_connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    ...limits,
    types: { getTypeParser: (oid, format) => (oid === INT8 ? parseInteger : types.getTypeParser(oid, format)) },
  };
  const { host, port, database = '', user = '' } = new Client(config);
  const place = { name: `${host}:${port}/${database}`, user, database, schema: location.schema, setting };
  const gate = new Gate([{ host, port }], 'configuration');
  const pool = new Pool({ ...config, stream: () => gatedSocket(gate) });
  // A broken connection emits an event, which would end the process without a listener. The pool drops the connection, and a statement that
  // runs on it fails.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return { pool, place };
}

/** Parses a `bigint`; throws for one that a number cannot represent exactly. */
function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the integer ${text} is too large`);
  return value;
}

function adapt(pool: Pool, place: PostgresPlace): PostgresPool {
  return {
    options: pool.options,
    connect: async () => {
      try {
        return adaptClient(await pool.connect(), place);
      } catch (error) {
        throw translateConnectError(error, place);
      }
    },
    end: () => pool.end(),
  };
}

function adaptClient(client: PoolClient, place: PostgresPlace): PostgresPoolClient {
  const query = async (sql: string, parameters: readonly unknown[] = []) => {
    try {
      return await client.query(sql, [...parameters]);
    } catch (error) {
      throw translatePostgresError(error, place);
    }
  };
  // Kysely's type also accepts a cursor, which only streams use.
  return { query: query as unknown as PostgresPoolClient['query'], release: (destroy) => client.release(destroy) };
}
