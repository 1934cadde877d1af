import { join } from 'node:path';
import { z } from 'zod';
import { InvalidInput } from '../domain/errors.ts';
import type { TelemetryStore } from './backend.ts';
import { DuckDbOptions } from './duckdb/duckdb-options.ts';
import { FileOptions } from './file/file-options.ts';
import { InfluxDbOptions } from './influxdb/influxdb-options.ts';
import { MemoryOptions } from './memory/memory-options.ts';
import { PostgresOptions } from './postgres/postgres-options.ts';
import { SqliteOptions } from './sqlite/sqlite-options.ts';

/** Properties of a backend that are known before it is opened. */
interface Traits {
  /** The engine runs in this process; others are servers. */
  readonly embedded: boolean;
  /** Default name of its file or folder; null: no local files. */
  readonly file: string | null;
}

/** The list of backends. An engine is loaded when a store of its type is first opened. */
const BACKENDS = [
  backend(
    DuckDbOptions,
    { embedded: true, file: 'telemetry.duckdb' },
    async () => (await import('./duckdb/duckdb-store.ts')).openDuckDbStore,
  ),
  backend(
    SqliteOptions,
    { embedded: true, file: 'telemetry.sqlite' },
    async () => (await import('./sqlite/sqlite-store.ts')).openSqliteStore,
  ),
  backend(
    MemoryOptions,
    { embedded: true, file: null },
    async () => (await import('./memory/memory-store.ts')).openMemoryStore,
  ),
  backend(
    FileOptions,
    { embedded: true, file: 'telemetry-files' },
    async () => (await import('./file/file-store.ts')).openFileStore,
  ),
  backend(
    PostgresOptions,
    { embedded: false, file: null },
    async () => (await import('./postgres/postgres-store.ts')).openPostgresStore,
  ),
  backend(
    InfluxDbOptions,
    { embedded: false, file: null },
    async () => (await import('./influxdb/influxdb-store.ts')).openInfluxDbStore,
  ),
] as const;

/** Options of every backend by `type`, as in the configuration; defaults, limits and costs are documented with each backend. */
export const StoreOptions = z.discriminatedUnion('type', [
  BACKENDS[0].options,
  ...BACKENDS.slice(1).map(({ options }) => options),
]);
export type StoreOptions = z.output<typeof StoreOptions>;
/** As `StoreOptions`, with defaults omitted. */
export type StoreInput = z.input<typeof StoreOptions>;

/**
 * Opens a store by the name of its type.
 * @param folder for the files of a store whose options name no path; default: the working folder
 * @throws InvalidInput for invalid options; Unavailable and Corrupt as specified by the port
 */
export async function openTelemetryStore(options: StoreInput, folder = '.'): Promise<TelemetryStore> {
  return backendOf(options).open(options, folder);
}

/** Properties of the backend of a store. */
export function traitsOf(options: { readonly type: string }): Traits {
  return backendOf(options);
}

/** Path of a store's files: its own, or within a folder; null for a store without local files. */
export function placeOf(options: StoreOptions, folder: string): string | null {
  const { file } = backendOf(options);
  return file === null ? null : (pathIn(options) ?? join(folder, file));
}

/** Why a folder cannot contain the files of a store that names no path, phrased to follow the folder's name; null when it can. */
export function folderFault(options: StoreOptions, folder: string): string | null {
  const { file, options: schema } = backendOf(options);
  if (file === null || pathIn(options) !== undefined) return null;
  return schema.safeParse({ ...options, path: folder }).error?.issues[0]?.message ?? null;
}

function pathIn(options: object): string | undefined {
  return 'path' in options && typeof options.path === 'string' ? options.path : undefined;
}

function backendOf({ type }: { readonly type: string }) {
  const found = BACKENDS.find(({ options }) => options.shape.type.value === type);
  if (found === undefined) throw new InvalidInput(`a store's type must be one of ${TYPES}; got "${type}"`);
  return found;
}

const TYPES = BACKENDS.map(({ options }) => options.shape.type.value).join(', ');

function backend<S extends z.ZodObject<{ type: z.ZodLiteral<string> }>>(
  options: S,
  traits: Traits,
  load: () => Promise<(options: z.output<S> & { readonly path: string }) => Promise<TelemetryStore>>,
) {
  const open = async (given: unknown, folder: string): Promise<TelemetryStore> => {
    const parsed = options.safeParse(given);
    if (!parsed.success) {
      const fields = parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), detail: issue.message }));
      throw new InvalidInput(`the store's options are invalid: ${z.prettifyError(parsed.error)}`, { fields });
    }
    const openStore = await load();
    return openStore({ ...parsed.data, path: pathIn(parsed.data) ?? join(folder, traits.file ?? '') });
  };
  return { options, ...traits, open };
}
