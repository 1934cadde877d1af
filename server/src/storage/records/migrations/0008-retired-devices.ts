import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

export const retiredDevices: Migration = {
  up: async (db: Kysely<unknown>) => {
    await db.schema.alterTable('devices').addColumn('retired_at', 'bigint').execute();
  },
};
