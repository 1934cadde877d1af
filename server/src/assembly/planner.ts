import type { Config } from '../config/schema.ts';
import { PartialAnswers } from '../domain/partial-answers.ts';
import type { RulesOf } from '../domain/series-rules.ts';
import type { DeviceDirectory } from '../features/devices/device-directory.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { acceptedAheadMs } from '../ingest/validate.ts';
import { QueryPlanner } from '../query/query-planner.ts';
import type { StoreGaps } from '../storage/backfill/store-gaps.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import type { MemoryStore } from '../storage/memory/memory-store.ts';
import { hydrate, type ReadStore, restoreLatest } from './hydration.ts';
import type { Rollups } from './rollups.ts';
import type { StoresBack } from './stores.ts';

export interface PlannerOptions {
  readonly config: Config;
  readonly stores: readonly MeteredStore[];
  readonly gaps: StoreGaps | null;
  readonly rollups: Rollups;
  readonly ingest: Ingest;
  readonly window: MemoryStore;
  readonly directory: DeviceDirectory;
  readonly rulesOf: RulesOf;
  readonly back: StoresBack;
  readonly now: () => number;
}

/** Creates the query planner, which reads memory, stores and journal, and fills memory from stores and journal. */
export async function openPlanner(options: PlannerOptions) {
  const { config, rollups, ingest, window, directory, rulesOf, back, now } = options;
  let hydration = { windowSince: Number.POSITIVE_INFINITY, hasLatest: false };
  const history = historyStores(options);
  const partial = new PartialAnswers();
  const queries = new QueryPlanner({
    stores: history,
    memory: {
      read: (request) => window.read(request),
      aggregate: (request) => window.aggregate(request),
      coveredSince: () => Math.max(hydration.windowSince, window.coveredSince()),
    },
    journal: () => ingest.unconfirmed(),
    partial,
    rawFrom: (group) => rollups.rawFrom(group),
    memoryHasMore: () => !ingest.persists,
    latest: {
      of: (deviceId) => ingest.latest.of(deviceId),
      deviceIds: () => [...ingest.latest.deviceIds()],
      isRestored: () => hydration.hasLatest,
    },
    metricsOf: (deviceId) => directory.metricsOf(deviceId),
    rulesOf,
    now,
  });
  hydration = await hydrate({ stores: history, ingest, queries, window, directory, config, now });
  back.listen(async () => {
    await restoreLatest(history, ingest, now());
    hydration = { ...hydration, hasLatest: true };
  });
  return { queries, partial };
}

/** Stores in order of preference. */
function historyStores({ stores, gaps, rollups, ingest }: PlannerOptions): ReadStore[] {
  const hasUnbounded = stores.some(({ store }) => !store.capabilities.bounded);
  return stores.map((metered) => {
    const { name, store } = metered;
    const reads = rollups.readsOf(metered);
    return {
      name,
      read: (request) => reads.read(request),
      aggregate: (request) => reads.aggregate(request),
      latest: (since) => store.latest(since),
      trouble: () => metered.trouble(),
      lacksBefore: () => gaps?.of(name)?.until ?? null,
      completeFrom: (group) => {
        if (hasUnbounded && store.capabilities.bounded) return Number.POSITIVE_INFINITY;
        const gap = gaps?.of(name);
        // The missing readings may have timestamps in the future of their arrival.
        return gap ? gap.until + acceptedAheadMs(group) : Number.NEGATIVE_INFINITY;
      },
      pending: () => ingest.pending(name),
    };
  });
}
