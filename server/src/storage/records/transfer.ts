import { Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { Conflict } from '../../domain/errors.ts';
import { openEngine, type RecordsEngine } from './engine/engine.ts';
import { MIGRATION_PLUGINS } from './migrations/engine.ts';
import { migrateRecords, migrationsFor } from './migrations/migrate.ts';
import type { RecordsLocation } from './records-options.ts';
import type { RecordsDatabase, Schema } from './schema.ts';

/** Some rows of one table. Values are JSON: text, numbers, null. */
export interface TableRows {
  readonly table: string;
  readonly rows: readonly Record<string, unknown>[];
}

type Keys = { readonly [T in keyof Schema]?: readonly (keyof Schema[T])[] };

/**
 * The tables with their keys, each after the tables that it refers to. Sign-ins and sign-in codes are not included: restoring a backup
 * must not sign anybody in.
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
} as const satisfies Keys;

/** For a move that keeps users signed in. */
const SIGN_INS = { sessions: ['id_hash'], sign_in_codes: ['code_hash'] } as const satisfies Keys;

/** Tables that a backup deliberately omits. */
export const LEFT_OUT = Object.keys(SIGN_INS) as (keyof typeof SIGN_INS)[];
export const TRANSFERRED = Object.keys(TABLES) as (keyof typeof TABLES)[];

const PAGE = 1000;

/** All rows of the records, for backups and moves; `importRecords` reads them. */
export class RecordsContents {
  readonly #db: RecordsDatabase;

  constructor(db: RecordsDatabase) {
    this.#db = db;
  }

  /** The newest migration, which determines the columns of the rows. */
  async schema(): Promise<string> {
    const { rows } = await sql<{ name: string }>`select max(name) as name from kysely_migration`.execute(this.#db);
    return rows[0]?.name ?? '';
  }

  /**
   * All rows, in parts. A row that changes meanwhile has either its old or its new values.
   *
   * @param options.signIns whether sign-ins and sign-in codes are included; default: false
   */
  async *tables({ signIns = false }: { readonly signIns?: boolean } = {}): AsyncGenerator<TableRows> {
    for (const [table, keys] of Object.entries<readonly string[]>({ ...TABLES, ...(signIns && SIGN_INS) })) {
      let after: unknown[] | null = null;
      for (;;) {
        const rows: Record<string, unknown>[] = await page(this.#db, table, keys, after ?? []);
        if (rows.length > 0) yield { table, rows };
        if (rows.length < PAGE) break;
        after = keys.map((key) => rows.at(-1)![key]);
      }
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
  const rest = after.length === 0 ? sql`` : sql`where (${columns}) > (${sql.join(after)})`;
  const { rows } = await sql<Record<string, unknown>>`
    select * from ${sql.table(table)} ${rest} order by ${columns} limit ${PAGE}`.execute(db);
  return rows;
}

/**
 * Creates the records at an empty place: the tables as of `schema`, the rows, and then the newest tables, in one transaction. Returns the
 * number of rows.
 * @throws Conflict when the place has records, or when a newer version exported the rows; otherwise as `openRecords`
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
    throw new Conflict(`the backup cannot be restored to ${place}: the records there are newer`, { cause: error });
}

async function refuseFull(db: RecordsDatabase, place: string): Promise<void> {
  for (const table of TRANSFERRED) {
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db);
    if (rows.length > 0) throw new Conflict(`${place} already has records: restore into an empty place`);
  }
}
