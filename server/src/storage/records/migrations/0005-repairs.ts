import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

export const repairs: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .createTable('repairs')
      .addColumn('id', 'text', (col) => col.primaryKey())
      .addColumn('device_id', 'text', (col) => col.notNull().references('devices.id').onDelete('cascade'))
      .addColumn('metric', 'text', (col) => col.notNull())
      .addColumn('start_at', 'bigint', (col) => col.notNull())
      .addColumn('end_at', 'bigint', (col) => col.notNull())
      .addColumn('operation', 'text', (col) => col.notNull())
      .addColumn('reason', 'text', (col) => col.notNull())
      .addColumn('actor', 'text', (col) => col.notNull())
      .addColumn('state', 'text', (col) =>
        col.notNull().check(sql`state in ('applying', 'applied', 'undoing', 'undone')`),
      )
      .addColumn('counts', 'text', (col) => col.notNull())
      .addColumn('before', 'text', (col) => col.notNull())
      .addColumn('after', 'text', (col) => col.notNull())
      .addColumn('created_at', 'bigint', (col) => col.notNull())
      .addColumn('undone_at', 'bigint')
      .addColumn('undone_by', 'text')
      .addCheckConstraint('repairs_order', sql`end_at > start_at`)
      .execute();
    await db.schema.createIndex('repairs_by_time').on('repairs').columns(['created_at', 'id']).execute();
  },
};
