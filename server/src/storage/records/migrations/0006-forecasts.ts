import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const forecasts: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .createTable('forecasts')
      .addColumn('subject', 'text', (col) => col.notNull())
      .addColumn('kind', 'text', (col) => col.notNull())
      .addColumn('site_id', 'text', (col) => col.notNull().references('sites.id').onDelete('cascade'))
      .addColumn('device_id', 'text', (col) => col.references('devices.id').onDelete('cascade'))
      .addColumn('content', 'text', (col) => col.notNull())
      .addColumn('made_at', 'bigint', (col) => col.notNull())
      .addPrimaryKeyConstraint('forecasts_key', ['subject', 'kind'])
      .execute();
  },
};
