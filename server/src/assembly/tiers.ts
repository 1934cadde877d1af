import { join } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { Config } from '../config/schema.ts';
import type { Window } from '../domain/time/window.ts';
import type { BackfillEnd } from '../features/backfill/gap-filling.ts';
import { Archive, type DeletionWork, type Part } from '../storage/archive/archive.ts';
import { type ArchiveReport, archiveMonths } from '../storage/archive/archive-months.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import { TieredReads } from '../storage/layers/tiered-reads.ts';
import type { WriteGate } from '../storage/layers/write-gate.ts';
import type { ObjectStore } from '../storage/objects/object-store.ts';
import { openObjectStore } from '../storage/objects/open-object-store.ts';

/** The first store and the archive behind it. */
export interface Tiers {
  /** Both as one. */
  readonly reads: TieredReads;
  /** Another store and the archive as one. */
  readsOf(store: MeteredStore): TieredReads;
  /** Moves the months that are old enough. */
  archiveNow(work: {
    signal: AbortSignal;
    progress: (share: number | null, message: string) => void;
  }): Promise<ArchiveReport>;
  /** The archive's files, as they are listed now. */
  listed(): Promise<readonly Part[]>;
  /** Whether the archive has something of a group in a window. */
  holds(group: string, window: Window): Promise<boolean>;
  /** Rewrites archived months without these devices. */
  deleteDevices(
    deviceIds: readonly string[],
    work: Pick<DeletionWork, 'signal' | 'progress'>,
  ): Promise<{ readonly files: number }>;
  close(): Promise<void>;
}

export interface TiersOptions {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly primary: MeteredStore;
  readonly gate: WriteGate;
  /** Ids of devices that were removed; it grows. */
  readonly removed: ReadonlySet<string>;
  readonly now: () => number;
}

/** Null while no archive is configured. */
export async function openTiers({ config, folder, primary, gate, removed, now }: TiersOptions): Promise<Tiers | null> {
  const { after_days: afterDays, groups, cache_mb: cacheMb } = config.archive;
  const objects = archiveObjects(config, folder.path);
  if (objects === null) return null;
  const archive = await Archive.open({ objects, folder: folder.file('archive'), cacheBytes: cacheMb * 2 ** 20 });
  const readers = new Map<MeteredStore, TieredReads>();
  const readsOf = (store: MeteredStore) => {
    const reads = readers.get(store) ?? new TieredReads({ warm: store, archive, removed, now });
    readers.set(store, reads);
    return reads;
  };
  const unused = async () => {
    for (const reads of readers.values()) await reads.settled();
  };
  const reads = readsOf(primary);
  const before = (group: string) => now() - (ownValue(groups, group) ?? afterDays) * UTC_DAY_MS;
  return {
    reads,
    readsOf,
    archiveNow: (work) => archiveMonths({ store: primary.store, gate, reads, archive, before, ...work }),
    listed: () => archive.listAnew(),
    holds: async (group, window) => (await archive.parts(group, window)).length > 0,
    deleteDevices: (deviceIds, work) => archive.deleteDevices(new Set(deviceIds), { ...work, unused }),
    close: () => archive.close(),
  };
}

/** Where archived months lie; null while no archive is configured. @param dataFolder where they are by default */
export function archiveObjects({ archive: { store } }: Config, dataFolder: string): ObjectStore | null {
  return store === undefined ? null : openObjectStore(store, join(dataFolder, 'archive', 'objects'));
}

/** Stores as a backfill takes them: the first one with the archive of what was taken out of it. */
export function backfillEnds(stores: readonly MeteredStore[], tiers: Pick<Tiers, 'reads'> | null): BackfillEnd[] {
  return stores.map((metered, i) => {
    const reads = i === 0 ? tiers?.reads : undefined;
    return {
      name: metered.name,
      trouble: () => metered.trouble(),
      bounded: () => metered.store.capabilities.bounded,
      store: {
        series: () => metered.store.series(),
        read: (request) => (reads ?? metered.store).read(request),
        write: (batches) => metered.store.write(batches),
        archivedMonths: async () => (await reads?.months()) ?? [],
      },
    };
  });
}
