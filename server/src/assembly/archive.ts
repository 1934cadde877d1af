import { join } from 'node:path';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { Config } from '../config/schema.ts';
import type { OnProgress } from '../domain/progress.ts';
import type { Window } from '../domain/time/window.ts';
import { Archive, type DeletionWork, type Part } from '../storage/archive/archive.ts';
import { type ArchiveReport, archiveMonths } from '../storage/archive/archive-months.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import type { MeteredStore } from '../storage/layers/metered-store.ts';
import { TieredReads } from '../storage/layers/tiered-reads.ts';
import type { WriteGate } from '../storage/layers/write-gate.ts';
import type { ObjectStore } from '../storage/objects/object-store.ts';
import { openObjectStore } from '../storage/objects/open-object-store.ts';

/** The archive of old months, read together with the stores. */
export interface OpenArchive {
  /** The primary store combined with its archived months. */
  readonly reads: TieredReads;
  /** The given store combined with the archived months. */
  readsOf(store: MeteredStore): TieredReads;
  /** Moves months that are old enough from the primary store to the archive. */
  moveOldMonths(work: { signal: AbortSignal; progress: OnProgress }): Promise<ArchiveReport>;
  /** Lists the files of the archive again and returns them. */
  listed(): Promise<readonly Part[]>;
  /** Whether the archive holds readings of a group in a window. */
  holds(group: string, window: Window): Promise<boolean>;
  /** Rewrites archived months without these devices. */
  deleteDevices(
    deviceIds: readonly string[],
    work: Pick<DeletionWork, 'signal' | 'progress'>,
  ): Promise<{ readonly files: number }>;
  close(): Promise<void>;
}

export interface ArchiveOptions {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly primary: MeteredStore;
  readonly gate: WriteGate;
  /** Ids of removed devices. The set grows while the service runs. */
  readonly removed: ReadonlySet<string>;
  readonly now: () => number;
}

/** Returns null if no archive is configured. */
export async function openArchive({
  config,
  folder,
  primary,
  gate,
  removed,
  now,
}: ArchiveOptions): Promise<OpenArchive | null> {
  const { after_days: afterDays, groups, cache_mb: cacheMb } = config.archive;
  const objects = archiveObjects(config, folder.path);
  if (objects === null) return null;
  const archive = await Archive.open({ objects, folder: folder.file('archive'), cacheBytes: cacheMb * 2 ** 20 });
  const readers = new Map<MeteredStore, TieredReads>();
  const readsOf = (store: MeteredStore) => {
    const reads = readers.get(store) ?? new TieredReads({ store, archive, removed, now });
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
    moveOldMonths: (work) => archiveMonths({ store: primary.store, gate, reads, archive, before, ...work }),
    listed: () => archive.refreshList(),
    holds: async (group, window) => (await archive.parts(group, window)).length > 0,
    deleteDevices: (deviceIds, work) => archive.deleteDevices(new Set(deviceIds), { ...work, unused }),
    close: () => archive.close(),
  };
}

/** The object store of the archived months; null if no archive is configured. @param dataFolder contains them by default */
export function archiveObjects({ archive: { store } }: Config, dataFolder: string): ObjectStore | null {
  return store === undefined ? null : openObjectStore(store, join(dataFolder, 'archive', 'objects'));
}
