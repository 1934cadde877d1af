import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { Conflict } from '../../../domain/errors.ts';
import { firstTables } from './0001-first-tables.ts';
import { auditRetention } from './0002-audit-retention.ts';
import { baselinesAndAnomalies } from './0003-baselines-and-anomalies.ts';
import { baselineAdjustments } from './0004-baseline-adjustments.ts';
import { repairs } from './0005-repairs.ts';
import { forecasts } from './0006-forecasts.ts';
import { customKpis } from './0007-custom-kpis.ts';
import { retiredDevices } from './0008-retired-devices.ts';
import { countersAndHolds } from './0009-counters-and-holds.ts';
import { counterDecisions } from './0010-counter-decisions.ts';
import { fallbackShares } from './0011-fallback-shares.ts';
import { intervals } from './0012-intervals.ts';
import { deviceRemovals } from './0013-device-removals.ts';
import { calendars } from './0014-calendars.ts';
import { type Engine, MIGRATION_PLUGINS } from './engine.ts';

/** Every migration by name, in order. A released migration is never changed: installations have run it. */
export function migrationsFor(engine: Engine): Record<string, Migration> {
  return {
    '0001-first-tables': firstTables(engine),
    '0002-audit-retention': auditRetention(engine),
    '0003-baselines-and-anomalies': baselinesAndAnomalies,
    '0004-baseline-adjustments': baselineAdjustments,
    '0005-repairs': repairs,
    '0006-forecasts': forecasts,
    '0007-custom-kpis': customKpis,
    '0008-retired-devices': retiredDevices,
    '0009-counters-and-holds': countersAndHolds,
    '0010-counter-decisions': counterDecisions,
    '0011-fallback-shares': fallbackShares,
    '0012-intervals': intervals,
    '0013-device-removals': deviceRemovals,
    '0014-calendars': calendars,
  };
}

/** The location of the tables. */
export interface MigrationTarget {
  readonly type: Engine;
  /** For messages: the file, or the host and database. */
  readonly place: string;
  /** Schema of the tables, created if missing; undefined for an engine without schemas. */
  readonly schema?: string | undefined;
}

/**
 * Migrates the tables to the newest version in one transaction. Of several concurrent programs, one migrates and the others wait.
 *
 * @param migrations for tests that need older versions
 * @throws Conflict when a newer version created the tables
 */
export async function migrateRecords<T>(
  db: Kysely<T>,
  target: MigrationTarget,
  migrations = migrationsFor(target.type),
): Promise<void> {
  await refuseNewer(db, target, migrations);
  const migrator = new Migrator({
    db: MIGRATION_PLUGINS[target.type].reduce((plain, plugin) => plain.withPlugin(plugin), db),
    provider: { getMigrations: async () => migrations },
    ...(target.schema !== undefined && { migrationTableSchema: target.schema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

async function refuseNewer<T>(
  db: Kysely<T>,
  { place, schema }: MigrationTarget,
  migrations: Record<string, Migration>,
): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration' && table.schema === schema)) return;
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const unknown = rows.find(({ name }) => !Object.hasOwn(migrations, name));
  if (unknown === undefined) return;
  throw new Conflict(
    `${place} was written by a newer version of Wattkeeper (it has the change "${unknown.name}"): install that version or a later one, or restore a backup of this version`,
  );
}
