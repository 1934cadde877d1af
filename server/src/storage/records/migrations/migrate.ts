import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { Conflict } from '../../../domain/errors.ts';
import { type Engine, firstTables } from './0001-first-tables.ts';

/** Every migration by name, in order. One that was released is never changed: what it did is out there. */
export function migrationsFor(engine: Engine): Record<string, Migration> {
  return { '0001-first-tables': firstTables(engine) };
}

/**
 * Brings the tables up to date, each migration in a transaction.
 *
 * @param place named in messages: the file, or the host and database
 * @param migrations for tests that look at older versions
 * @throws Conflict when the tables were made by a newer version
 */
export async function migrateRecords<T>(
  db: Kysely<T>,
  engine: Engine,
  place: string,
  migrations = migrationsFor(engine),
): Promise<void> {
  await refuseNewer(db, place, migrations);
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function refuseNewer<T>(db: Kysely<T>, place: string, migrations: Record<string, Migration>): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return;
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const unknown = rows.find(({ name }) => !(name in migrations));
  if (unknown === undefined) return;
  throw new Conflict(
    `${place} was written by a newer version of Wattkeeper (it has the change "${unknown.name}"): install that version or a later one, or restore a backup that this version made`,
  );
}
