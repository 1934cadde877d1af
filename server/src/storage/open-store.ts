import { z } from 'zod';
import { InvalidInput } from '../domain/errors.ts';
import type { TelemetryStore } from './backend.ts';
import { DuckDbOptions, openDuckDbStore } from './duckdb/duckdb-store.ts';
import { FileOptions, openFileStore } from './file/file-store.ts';
import { InfluxDbOptions, openInfluxDbStore } from './influxdb/influxdb-store.ts';
import { MemoryOptions, openMemoryStore } from './memory/memory-store.ts';
import { openPostgresStore, PostgresOptions } from './postgres/postgres-store.ts';
import { openSqliteStore, SqliteOptions } from './sqlite/sqlite-store.ts';

/** Options of every backend, told apart by `type`. Defaults, limits and costs stand with each backend. */
export const TelemetryStoreOptions = z.discriminatedUnion('type', [
  MemoryOptions,
  DuckDbOptions,
  SqliteOptions,
  PostgresOptions,
  InfluxDbOptions,
  FileOptions,
]);
export type TelemetryStoreOptions = z.input<typeof TelemetryStoreOptions>;

/** The one list of backends. */
const OPENERS: { [T in TelemetryStoreOptions['type']]: (options: OptionsOf<T>) => Promise<TelemetryStore> } = {
  memory: openMemoryStore,
  duckdb: openDuckDbStore,
  sqlite: openSqliteStore,
  postgres: openPostgresStore,
  influxdb: openInfluxDbStore,
  file: (options) => openFileStore(options),
};
type OptionsOf<T> = Extract<TelemetryStoreOptions, { type: T }>;

/**
 * Opens a store by the name of its type.
 * @throws InvalidInput when the options do not fit; Unavailable and Corrupt as the port has it
 */
export async function openTelemetryStore(options: TelemetryStoreOptions): Promise<TelemetryStore> {
  const parsed = TelemetryStoreOptions.safeParse(options);
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), detail: issue.message }));
    throw new InvalidInput(`the store's options do not fit: ${z.prettifyError(parsed.error)}`, { fields });
  }
  // biome-ignore lint/plugin: the opener of a type takes the options of this type
  const open = OPENERS[parsed.data.type] as (options: TelemetryStoreOptions) => Promise<TelemetryStore>;
  return open(parsed.data);
}
