import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const baselineAdjustments: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .createTable('baseline_adjustments')
      .addColumn('id', 'text', (col) => col.primaryKey())
      .addColumn('device_id', 'text', (col) => col.notNull().references('devices.id').onDelete('cascade'))
      .addColumn('start_at', 'bigint', (col) => col.notNull())
      .addColumn('end_at', 'bigint', (col) => col.notNull())
      .addColumn('kwh', 'double precision')
      .addColumn('reason', 'text', (col) => col.notNull())
      .addColumn('created_by', 'text', (col) => col.notNull())
      .addColumn('created_at', 'bigint', (col) => col.notNull())
      .addCheckConstraint('baseline_adjustments_order', sql`end_at > start_at`)
      .execute();
    await db.schema
      .createIndex('baseline_adjustments_of_device')
      .on('baseline_adjustments')
      .columns(['device_id', 'start_at', 'id'])
      .execute();
  },
};
