import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Lengths of the intervals of a device's deltas. */
export const intervals: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .alterTable('devices')
      .addColumn('intervals', 'text', (col) => col.notNull().defaultTo('{}'))
      .execute();
  },
};
