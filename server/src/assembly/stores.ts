import { resolve, sep } from 'node:path';
import type { Logger } from 'pino';
import type { StoreConfig } from '../config/places.ts';
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
import { openTelemetryStore } from '../storage/open-store.ts';
import type { TermsLocation } from '../storage/postgres/machine-terms.ts';
import type { SetAside } from '../storage/set-aside/set-aside.ts';
import type { Opened } from './opened.ts';

export interface StoresOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
  /** Null: nothing is kept on disk. */
  readonly folder: DataFolder | null;
  /** Writes to the first store pass it. */
  readonly gate: WriteGate;
  readonly back: StoresBack;
  /** Compares each store with the journal when it is opened; null where nothing is kept on disk. */
  readonly gaps: StoreGaps | null;
  /** Values that a store can never take. */
  readonly setAside: SetAside;
  /** Ids of devices that were removed; it grows. */
  readonly removed: ReadonlySet<string>;
  /** A store that cannot be opened rejects. */
  readonly required: boolean;
  readonly opened: Opened;
}

/** The store of a service without a data folder; with its window, all telemetry stays below 50 MB. */
const MEMORY_ONLY = { type: 'memory', name: 'memory', max_bytes: 40 * 1024 * 1024 } as const satisfies StoreConfig;

/** Opens the configured stores, each supervised and metered, in their order. */
export async function openStores(options: StoresOptions): Promise<MeteredStore[]> {
  const { config, folder, gate, gaps, opened, setAside, removed, log, now } = options;
  const stores: MeteredStore[] = [];
  for (const [i, storeConfig] of (folder ? config.stores : [MEMORY_ONLY]).entries()) {
    const { name } = storeConfig;
    const openAlone = () => openVerified(name, storeOptions(storeConfig, folder), gaps);
    const open = i === 0 ? async () => gate.around(await openAlone()) : openAlone;
    const store = await supervise(storeConfig, open, options);
    opened.onClose(() => store.close());
    const whole = new SetAsideStore(store, {
      name,
      setAside,
      now,
      onSetAside: (block, reason) => logSetAside(log, name, block, reason),
    });
    stores.push(new MeteredStore(name, hidingRemoved(whole, removed), () => performance.now(), store, whole));
  }
  return stores;
}

async function openVerified(
  name: string,
  options: Parameters<typeof openTelemetryStore>[0],
  gaps: StoreGaps | null,
): Promise<TelemetryStore> {
  const store = hidingMarks(await openTelemetryStore(options));
  try {
    await gaps?.verify(name, store);
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

/** Who wants to know that a store can be used again. */
export class StoresBack {
  readonly #listeners: (() => Promise<void>)[] = [];

  listen(listener: () => Promise<void>): void {
    this.#listeners.push(listener);
  }

  async announce(): Promise<void> {
    for (const listener of this.#listeners) await listener();
  }
}

const EMBEDDED: ReadonlySet<string> = new Set<StoreConfig['type']>(['duckdb', 'sqlite', 'memory', 'file']);

/** Stores whose files are ours to check; servers check theirs. */
export function storesWithFiles(stores: readonly MeteredStore[]): MeteredStore[] {
  return stores.filter(({ store }) => EMBEDDED.has(store.type) && store.capabilities.durable);
}

function supervise(
  storeConfig: StoreConfig,
  open: () => Promise<TelemetryStore>,
  { log, now, back, required }: StoresOptions,
): Promise<SupervisedStore> {
  const { name, type } = storeConfig;
  return SupervisedStore.open({
    type,
    open,
    now,
    required,
    embedded: EMBEDDED.has(type),
    readTimeoutMs: type === 'memory' ? null : storeConfig.read_timeout_ms,
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

/** Whether a store keeps its files in the data folder. */
export function isInFolder(config: StoreConfig, folder: DataFolder): boolean {
  if (config.type !== 'duckdb' && config.type !== 'sqlite' && config.type !== 'file') return false;
  return config.path === undefined || resolve(config.path).startsWith(folder.path + sep);
}

export function storeOptions(config: StoreConfig, folder: DataFolder | null): Parameters<typeof openTelemetryStore>[0] {
  if (config.type === 'memory') return { type: 'memory', spanMs: Number.POSITIVE_INFINITY, maxBytes: config.max_bytes };
  if (config.type === 'sqlite') {
    return { type: 'sqlite', path: config.path ?? (folder as DataFolder).file('telemetry.sqlite') };
  }
  if (config.type === 'file') {
    const { retention_days: retentionDays, path, timezone, device } = config;
    return {
      type: 'file',
      path: path ?? (folder as DataFolder).file('telemetry-files'),
      retentionDays,
      timezone,
      device,
    };
  }
  if (config.type === 'postgres') {
    const {
      max_connections: maxConnections,
      statement_timeout_ms: statementTimeoutMs,
      name: _,
      read_timeout_ms: __,
      ...location
    } = config;
    return { ...location, maxConnections, statementTimeoutMs };
  }
  if (config.type === 'influxdb') {
    const {
      retention_policy: retentionPolicy,
      timeout_ms: timeoutMs,
      name: _,
      read_timeout_ms: __,
      ...location
    } = config;
    return { ...location, retentionPolicy, timeoutMs };
  }
  return {
    type: 'duckdb',
    path: config.path ?? (folder as DataFolder).file('telemetry.duckdb'),
    ...(config.memory_limit_mb !== undefined && { memoryLimitMb: config.memory_limit_mb }),
  };
}

/** Where the PostgreSQL stores of a service with a data folder are. */
export function postgresStores({ persistence, stores }: Config): TermsLocation[] {
  return (persistence ? stores : []).flatMap((store) => {
    if (store.type !== 'postgres') return [];
    const { url, host, port, database, user, password, tls, schema } = store;
    return [{ url, host, port, database, user, password, tls, schema }];
  });
}
