import { type BackfillEnd, GapFilling } from '../features/backfill/gap-filling.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import type { TieredReads } from '../storage/layers/tiered-reads.ts';
import type { Pipeline } from './pipeline.ts';

/** Creates the backfill between the stores of a pipeline, for the service and the command line. */
export function createFilling({ primary, stores, archive, gaps, ingest }: Pipeline): GapFilling {
  // Only months of the primary store are archived.
  const ends = stores.map((store) => backfillEnd(store, store === primary ? archive?.reads : undefined));
  return new GapFilling({ ends, gaps, caughtUp: (store, signal) => ingest.caughtUp(store, signal) });
}

/** A store as the source or target of a backfill. @param reads the store combined with its archive, if its months are archived */
export function backfillEnd(metered: MeteredStore, reads?: TieredReads): BackfillEnd {
  const { name, store } = metered;
  return {
    name,
    trouble: () => metered.trouble(),
    bounded: () => store.capabilities.bounded,
    store: {
      series: () => store.series(),
      read: (request) => (reads ?? store).read(request),
      write: (batches) => store.write(batches),
      archivedMonths: async () => (await reads?.months()) ?? [],
    },
  };
}
