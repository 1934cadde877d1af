import { sep } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/schema.ts';
import { type Block, valueCount } from '../domain/columns/batch.ts';
import type { TelemetryStore } from '../storage/backend.ts';
import type { StoreGaps } from '../storage/backfill/store-gaps.ts';
import type { DataFolder } from '../storage/data-folder.ts';
import { hidingMarks } from '../storage/layers/journal-marks.ts';
import { MeteredStore } from '../storage/layers/metered-store.ts';
import { hidingRemoved } from '../storage/layers/removed-devices.ts';
import { SetAsideStore } from '../storage/layers/set-aside-store.ts';
import { SupervisedStore } from '../storage/layers/supervised-store.ts';
import type { WriteGate } from '../storage/layers/write-gate.ts';
import { openTelemetryStore, placeOf, type StoreOptions, traitsOf } from '../storage/open-store.ts';
import type { PostgresSettings } from '../storage/records/records-options.ts';
import type { SetAside } from '../storage/set-aside/set-aside.ts';
import type { CloseStack } from './close-stack.ts';

export interface StoresOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  /** Null: nothing is stored on disk. */
  readonly folder: DataFolder | null;
  /** Controls all writes to the primary store. */
  readonly gate: WriteGate;
  readonly back: StoresBack;
  /** Compares each store with the journal when the store is opened; null if nothing is stored on disk. */
  readonly gaps: StoreGaps | null;
  /** Values that a store can never accept. */
  readonly setAside: SetAside;
  /** Ids of removed devices. The set grows while the service runs. */
  readonly removed: ReadonlySet<string>;
  /** True: reject if a store cannot be opened. */
  readonly required: boolean;
  readonly closing: CloseStack;
}

/** The store of a service without a data folder. Including the memory window, all telemetry stays below 50 MB. */
const MEMORY_ONLY = { type: 'memory', name: 'memory', max_bytes: 40 * 1024 * 1024 } as const satisfies StoreOptions;

/** The configured stores in the order of the configuration. At least one exists. */
export interface OpenStores {
  /** The first one: old months move from it to the archive, and rollups, backups and migrations read it. */
  readonly primary: MeteredStore;
  /** All stores, including the primary one. */
  readonly stores: readonly MeteredStore[];
}

/** Opens the configured stores, each with supervision and metrics. */
export async function openStores(options: StoresOptions): Promise<OpenStores> {
  const { config, folder, gate, gaps, closing, setAside, removed, log, now } = options;
  const stores: MeteredStore[] = [];
  for (const [i, storeConfig] of (folder ? config.stores : [MEMORY_ONLY]).entries()) {
    const { name } = storeConfig;
    const openAlone = () => openVerified(storeConfig, folder, gaps);
    const open = i === 0 ? async () => gate.around(await openAlone()) : openAlone;
    const store = await supervise(storeConfig, open, options);
    closing.onClose(() => store.close());
    const whole = new SetAsideStore(store, {
      name,
      setAside,
      now,
      onSetAside: (block, reason) => logSetAside(log, name, block, reason),
    });
    stores.push(new MeteredStore(name, hidingRemoved(whole, removed), () => performance.now(), store, whole));
  }
  return { primary: stores[0]!, stores };
}

async function openVerified(
  options: StoreOptions,
  folder: DataFolder | null,
  gaps: StoreGaps | null,
): Promise<TelemetryStore> {
  const store = hidingMarks(await openTelemetryStore(options, folder?.path));
  try {
    await gaps?.verify(options.name, store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

function logSetAside(log: Logger, store: string, block: Block, reason: string): void {
  const { group, quantities, devices } = block;
  const what = { store, group, quantities: quantities.slice(0, 20), devices: devices.slice(0, 20) };
  log.error(what, `store ${store} cannot take ${valueCount(block)} values, which are set aside: ${reason}`);
}

/** Notifies listeners when a store is available again. */
export class StoresBack {
  readonly #listeners: (() => Promise<void>)[] = [];

  listen(listener: () => Promise<void>): void {
    this.#listeners.push(listener);
  }

  async announce(): Promise<void> {
    for (const listener of this.#listeners) await listener();
  }
}

/** Stores with files that the service must check. Database servers check their own. */
export function storesWithFiles(stores: readonly MeteredStore[]): MeteredStore[] {
  return stores.filter(({ store }) => traitsOf(store).embedded && store.capabilities.durable);
}

function supervise(
  storeConfig: StoreOptions,
  open: () => Promise<TelemetryStore>,
  { log, now, back, required }: StoresOptions,
): Promise<SupervisedStore> {
  const { name, type } = storeConfig;
  return SupervisedStore.open({
    type,
    open,
    now,
    required,
    embedded: traitsOf(storeConfig).embedded,
    readTimeoutMs: 'read_timeout_ms' in storeConfig ? storeConfig.read_timeout_ms : null,
    onChange: (trouble) => {
      if (trouble) {
        log.error({ store: name }, `store ${name} cannot be used, the service continues without it: ${trouble.error}`);
        return;
      }
      log.info({ store: name }, `store ${name} works again`);
      back
        .announce()
        .catch((error: unknown) => log.error({ err: error, store: name }, `work that waited for store ${name} failed`));
    },
  });
}

/** Whether the files of a store are in the data folder. */
export function isInFolder(options: StoreOptions, folder: DataFolder): boolean {
  return placeOf(options, folder.path)?.startsWith(folder.path + sep) ?? false;
}

/** Connection settings of the PostgreSQL stores; empty without persistence. */
export function postgresStores({ persistence, stores }: Config): PostgresSettings[] {
  return persistence ? stores.filter((store) => store.type === 'postgres') : [];
}
