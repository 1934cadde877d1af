import type { Config } from '../config/schema.ts';
import { type Batch, type Block, withoutRemoved } from '../domain/columns/batch.ts';
import { Unavailable } from '../domain/errors.ts';
import type { DeviceDirectory } from '../features/devices/device-directory.ts';
import type { BatchSink } from '../ingest/fan-out.ts';
import type { Journal } from '../ingest/journal.ts';
import type { StoreGaps } from '../storage/backfill/store-gaps.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import { isRollupGroup } from '../storage/rollups/rollup-names.ts';
import { isInFolder } from './stores.ts';

export interface SinkParts {
  readonly config: Config;
  readonly primary: MeteredStore;
  readonly stores: readonly MeteredStore[];
  readonly folder: DataFolder | null;
  readonly gaps: StoreGaps | null;
  readonly journal: Journal;
  readonly directory: DeviceDirectory;
  /** Ids of deleted devices. */
  readonly removed: ReadonlySet<string>;
}

/** The consumers of the journal: the stores in their order, then the journal history. */
export function journalConsumers(parts: SinkParts, history: NamedSink | null): NamedSink[] {
  const { config, primary, stores, folder, gaps, journal } = parts;
  const sinks = stores.map((store, i) => {
    const recorded = store === primary ? withSeries(parts) : store;
    const sink = gaps ? marked(recorded, gaps) : recorded;
    return folder && isInFolder(config.stores[i]!, folder) ? whileFolderIsThere(sink, journal) : sink;
  });
  return history ? [...sinks, whileFolderIsThere(history, journal)] : sinks;
}

type NamedSink = BatchSink & { readonly name: string };

interface StoreSink {
  readonly name: string;
  write(batches: readonly Batch[], mark?: Batch): Promise<void>;
}

/** The primary store. A batch stays in the journal until its series are recorded, so that no sample lacks its series after a crash. */
function withSeries({ primary, directory, removed }: SinkParts): StoreSink {
  const isReading = ({ group, erases }: Block) => erases !== true && !isRollupGroup(group);
  return {
    name: primary.name,
    write: async (batches, mark) => {
      const readings = batches.flatMap(({ blocks }) => blocks.filter(isReading));
      await directory.putOnRecord(withoutRemoved(readings, removed));
      await primary.write(batches, mark);
    },
  };
}

/** A store that writes its position in the journal together with the batches. */
function marked(sink: StoreSink, gaps: StoreGaps): NamedSink {
  const { name } = sink;
  return {
    name,
    write: async (batches) => {
      const { sequence } = batches.at(-1)!;
      await sink.write(batches, gaps.markOf(name, sequence));
      await gaps.noteTaken(name, sequence);
    },
  };
}

/** A store in the data folder. It rejects batches after the folder was removed or replaced: they would be lost with the store's files. */
function whileFolderIsThere(sink: NamedSink, journal: Journal): NamedSink {
  return {
    name: sink.name,
    write: async (batches) => {
      if (journal.trouble?.gone) throw new Unavailable(journal.trouble.error);
      await sink.write(batches);
    },
  };
}
