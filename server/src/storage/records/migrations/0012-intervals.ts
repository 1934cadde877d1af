import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How long the intervals of a device's quantities per interval are. */
export const intervals: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .alterTable('devices')
      .addColumn('intervals', 'text', (col) => col.notNull().defaultTo('{}'))
      .execute();
  },
};
