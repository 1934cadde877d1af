import { Unavailable } from '../../domain/errors.ts';
import type { ApiTokens } from './api-tokens.ts';
import type { AuditLog } from './audit-log.ts';
import type { ChargingSessions } from './charging-sessions.ts';
import type { Devices } from './devices.ts';
import type { Features } from './features.ts';
import type { ImportStates } from './import-states.ts';
import type { Jobs } from './jobs.ts';
import type { Layouts } from './layouts.ts';
import type { Metrics } from './metrics.ts';
import type { Reports } from './reports.ts';
import type { SeriesRegistry } from './series.ts';
import type { Sessions } from './sessions.ts';
import type { Settings } from './settings.ts';
import type { SignInCodes } from './sign-in-codes.ts';
import type { Sites } from './sites.ts';
import type { Tariffs } from './tariffs.ts';
import type { Users } from './users.ts';

/**
 * Keeps what is relational. Instants are epoch milliseconds, ids UUIDs. Every function is one transaction: it is durable when
 * its promise resolves, and nothing happened when it rejects. Besides the errors that a function names, all throw Unavailable
 * while the database is locked or the disk is full, and Corrupt when the file is damaged.
 */
export interface RecordStore {
  readonly sites: Sites;
  readonly devices: Devices;
  readonly series: SeriesRegistry;
  readonly metrics: Metrics;
  readonly tariffs: Tariffs;
  readonly chargingSessions: ChargingSessions;
  readonly settings: Settings;
  readonly layouts: Layouts;
  readonly features: Features;
  readonly jobs: Jobs;
  readonly reports: Reports;
  readonly importStates: ImportStates;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly signInCodes: SignInCodes;
  readonly apiTokens: ApiTokens;
  readonly auditLog: AuditLog;
  /** Whether the database answers and takes writes. Never throws. */
  health(): Promise<RecordsHealth>;
  /** Waits for what runs and closes the file; the store cannot be used afterwards. */
  close(): Promise<void>;
}

export interface RecordsHealth {
  readonly status: 'ok' | 'failed';
  /** Path of the file, or `:memory:`. */
  readonly path: string;
  /** Bytes of the database, without its write-ahead log. */
  readonly sizeBytes: number | null;
  readonly error: string | null;
}

export interface RecordsOptions {
  /** How long a statement waits for another connection's lock. Default 5,000 ms. */
  readonly busyTimeoutMs?: number | undefined;
}

/**
 * Opens the records, creates or upgrades their tables.
 *
 * @param path of the SQLite file, created with its folder when missing; `:memory:` keeps everything in memory
 * @throws Corrupt for a file that is not a database or is damaged, Unavailable when it is locked or cannot be opened,
 * Conflict when a newer version of Wattkeeper wrote it
 */
export async function openRecords(path: string, _options: RecordsOptions = {}): Promise<RecordStore> {
  throw new Unavailable(`the records in ${path} cannot be opened yet`);
}
