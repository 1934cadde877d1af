import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { MigrationReport, MigrationRequest } from '@wattkeeper/contract/storage/migration.ts';
import { InvalidInput } from '../../domain/errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Journal } from '../../ingest/journal.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { DeviceRules } from '../../sources/decode/line-protocol-device.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import type { BackupService } from '../backup/service.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';
import { openHomeAssistant } from './home-assistant.ts';
import type { FindFile } from './import-folders.ts';
import { type InfluxAccess, openInfluxDatabase } from './influxdb.ts';
import { migrate } from './migration.ts';
import type { FoundReading, MigrationSource, MigrationTarget } from './migration-ports.ts';
import { openRecordFiles } from './record-files.ts';
import { openSessionFiles } from './session-files.ts';
import { SessionTarget } from './session-target.ts';
import { TelemetryTarget } from './telemetry-target.ts';

export interface MigrationServiceOptions {
  readonly records: Pick<RecordStore, 'sites' | 'chargingSessions'>;
  readonly directory: Pick<DeviceDirectory, 'resolve' | 'find'>;
  readonly journal: Pick<Journal, 'quarantined'>;
  readonly ingest: Pick<Ingest, 'accept' | 'caughtUp'>;
  /** All stored data, including the archive, and the name of the store that receives new readings. */
  readonly store: Pick<TelemetryStore, 'read' | 'series'>;
  readonly storeName: string;
  readonly describe: (metric: string) => Metric;
  /** Credentials of an InfluxDB, and its tags that name devices. */
  readonly influx: InfluxAccess;
  readonly tags: DeviceRules;
  /** Finds the files that may be named. */
  readonly findFile: FindFile;
  /** Null without persistence, since there is nothing to lose. */
  readonly backups: Pick<BackupService, 'make'> | null;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

type Work = Pick<JobContext, 'signal' | 'progress' | 'by'>;

/** Quarantined values per query. */
const QUARANTINE_PAGE = 10_000;

/** Migrates the data of older installations and other programs. */
export class MigrationService {
  readonly #options: MigrationServiceOptions;

  constructor(options: MigrationServiceOptions) {
    this.#options = options;
  }

  /** @throws InvalidInput for a file that must not be named or does not exist */
  async check({ source, from }: MigrationRequest): Promise<void> {
    if (source !== 'influxdb') await this.#options.findFile(from);
  }

  /** @throws InvalidInput for unreadable data, Unavailable for a source or store that does not answer */
  async migrate(request: MigrationRequest, work: Work): Promise<MigrationReport> {
    const timezone = request.timezone ?? (await this.#options.records.sites.preferred()).timezone;
    if (request.source === 'sessions') {
      const from = await this.#options.findFile(request.from);
      return this.#run(request, openSessionFiles({ ...request, from, timezone }), this.#sessions(request), work);
    }
    const source = await this.#openReadings(request, timezone, work);
    return this.#run(request, source, await this.#telemetry(request, work), work);
  }

  async #run<T>(request: MigrationRequest, source: MigrationSource<T>, target: MigrationTarget<T>, work: Work) {
    try {
      return await migrate({ request, source, target, backUp: () => this.#backUp(work) }, work);
    } finally {
      await source.close();
    }
  }

  async #openReadings(
    request: MigrationRequest,
    timezone: string,
    { by }: Work,
  ): Promise<MigrationSource<FoundReading>> {
    const { describe, influx: access, tags: rules } = this.#options;
    const { device, mapping } = request;
    const unitOf = (metric: string) => describe(metric).unit;
    if (request.source === 'influxdb') {
      if (device !== undefined) throw new InvalidInput('points of InfluxDB name their devices: leave the device out');
      const byAdministrator = by?.scopes.includes('admin') ?? false;
      return openInfluxDatabase({ from: request.from, mapping, unitOf, access, rules, byAdministrator });
    }
    const from = await this.#options.findFile(request.from);
    if (request.source === 'home-assistant') return openHomeAssistant({ from, device, mapping, unitOf });
    return openRecordFiles({ from, device, mapping, timezone, unitOf });
  }

  #sessions({ dry_run: dry }: MigrationRequest): SessionTarget {
    const { records, directory } = this.#options;
    return new SessionTarget({
      sessions: records.chargingSessions,
      resolve: (names) => directory.resolve(names),
      find: (name) => directory.find(name),
      dry,
    });
  }

  async #telemetry({ dry_run: dry }: MigrationRequest, { signal }: Work): Promise<TelemetryTarget> {
    const { store, storeName, ingest, directory, describe, now, random } = this.#options;
    const apart = await this.#quarantined();
    return new TelemetryTarget({
      store,
      ingest,
      caughtUp: () => ingest.caughtUp(storeName, signal),
      resolve: (names) => directory.resolve(names),
      find: (name) => directory.find(name),
      describe,
      isQuarantined: (deviceId, metric, timestamp) => apart.has(`${deviceId} ${metric} ${timestamp}`),
      now,
      random,
      dry,
    });
  }

  async #quarantined(): Promise<Set<string>> {
    const keys = new Set<string>();
    for (let before: number | null = null; ; ) {
      const entries = await this.#options.journal.quarantined(QUARANTINE_PAGE, before);
      for (const { deviceId, metric, timestamp } of entries) keys.add(`${deviceId} ${metric} ${timestamp}`);
      const last = entries.at(-1);
      if (last === undefined || entries.length < QUARANTINE_PAGE) return keys;
      before = last.id;
    }
  }

  async #backUp(work: Work): Promise<string | null> {
    const { backups, store, ingest, storeName, records } = this.#options;
    await ingest.caughtUp(storeName, work.signal);
    if (backups === null) return null;
    const hasSessions = (await records.chargingSessions.page({ limit: 1 })).items.length > 0;
    if (!hasSessions && (await store.series()).length === 0) return null;
    const progress = () => work.progress(null, 'backing up');
    return (await backups.make({ signal: work.signal, progress })).name;
  }
}
