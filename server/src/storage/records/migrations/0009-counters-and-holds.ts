import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Declared behaviour of a device's counters, its rated power, and how long a value reported on change holds. */
export const countersAndHolds: Migration = {
  up: async (db: Kysely<unknown>) => {
    const columns = [
      db.schema.alterTable('devices').addColumn('holds_s', 'double precision', (col) => col.check(sql`holds_s > 0`)),
      db.schema
        .alterTable('devices')
        .addColumn('rated_power_kw', 'double precision', (col) => col.check(sql`rated_power_kw > 0`)),
      db.schema.alterTable('devices').addColumn('counters', 'text', (col) => col.notNull().defaultTo('{}')),
    ];
    for (const column of columns) await column.execute();
  },
};
