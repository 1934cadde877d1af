import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Operating modes and shifts of sites. */
export const calendars: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .createTable('calendars')
      .addColumn('id', 'text', (col) => col.primaryKey())
      .addColumn('site_id', 'text', (col) => col.notNull().references('sites.id').onDelete('cascade'))
      .addColumn('name', 'text', (col) => col.notNull())
      .addColumn('default_category', 'text', (col) => col.notNull())
      .addColumn('periods', 'text', (col) => col.notNull())
      .addColumn('created_at', 'bigint', (col) => col.notNull())
      .addColumn('updated_at', 'bigint', (col) => col.notNull())
      .addUniqueConstraint('calendars_site_name', ['site_id', 'name'])
      .execute();
  },
};
