import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const deviceRemovals: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .createTable('device_removals')
      .addColumn('device_id', 'text', (col) => col.primaryKey())
      .addColumn('name', 'text', (col) => col.notNull())
      .addColumn('removed_at', 'bigint', (col) => col.notNull())
      .execute();
    await db.schema
      .createTable('device_removal_places')
      .addColumn('device_id', 'text', (col) =>
        col.notNull().references('device_removals.device_id').onDelete('cascade'),
      )
      .addColumn('journal', 'bigint', (col) => col.notNull())
      .addColumn('place', 'text', (col) => col.notNull())
      .addColumn('done_at', 'bigint', (col) => col.notNull())
      .addPrimaryKeyConstraint('device_removal_places_key', ['device_id', 'journal', 'place'])
      .execute();
  },
};
