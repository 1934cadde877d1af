import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { MigrationReport, MigrationRequest } from '@wattkeeper/contract/migration.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Journal } from '../../ingest/journal.ts';
import type { JobContext } from '../../jobs/job.ts';
import type { TelemetryStore } from '../../storage/backend.ts';
import type { RecordStore } from '../../storage/records/record-store.ts';
import type { BackupService } from '../backup/service.ts';
import type { DeviceDirectory } from '../devices/device-directory.ts';
import { migrate } from './migration.ts';
import { openRecordFiles } from './records.ts';
import type { FoundReading, MigrationSource } from './source.ts';
import { TelemetryTarget } from './telemetry-target.ts';

export interface MigrationServiceOptions {
  readonly records: Pick<RecordStore, 'sites'>;
  readonly directory: Pick<DeviceDirectory, 'resolve' | 'find'>;
  readonly journal: Pick<Journal, 'quarantined'>;
  readonly ingest: Pick<Ingest, 'accept' | 'caughtUp'>;
  /** What is stored, wherever it lies, and the name of the store that takes what comes in. */
  readonly store: Pick<TelemetryStore, 'read' | 'series'>;
  readonly storeName: string;
  readonly describe: (metric: string) => Metric;
  /** Null without persistence: there is nothing to lose. */
  readonly backups: Pick<BackupService, 'make'> | null;
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

type Work = Pick<JobContext, 'signal' | 'progress'>;

/** Quarantined values that are looked up at once. */
const QUARANTINE_PAGE = 10_000;

/** Brings in what older installations and other programs have gathered. */
export class MigrationService {
  readonly #options: MigrationServiceOptions;

  constructor(options: MigrationServiceOptions) {
    this.#options = options;
  }

  /** @throws InvalidInput for what cannot be read at all, Unavailable for a source or store that does not answer */
  async migrate(request: MigrationRequest, work: Work): Promise<MigrationReport> {
    const source = await this.#openReadings(request);
    const target = await this.#telemetry(request, work);
    try {
      return await migrate({ request, source, target, backUp: () => this.#backUp(work) }, work);
    } finally {
      await source.close();
    }
  }

  async #openReadings(request: MigrationRequest): Promise<MigrationSource<FoundReading>> {
    const { describe, records } = this.#options;
    const { from, device, mapping } = request;
    const { timezone } = await records.sites.preferred();
    const unitOf = (metric: string) => describe(metric).unit;
    return openRecordFiles({ from, device, mapping, timezone, unitOf });
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
    const { backups, store, ingest, storeName } = this.#options;
    await ingest.caughtUp(storeName, work.signal);
    if (backups === null || (await store.series()).length === 0) return null;
    const progress = () => work.progress(null, 'backing up');
    return (await backups.make({ signal: work.signal, progress })).name;
  }
}
