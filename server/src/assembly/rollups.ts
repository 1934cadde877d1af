import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { Config } from '../config/schema.ts';
import { Unavailable } from '../domain/errors.ts';
import type { MetricCatalogue } from '../domain/metric-catalogue.ts';
import { SerialQueue } from '../domain/serial-queue.ts';
import type { RulesOf } from '../domain/series-rules.ts';
import type { DeviceDirectory } from '../features/devices/device-directory.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { JobContext } from '../jobs/job.ts';
import type { StoreGaps } from '../storage/backfill/store-gaps.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import { RolledReads } from '../storage/layers/rolled-reads.ts';
import type { WriteGate } from '../storage/layers/write-gate.ts';
import type { RecordStore } from '../storage/records/record-store.ts';
import {
  Retention,
  type RetentionPolicy,
  type RetentionReport,
  type RetentionState,
} from '../storage/retention/retention.ts';
import type { OpenArchive } from './archive.ts';

export interface RollupsOptions {
  readonly config: Config;
  readonly records: RecordStore;
  readonly primary: MeteredStore;
  readonly stores: readonly MeteredStore[];
  readonly archive: OpenArchive | null;
  readonly gate: WriteGate;
  readonly gaps: StoreGaps | null;
  readonly catalogue: MetricCatalogue;
  readonly directory: DeviceDirectory;
  readonly rulesOf: RulesOf;
  readonly now: () => number;
}

/** Rollups of old readings, and the retention that creates them. */
export interface Rollups {
  /** The given store combined with the archive and the rollups. */
  readsOf(store: MeteredStore): RolledReads;
  /** Raw samples of a group exist from this instant, epoch milliseconds; -Infinity if none have been deleted. */
  rawFrom(group: string): number;
  /** Rolls up old readings and deletes data according to the retention settings. */
  keepUp(ingest: Ingest, work: Pick<JobContext, 'signal' | 'progress'>): Promise<RetentionReport>;
  /** Runs work that needs unchanged readings and rollups. It waits for a retention run in progress, and no run starts during the work. */
  undisturbed<T>(work: () => Promise<T>): Promise<T>;
}

const STATE_KEY = 'rollups';
/** If a store takes longer to catch up, the remaining work is left to the next run. */
const SETTLE_MS = 10 * MINUTE_MS;

export async function openRollups(options: RollupsOptions): Promise<Rollups> {
  const { config, records, primary, stores, archive, gate, gaps, catalogue, directory, rulesOf, now } = options;
  const kept = await records.namedStates.get(STATE_KEY);
  const states = new Map(Object.entries((kept?.state ?? {}) as Record<string, RetentionState>));
  const zones = new Map<string, string>();
  const raw = archive?.reads ?? primary;
  const retention = new Retention({
    source: {
      raw,
      rollups: primary,
      rulesOf,
      timeZoneOf: (deviceId) => zones.get(directory.find(deviceId)?.siteId ?? '') ?? 'UTC',
      now,
    },
    primary: primary.store,
    gate,
    stores: () => stores.map(({ store }) => store),
    policy: policyOf(config),
    states,
    save: (changed) => records.namedStates.put(STATE_KEY, Object.fromEntries(changed)),
    now,
  });
  const queue = new SerialQueue();
  const extentOf = (group: string) => retention.extentOf(group);
  return {
    readsOf: (store) =>
      new RolledReads({
        raw: archive?.readsOf(store) ?? store,
        rollups: store,
        extentOf,
        kindOf: (metric) => catalogue.describe(metric).kind,
      }),
    rawFrom: (group) => extentOf(group)?.rawFrom ?? Number.NEGATIVE_INFINITY,
    keepUp: (ingest, { signal, progress }) =>
      queue.run(async () => {
        const gap = gaps?.of(primary.name);
        // The rollups would omit the missing readings, and all stores would then delete the raw readings.
        if (gap) throw new Unavailable(`store ${primary.name} lacks readings: nothing is rolled up until it is filled`);
        for (const { id, timezone } of await records.sites.list()) zones.set(id, timezone);
        return retention.run({
          keep: (block) => ingest.acceptDerived([block]),
          settled: async (until) => {
            const patience = AbortSignal.any([until, AbortSignal.timeout(SETTLE_MS)]);
            for (const { name } of stores) await ingest.caughtUp(name, patience);
          },
          signal,
          progress,
        });
      }),
    undisturbed: (work) => queue.run(work),
  };
}

function policyOf({ retention, archive }: Config): RetentionPolicy {
  return {
    rawDays: (group) => {
      if (archive.store) return { days: ownValue(archive.groups, group) ?? archive.after_days, how: 'archived' };
      const days = ownValue(retention.groups, group) ?? retention.raw_days;
      if (days === null) return null;
      return { days, how: retention.delete === 'always' ? 'deleted' : 'deleted_when_smaller' };
    },
    rollupDays: (width) => retention.rollups[width],
  };
}
