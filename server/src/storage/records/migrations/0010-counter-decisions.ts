import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Amounts that users assigned to a device's counter events. */
export const counterDecisions: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema
      .alterTable('devices')
      .addColumn('counter_decisions', 'text', (col) => col.notNull().defaultTo('[]'))
      .execute();
  },
};
