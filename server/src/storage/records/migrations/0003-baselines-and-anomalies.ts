import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const baselinesAndAnomalies: Migration = {
  up: async (db: Kysely<unknown>) => {
    await createBaselines(db);
    await createAnomalies(db);
  },
};

async function createBaselines(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('baselines')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('device_id', 'text', (col) => col.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('version', 'integer', (col) => col.notNull().check(sql`version >= 1`))
    .addColumn('is_active', 'integer', (col) => col.notNull().check(sql`is_active in (0, 1)`))
    .addColumn('model', 'text', (col) => col.notNull())
    .addColumn('trained_at', 'bigint', (col) => col.notNull())
    .addUniqueConstraint('baselines_version', ['device_id', 'version'])
    .execute();
  await db.schema
    .createIndex('baselines_one_active')
    .unique()
    .on('baselines')
    .column('device_id')
    .where(sql.ref('is_active'), '=', 1)
    .execute();
}

async function createAnomalies(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('anomalies')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('device_id', 'text', (col) => col.notNull().references('devices.id').onDelete('cascade'))
    .addColumn('type', 'text', (col) => col.notNull())
    .addColumn('severity', 'text', (col) => col.notNull().check(sql`severity in ('warning', 'critical')`))
    .addColumn('metric', 'text', (col) => col.notNull())
    .addColumn('start_at', 'bigint', (col) => col.notNull())
    .addColumn('end_at', 'bigint', (col) => col.notNull())
    .addColumn('value', 'double precision', (col) => col.notNull())
    .addColumn('expected_value', 'double precision')
    .addColumn('confidence', 'double precision', (col) => col.notNull().check(sql`confidence between 0 and 1`))
    .addColumn('reasons', 'text', (col) => col.notNull())
    .addColumn('detected_at', 'bigint', (col) => col.notNull())
    .addColumn('resolved_at', 'bigint')
    .addUniqueConstraint('anomalies_start', ['device_id', 'metric', 'type', 'start_at'])
    .addCheckConstraint('anomalies_order', sql`end_at >= start_at`)
    .execute();
  await db.schema.createIndex('anomalies_by_start').on('anomalies').columns(['start_at', 'id']).execute();
  await db.schema
    .createTable('anomaly_events')
    .addColumn('id', 'text', (col) => col.primaryKey())
    .addColumn('anomaly_id', 'text', (col) => col.notNull().references('anomalies.id').onDelete('cascade'))
    .addColumn('at', 'bigint', (col) => col.notNull())
    .addColumn('actor', 'text', (col) => col.notNull())
    .addColumn('kind', 'text', (col) => col.notNull().check(sql`kind in ('comment', 'label', 'resolved', 'reopened')`))
    .addColumn('text', 'text')
    .execute();
  await db.schema
    .createIndex('anomaly_events_in_order')
    .on('anomaly_events')
    .columns(['anomaly_id', 'at', 'id'])
    .execute();
}
