import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Engine } from './engine.ts';

export function firstTables(engine: Engine): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      await createPlaces(db);
      await createDevices(db);
      await createCharging(db);
      await createKeyed(db);
      await createRuns(db);
      await createUsers(db);
      await createKeys(db);
      await createAuditLog(db, engine);
    },
  };
}

async function createPlaces(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('tariffs')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('name', 'text', (col) => col.notNull().unique())
    .addColumn('terms', 'text', (col) => col.notNull())
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .addColumn('updated_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema
    .createTable('sites')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('name', 'text', (col) => col.notNull().unique().check(sql`length(name) between 1 and 200`))
    .addColumn('timezone', 'text', (col) => col.notNull())
    .addColumn('currency', 'text', (col) => col.notNull().check(sql`length(currency) = 3`))
    .addColumn('latitude', 'double precision', (col) => col.check(sql`latitude between -90 and 90`))
    .addColumn('longitude', 'double precision', (col) => col.check(sql`longitude between -180 and 180`))
    .addColumn('country', 'text')
    .addColumn('emission_factor_kg_per_kwh', 'double precision', (col) =>
      col.notNull().check(sql`emission_factor_kg_per_kwh >= 0`),
    )
    .addColumn('is_default', 'integer', (col) => col.notNull().check(sql`is_default in (0, 1)`))
    .addColumn('is_demo', 'integer', (col) => col.notNull().check(sql`is_demo in (0, 1)`))
    .addColumn('tariff_id', 'text', (col) => col.references('tariffs.id').onDelete('restrict'))
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema
    .createIndex('sites_one_default')
    .unique()
    .on('sites')
    .column('is_default')
    .where(sql.ref('is_default'), '=', 1)
    .execute();
}

async function createDevices(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('devices')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('site_id', 'text', (col) => col.notNull().references('sites.id').onDelete('restrict'))
    .addColumn('name', 'text', (col) => col.notNull().unique().check(sql`length(name) between 1 and 200`))
    .addColumn('kind', 'text', (col) => col.notNull())
    .addColumn('labels', 'text', (col) => col.notNull())
    .addColumn('expected_interval_s', 'double precision', (col) => col.check(sql`expected_interval_s > 0`))
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('devices_of_site').on('devices').columns(['site_id', 'name']).execute();
  await db.schema
    .createTable('series')
    .addColumn('device_id', 'text', (col) => col.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('metric', 'text', (col) => col.notNull())
    .addColumn('first_seen_at', 'bigint', (col) => col.notNull())
    .addPrimaryKeyConstraint('series_key', ['device_id', 'metric'])
    .execute();
  await db.schema
    .createTable('metrics')
    .addColumn('name', 'text', (col) => col.primaryKey())
    .addColumn('label', 'text', (col) => col.notNull())
    .addColumn('unit', 'text', (col) => col.notNull())
    .addColumn('kind', 'text', (col) => col.notNull().check(sql`kind in ('gauge', 'counter', 'delta')`))
    .addColumn('minimum', 'double precision')
    .addColumn('maximum', 'double precision')
    .addColumn('sign', 'text')
    .addCheckConstraint('metrics_limits', sql`minimum <= maximum`)
    .execute();
}

async function createCharging(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('charging_sessions')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('device_id', 'text', (col) => col.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('direction', 'text', (col) => col.notNull().check(sql`direction in ('charge', 'discharge')`))
    .addColumn('start_at', 'bigint', (col) => col.notNull())
    .addColumn('end_at', 'bigint')
    .addColumn('energy_kwh', 'double precision', (col) => col.notNull().check(sql`energy_kwh >= 0`))
    .addColumn('start_soc_percent', 'double precision', (col) => col.check(sql`start_soc_percent between 0 and 100`))
    .addColumn('end_soc_percent', 'double precision', (col) => col.check(sql`end_soc_percent between 0 and 100`))
    .addColumn('average_price_per_kwh', 'double precision')
    .addColumn('cost', 'double precision')
    .addColumn('grid_share', 'double precision', (col) => col.check(sql`grid_share between 0 and 1`))
    .addColumn('note', 'text')
    .addColumn('source', 'text', (col) => col.notNull().check(sql`source in ('detected', 'recorded')`))
    .addUniqueConstraint('charging_sessions_start', ['device_id', 'start_at'])
    .addCheckConstraint('charging_sessions_order', sql`end_at > start_at`)
    .execute();
  await db.schema
    .createIndex('charging_sessions_by_start')
    .on('charging_sessions')
    .columns(['start_at', 'id'])
    .execute();
}

async function createKeyed(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('settings')
    .addColumn('key', 'text', (col) => col.primaryKey())
    .addColumn('value', 'text', (col) => col.notNull())
    .addColumn('version', 'integer', (col) => col.notNull().check(sql`version >= 1`))
    .addColumn('updated_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema
    .createTable('features')
    .addColumn('name', 'text', (col) => col.primaryKey())
    .addColumn('enabled', 'integer', (col) => col.notNull().check(sql`enabled in (0, 1)`))
    .addColumn('updated_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema
    .createTable('import_states')
    .addColumn('key', 'text', (col) => col.primaryKey())
    .addColumn('state', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'bigint', (col) => col.notNull())
    .execute();
}

async function createRuns(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('jobs')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('name', 'text', (col) => col.notNull())
    .addColumn('state', 'text', (col) =>
      col.notNull().check(sql`state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')`),
    )
    .addColumn('progress', 'double precision', (col) => col.check(sql`progress between 0 and 1`))
    .addColumn('message', 'text')
    .addColumn('result', 'text')
    .addColumn('error', 'text')
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('finished_at', 'bigint')
    .execute();
  await db.schema.createIndex('jobs_by_creation').on('jobs').columns(['created_at', 'id']).execute();
  await db.schema.createIndex('jobs_by_name').on('jobs').columns(['name', 'created_at', 'id']).execute();
  await db.schema
    .createTable('reports')
    .addColumn('site_id', 'text', (col) => col.notNull().references('sites.id').onDelete('cascade'))
    .addColumn('kind', 'text', (col) => col.notNull())
    .addColumn('period', 'text', (col) => col.notNull())
    .addColumn('content', 'text', (col) => col.notNull())
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .addPrimaryKeyConstraint('reports_key', ['site_id', 'kind', 'period'])
    .execute();
}

async function createUsers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('username', 'text', (col) => col.notNull().unique())
    .addColumn('role', 'text', (col) => col.notNull().check(sql`role in ('viewer', 'analyst', 'operator', 'admin')`))
    .addColumn('password_hash', 'text')
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema
    .createTable('layouts')
    .addColumn('user_id', 'text', (col) => col.notNull().references('users.id').onDelete('cascade'))
    .addColumn('name', 'text', (col) => col.notNull())
    .addColumn('layout', 'text', (col) => col.notNull())
    .addColumn('updated_at', 'bigint', (col) => col.notNull())
    .addPrimaryKeyConstraint('layouts_key', ['user_id', 'name'])
    .execute();
}

async function createKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sessions')
    .addColumn('id_hash', 'text', (col) => col.primaryKey())
    .addColumn('user_id', 'text', (col) => col.notNull().references('users.id').onDelete('cascade'))
    .addColumn('csrf_token', 'text', (col) => col.notNull())
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .addColumn('last_used_at', 'bigint', (col) => col.notNull())
    .addColumn('expires_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('sessions_of_user').on('sessions').column('user_id').execute();
  await db.schema
    .createTable('sign_in_codes')
    .addColumn('code_hash', 'text', (col) => col.primaryKey())
    .addColumn('user_id', 'text', (col) => col.references('users.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .addColumn('expires_at', 'bigint', (col) => col.notNull())
    .addColumn('used_at', 'bigint')
    .execute();
  await db.schema
    .createTable('api_tokens')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('name', 'text', (col) => col.notNull().unique())
    .addColumn('token_hash', 'text', (col) => col.notNull().unique())
    .addColumn('scopes', 'text', (col) => col.notNull())
    .addColumn('user_id', 'text', (col) => col.references('users.id').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('last_used_at', 'bigint')
    .execute();
}

async function createAuditLog(db: Kysely<unknown>, engine: Engine): Promise<void> {
  await db.schema
    .createTable('audit_log')
    .addColumn('id', engine === 'sqlite' ? 'integer' : 'bigserial', (col) =>
      engine === 'sqlite' ? col.primaryKey().autoIncrement() : col.primaryKey(),
    )
    .addColumn('at', 'bigint', (col) => col.notNull())
    .addColumn('actor', 'text', (col) => col.notNull())
    .addColumn('action', 'text', (col) => col.notNull())
    .addColumn('target', 'text')
    .addColumn('detail', 'text')
    .execute();
  for (const statement of engine === 'sqlite' ? SQLITE_APPEND_ONLY : POSTGRES_APPEND_ONLY) {
    await sql.raw(statement).execute(db);
  }
}

const SQLITE_APPEND_ONLY = ['update', 'delete'].map(
  (change) => `create trigger audit_log_no_${change} before ${change} on audit_log
    begin select raise(abort, 'the audit log is append-only'); end`,
);

const POSTGRES_APPEND_ONLY = [
  `create function refuse_audit_change() returns trigger language plpgsql as
    $$ begin raise exception 'the audit log is append-only'; end $$`,
  `create trigger audit_log_append_only before update or delete or truncate on audit_log
    for each statement execute function refuse_audit_change()`,
];
