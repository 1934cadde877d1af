import { join } from 'node:path';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import type { ArchiveStoreConfig } from './config/places.ts';
import type { Config } from './config/schema.ts';
import type { Batch } from './domain/batch.ts';
import { Unavailable } from './domain/errors.ts';
import { UTC_DAY_MS, type Window } from './domain/window.ts';
import type { BackfillEnd } from './features/backfill/job.ts';
import type { MeteredStore } from './features/system/storage-monitor.ts';
import { Archive, type Part } from './storage/archive/archive.ts';
import type { TelemetryStore } from './storage/backend.ts';
import type { DataFolder } from './storage/data-folder.ts';
import { TieredReads } from './storage/layers/tiered-reads.ts';
import type { WriteGate } from './storage/layers/write-gate.ts';
import { type ArchiveReport, archiveMonths } from './storage/lifecycle/archive-months.ts';
import type { ObjectStore } from './storage/objects/object-store.ts';
import { type ObjectStoreOptions, openObjectStore } from './storage/objects/open-object-store.ts';

/** The first store and the archive behind it. */
export interface Tiers {
  /** Both as one. */
  readonly reads: TieredReads;
  /** Moves the months that are old enough. */
  archiveNow(work: {
    signal: AbortSignal;
    progress: (share: number | null, message: string) => void;
  }): Promise<ArchiveReport>;
  /** The archive's files, as they are listed now. */
  listed(): Promise<readonly Part[]>;
  /** Whether the archive has something of a group in a window. */
  holds(group: string, window: Window): Promise<boolean>;
  close(): Promise<void>;
}

export interface TiersOptions {
  readonly config: Config;
  readonly folder: DataFolder;
  readonly primary: MeteredStore;
  readonly gate: WriteGate;
  readonly now: () => number;
}

/** Null while no archive is configured. */
export async function openTiers({ config, folder, primary, gate, now }: TiersOptions): Promise<Tiers | null> {
  const { after_days: afterDays, groups, cache_mb: cacheMb } = config.archive;
  const objects = archiveObjects(config, folder.path);
  if (objects === null) return null;
  const archive = await Archive.open({ objects, folder: folder.file('archive'), cacheBytes: cacheMb * 2 ** 20 });
  const reads = new TieredReads({ warm: primary, archive, now });
  const before = (group: string) => now() - (ownValue(groups, group) ?? afterDays) * UTC_DAY_MS;
  return {
    reads,
    archiveNow: (work) => archiveMonths({ store: insistent(primary), gate, reads, archive, before, ...work }),
    listed: () => archive.listAnew(),
    holds: async (group, window) => (await archive.parts(group, window)).length > 0,
    close: () => archive.close(),
  };
}

/** Where archived months lie; null while no archive is configured. @param dataFolder where they are by default */
export function archiveObjects({ archive: { store } }: Config, dataFolder: string): ObjectStore | null {
  return store === undefined
    ? null
    : openObjectStore(objectStoreOptions(store, join(dataFolder, 'archive', 'objects')));
}

/** Stores as a backfill takes them: the first one with the archive of what was taken out of it. */
export function backfillEnds(stores: readonly MeteredStore[], tiers: Pick<Tiers, 'reads'> | null): BackfillEnd[] {
  return stores.map((metered, i) => {
    const reads = i === 0 ? tiers?.reads : undefined;
    const { series, read } = insistent({ store: metered.store, reads, trouble: () => metered.trouble() });
    const archivedMonths = async () => (await reads?.months()) ?? [];
    const write = (batches: readonly Batch[]) => metered.store.write(batches);
    return { name: metered.name, trouble: () => metered.trouble(), store: { series, read, write, archivedMonths } };
  });
}

/**
 * A store that is out of use answers reads with nothing, which must never pass for an empty month: here it rejects.
 * @param primary `reads` where it is not read alone
 * @throws Unavailable from every call while the store is out of use
 */
export function insistent(
  primary: Pick<MeteredStore, 'store' | 'trouble'> & { readonly reads?: Pick<TelemetryStore, 'read'> | undefined },
): Pick<TelemetryStore, 'series' | 'read' | 'deleteBefore'> {
  const { store, reads = store } = primary;
  const check = () => {
    const trouble = primary.trouble();
    if (trouble) throw new Unavailable(`the store cannot be read at present: ${trouble.error}`);
  };
  return {
    series: async () => {
      check();
      return store.series();
    },
    async *read(request) {
      check();
      yield* reads.read(request);
      check();
    },
    deleteBefore: (instant, group) => store.deleteBefore(instant, group),
  };
}

/** Options of an object store as it is configured. @param defaultFolder of a local one */
export function objectStoreOptions(config: ArchiveStoreConfig, defaultFolder: string): ObjectStoreOptions {
  switch (config.type) {
    case 'local':
      return { type: 'local', folder: config.folder ?? defaultFolder };
    case 's3': {
      const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, ...rest } = config;
      return { ...rest, accessKeyId, secretAccessKey };
    }
    case 'gcs': {
      const { key_file: keyFile, ...rest } = config;
      return { ...rest, keyFile };
    }
    case 'azure': {
      const { connection_string: connectionString, ...rest } = config;
      return { ...rest, connectionString };
    }
  }
}
