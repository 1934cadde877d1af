import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const customKpis: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .createTable('custom_kpis')
      .addColumn('id', 'text', (col) => col.primaryKey())
      .addColumn('name', 'text', (col) => col.notNull().unique())
      .addColumn('description', 'text', (col) => col.notNull())
      .addColumn('expression', 'text', (col) => col.notNull())
      .addColumn('unit', 'text')
      .addColumn('site_id', 'text', (col) => col.references('sites.id').onDelete('cascade'))
      .addColumn('created_at', 'bigint', (col) => col.notNull())
      .addColumn('updated_at', 'bigint', (col) => col.notNull())
      .execute();
  },
};
