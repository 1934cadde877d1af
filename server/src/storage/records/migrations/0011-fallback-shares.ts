import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The share of a charging session that is priced at the tariff's fallback. */
export const fallbackShares: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema.alterTable('charging_sessions').addColumn('fallback_share', 'double precision').execute();
  },
};
