import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Conflict } from '../../domain/errors.ts';
import { openEngine, type RecordsEngine } from './engine/engine.ts';
import type { RecordsLocation } from './location.ts';
import { MIGRATION_PLUGINS } from './migrations/engine.ts';
import { migrateRecords, migrationsFor } from './migrations/migrate.ts';
import type { RecordsDatabase, Schema } from './schema.ts';

/** Some rows of one table. Values are JSON: text, numbers, null. */
export interface TableRows {
  readonly table: string;
  readonly rows: readonly Record<string, unknown>[];
}

/**
 * The tables with their keys, so that what is pointed at comes before what points at it. Sessions and sign-in codes stay behind: a backup
 * that is brought back must not sign anybody in.
 */
const TABLES = {
  tariffs: ['id'],
  sites: ['id'],
  devices: ['id'],
  series: ['device_id', 'metric'],
  device_removals: ['device_id'],
  device_removal_places: ['device_id', 'journal', 'place'],
  metrics: ['name'],
  charging_sessions: ['id'],
  settings: ['key'],
  features: ['name'],
  import_states: ['key'],
  jobs: ['id'],
  reports: ['site_id', 'kind', 'period'],
  users: ['id'],
  layouts: ['user_id', 'name'],
  baselines: ['id'],
  baseline_adjustments: ['id'],
  forecasts: ['subject', 'kind'],
  anomalies: ['id'],
  anomaly_events: ['id'],
  repairs: ['id'],
  calendars: ['id'],
  custom_kpis: ['id'],
  api_tokens: ['id'],
  audit_log: ['id'],
} as const satisfies { [T in keyof Schema]?: readonly (keyof Schema[T])[] };

/** Tables that `exportRecords` leaves out on purpose. */
export const LEFT_OUT = ['sessions', 'sign_in_codes'] as const satisfies readonly (keyof Schema)[];
export const TRANSFERRED = Object.keys(TABLES) as (keyof typeof TABLES)[];

const PAGE = 1000;

/** The newest change of the tables: what rows that are exported now look like. */
export async function recordsSchema(db: RecordsDatabase): Promise<string> {
  const { rows } = await sql<{ name: string }>`select max(name) as name from kysely_migration`.execute(db);
  return rows[0]?.name ?? '';
}

/** Sessions and sign-in codes, for a move that is to keep people signed in. */
const SIGN_INS = { sessions: ['id_hash'], sign_in_codes: ['code_hash'] } as const;

export interface ExportOptions {
  /** Default: false. */
  readonly signIns?: boolean;
}

/** All rows, in parts. Rows that change meanwhile come as they were or as they are, never half. */
export async function* exportRecords(
  db: RecordsDatabase,
  { signIns = false }: ExportOptions = {},
): AsyncGenerator<TableRows> {
  for (const [table, keys] of Object.entries<readonly string[]>({ ...TABLES, ...(signIns && SIGN_INS) })) {
    let after: unknown[] | null = null;
    for (;;) {
      const rows: Record<string, unknown>[] = await page(db, table, keys, after ?? []);
      if (rows.length > 0) yield { table, rows };
      if (rows.length < PAGE) break;
      const last = rows.at(-1) as Record<string, unknown>;
      after = keys.map((key) => last[key]);
    }
  }
}

async function page(
  db: RecordsDatabase,
  table: string,
  keys: readonly string[],
  after: readonly unknown[],
): Promise<Record<string, unknown>[]> {
  const columns = sql.join(keys.map((key) => sql.ref(key)));
  const behind = after.length === 0 ? sql`` : sql`where (${columns}) > (${sql.join(after)})`;
  const { rows } = await sql<Record<string, unknown>>`
    select * from ${sql.table(table)} ${behind} order by ${columns} limit ${PAGE}`.execute(db);
  return rows;
}

/**
 * Makes the records at a place that has none: tables as of `schema`, the rows, and then the newest tables. All or nothing. Answers how
 * many rows there are.
 * @throws Conflict when the place has records already, or when a newer version exported the rows; else as `openRecords`
 */
export async function importRecords(
  location: RecordsLocation,
  schema: string,
  parts: AsyncIterable<TableRows>,
): Promise<number> {
  const engine = openEngine(location, 5_000);
  const db: RecordsDatabase = new Kysely<Schema>({ dialect: engine.dialect });
  try {
    await engine.check(db);
    await migrateTo(db, engine, schema);
    await refuseFull(db, engine.place);
    const count = await db.transaction().execute(async (transaction) => {
      let inserted = 0;
      for await (const { table, rows } of parts) {
        if (!Object.hasOwn(TABLES, table) && !Object.hasOwn(SIGN_INS, table)) continue;
        for (const row of rows)
          await transaction
            .insertInto(table as 'sites')
            .values(row as never)
            .execute();
        inserted += rows.length;
      }
      if (engine.type === 'postgres') {
        await sql`select setval(pg_get_serial_sequence('audit_log', 'id'), coalesce(max(id), 0) + 1, false) from audit_log`.execute(
          transaction,
        );
      }
      return inserted;
    });
    await migrateRecords(db, engine);
    return count;
  } finally {
    await db.destroy();
    engine.release();
  }
}

async function migrateTo(db: RecordsDatabase, { type, place, schema: namespace }: RecordsEngine, schema: string) {
  const migrations = migrationsFor(type);
  if (!Object.hasOwn(migrations, schema)) {
    throw new Conflict(
      `the backup was made by a newer version of Wattkeeper (its records have the change "${schema}"): install that version or a later one`,
    );
  }
  const plain = MIGRATION_PLUGINS[type].reduce((bare, plugin) => bare.withPlugin(plugin), db as Kysely<unknown>);
  const migrator = new Migrator({
    db: plain,
    provider: { getMigrations: async () => migrations },
    ...(namespace !== undefined && { migrationTableSchema: namespace }),
  });
  const { error } = await migrator.migrateTo(schema);
  if (error !== undefined)
    throw new Conflict(`the records at ${place} cannot take a backup: they are newer than it`, { cause: error });
}

async function refuseFull(db: RecordsDatabase, place: string): Promise<void> {
  for (const table of TRANSFERRED) {
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
    if (rows.length > 0) throw new Conflict(`there are records at ${place} already: restore into an empty place`);
  }
}
