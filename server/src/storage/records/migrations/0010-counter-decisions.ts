import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What events of a device's counters count for, where somebody decided. */
export const counterDecisions: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .alterTable('devices')
      .addColumn('counter_decisions', 'text', (col) => col.notNull().defaultTo('[]'))
      .execute();
  },
};
