import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How much of a charging session a tariff's fallback prices. */
export const fallbackShares: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema.alterTable('charging_sessions').addColumn('fallback_share', 'double precision').execute();
  },
};
