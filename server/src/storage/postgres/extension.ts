import { DatabaseError } from 'pg';
import { InvalidInput } from '../../domain/errors.ts';
import type { PostgresPlace } from '../records/engine/postgres-errors.ts';
import { checkCoordinator } from './citus.ts';
import type { Run } from './database.ts';

/** Extensions that manage tables, each with the first version that has the features used. */
export const EXTENSIONS = {
  /** Upserts into compressed chunks. */
  timescaledb: { title: 'TimescaleDB', oldest: '2.11' },
  /** The sizes of all shards in one query. */
  citus: { title: 'Citus', oldest: '12.0' },
} as const;
export type ExtensionName = keyof typeof EXTENSIONS;

/** `auto` uses an extension when the database has it and no table is managed otherwise. */
export type ExtensionChoice = 'auto' | ExtensionName | 'none';

/** An extension in a database. */
export interface Extension {
  readonly version: string;
  /** Quoted schema of its functions. */
  readonly functions: string;
}

export type Extensions = Readonly<Record<ExtensionName, Extension | null>>;

/** SQLSTATEs of PostgreSQL for an extension that is not installed, not preloaded (an error without a specific code) or not allowed. */
const CANNOT_MAKE = new Set(['0A000', '58P01', 'XX000', '42501']);

/**
 * The extensions that the choice allows and the database has; a named extension is created if missing.
 * @throws InvalidInput when it cannot be created, Unavailable when the server does not load Citus or is one of its workers
 */
export async function findExtensions(run: Run, choice: ExtensionChoice, place: PostgresPlace): Promise<Extensions> {
  if (choice === 'timescaledb' || choice === 'citus') await makeExtension(run, choice, place);
  const find = async (name: ExtensionName) =>
    choice === 'auto' || choice === name ? await findExtension(run, name) : null;
  const found = { timescaledb: await find('timescaledb'), citus: await find('citus') };
  if (found.citus) await checkCoordinator(run, place);
  return found;
}

async function makeExtension(run: Run, name: ExtensionName, place: PostgresPlace): Promise<void> {
  const statement = `create extension if not exists ${name}${name === 'timescaledb' ? ' schema public' : ''}`;
  try {
    await run(statement);
  } catch (error) {
    if (!(error instanceof DatabaseError) || !CANNOT_MAKE.has(error.code ?? '')) throw error;
    const advice =
      error.code === '42501'
        ? `let a superuser run "${statement}" in the database "${place.database}"`
        : `install its package on the server, put ${name} first into shared_preload_libraries and restart the server`;
    throw new InvalidInput(
      `PostgreSQL at ${place.name} cannot create the extension ${name} (${error.message}): ${advice}`,
      {
        cause: error,
      },
    );
  }
}

async function findExtension(run: Run, name: ExtensionName): Promise<Extension | null> {
  const [found] = await run(
    'select extversion, quote_ident(nspname) from pg_extension e join pg_namespace n on n.oid = extnamespace where extname = $1',
    [name],
  );
  return found === undefined ? null : { version: String(found[0]), functions: String(found[1]) };
}

/** Whether a version such as `2.11.0` is at least another, `2.11`. */
export function isRecent(version: string, oldest: string): boolean {
  return version.localeCompare(oldest, 'en', { numeric: true }) >= 0;
}
