import { Kysely } from 'kysely';
import { messageOf } from '../../domain/errors.ts';
import { DEFAULT_LIMITS } from '../../domain/series-limits.ts';
import { ApiTokens } from './accounts/api-tokens.ts';
import { AuditLog } from './accounts/audit-log.ts';
import { SignInCodes } from './accounts/sign-in-codes.ts';
import { SignIns } from './accounts/sign-ins.ts';
import { Users } from './accounts/users.ts';
import { Anomalies } from './analytics/anomalies.ts';
import { BaselineAdjustments } from './analytics/baseline-adjustments.ts';
import { Baselines } from './analytics/baselines.ts';
import { Calendars } from './analytics/calendars.ts';
import { ChargingSessions } from './analytics/charging-sessions.ts';
import { CustomKpis } from './analytics/custom-kpis.ts';
import { Forecasts } from './analytics/forecasts.ts';
import { Reports } from './analytics/reports.ts';
import { Tariffs } from './analytics/tariffs.ts';
import { CustomMetrics } from './devices/custom-metrics.ts';
import type { RegistrationLimits } from './devices/device-registration.ts';
import { Devices } from './devices/devices.ts';
import { RemovedDevices } from './devices/removed-devices.ts';
import { SeriesRegistry } from './devices/series.ts';
import { Sites } from './devices/sites.ts';
import { openEngine, type RecordsEngine } from './engine/engine.ts';
import { FeatureFlagStates } from './feature-flag-states.ts';
import { JobRuns } from './job-runs.ts';
import { Layouts } from './layouts.ts';
import type { Engine } from './migrations/engine.ts';
import { migrateRecords } from './migrations/migrate.ts';
import { NamedStates } from './named-states.ts';
import type { RecordsLocation } from './records-options.ts';
import { Repairs } from './repairs.ts';
import type { RecordsDatabase, Schema } from './schema.ts';
import { RecordsContents } from './transfer.ts';
import { VersionedSettings } from './versioned-settings.ts';

/**
 * The relational data. Instants are epoch milliseconds, ids are UUIDs. Every method is one transaction: it is durable when its promise
 * resolves, and nothing has changed when it rejects. In addition to their documented errors, all methods throw Unavailable while the
 * database is locked or unreachable or its disk is full, and Corrupt when it is damaged.
 */
export interface RecordStore extends Readonly<ReturnType<typeof assemble>> {}

export interface RecordsHealth {
  readonly type: Engine;
  readonly status: 'ok' | 'failed';
  /** Path of the file, `:memory:`, or `host:port/database`. */
  readonly place: string;
  /** Bytes of the database, without its write-ahead log. */
  readonly sizeBytes: number | null;
  readonly error: string | null;
}

export interface RecordsOptions {
  /** How long a statement waits for another connection's lock; with SQLite, the event loop is blocked meanwhile. Default 5,000 ms. */
  readonly busyTimeoutMs?: number | undefined;
  /** Epoch milliseconds. Default: the clock. */
  readonly now?: (() => number) | undefined;
  /** Limits of automatic registration. */
  readonly limits?: RegistrationLimits | undefined;
  /** Called with entries of the audit log that cannot be written at present. Default: standard error. */
  readonly warn?: ((message: string) => void) | undefined;
}

const BUSY_TIMEOUT_MS = 5_000;

/**
 * Opens the records and creates or upgrades their tables.
 *
 * @throws Corrupt for a file that is not a database of this program, has an unknown format or is damaged; Unavailable when it is locked or
 * cannot be opened, or when the server cannot be reached, rejects the credentials, is too old or lacks permissions; Conflict when a newer
 * version of Wattkeeper wrote it
 */
export async function openRecords(location: RecordsLocation, options: RecordsOptions = {}): Promise<RecordStore> {
  const engine = openEngine(location, options.busyTimeoutMs ?? BUSY_TIMEOUT_MS);
  const db: RecordsDatabase = new Kysely<Schema>({ dialect: engine.dialect });
  try {
    await engine.check(db);
    await migrateRecords(db, engine);
  } catch (error) {
    await db.destroy();
    engine.release();
    throw error;
  }
  return assemble(db, engine, options);
}

function assemble(
  db: RecordsDatabase,
  engine: RecordsEngine,
  { now = Date.now, warn = console.error, limits = DEFAULT_LIMITS }: RecordsOptions,
) {
  const context = { db, now };
  const auditLog = new AuditLog(context, warn);
  return {
    sites: new Sites(context),
    devices: new Devices(context, limits),
    removedDevices: new RemovedDevices(context),
    series: new SeriesRegistry(context),
    customMetrics: new CustomMetrics(context),
    tariffs: new Tariffs(context),
    chargingSessions: new ChargingSessions(context),
    settings: new VersionedSettings(context),
    layouts: new Layouts(context),
    featureFlags: new FeatureFlagStates(context),
    jobRuns: new JobRuns(context),
    reports: new Reports(context),
    baselines: new Baselines(context),
    baselineAdjustments: new BaselineAdjustments(context),
    forecasts: new Forecasts(context),
    anomalies: new Anomalies(context),
    repairs: new Repairs(context),
    calendars: new Calendars(context),
    customKpis: new CustomKpis(context),
    namedStates: new NamedStates(context),
    users: new Users(context),
    signIns: new SignIns(context),
    signInCodes: new SignInCodes(context),
    apiTokens: new ApiTokens(context),
    auditLog,
    contents: new RecordsContents(db),
    /** Whether the database answers and accepts writes. Never rejects. */
    health: () => checkHealth(db, engine),
    /** Waits for running work and closes the file or the connections; the store cannot be used afterwards. */
    close: async () => {
      await auditLog.close();
      await db.destroy();
    },
  };
}

/** Takes the write lock briefly, because a file on a read-only or full disk can still be read. */
async function checkHealth(db: RecordsDatabase, { type, place, sizeBytes }: RecordsEngine): Promise<RecordsHealth> {
  try {
    return { type, status: 'ok', place, sizeBytes: await db.transaction().execute(sizeBytes), error: null };
  } catch (error) {
    return { type, status: 'failed', place, sizeBytes: null, error: messageOf(error) };
  }
}
