import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe } from 'vitest';
import type { TelemetryStore } from '../../src/storage/backend.ts';
import type { StoreInput } from '../../src/storage/open-store.ts';
import { aggregatesPromises } from './telemetry-aggregates.ts';
import { crashPromises } from './telemetry-crash.ts';
import { devicePromises } from './telemetry-devices.ts';
import { erasePromises } from './telemetry-erase.ts';
import { lifePromises } from './telemetry-life.ts';
import { mergePromises } from './telemetry-merge.ts';
import { modelPromises } from './telemetry-model.ts';
import { type Rejection, rejectionPromises } from './telemetry-rejections.ts';
import { valuePromises } from './telemetry-values.ts';

/** The store under test, with actions beyond its interface. */
export interface World {
  readonly store: TelemetryStore;
  /** Lets `check` hold as written, after compaction, and (where the store is durable) after closing and opening again. */
  inEveryState(check: () => Promise<void>): Promise<void>;
  /** Closes and reopens a durable store; no effect on others. */
  reopen(): Promise<void>;
  /** Continues with a new, empty store. */
  startEmpty(): Promise<void>;
  readonly folder: string;
  /** Accesses the data of a durable store on disk or on its server. */
  whileClosed<T>(work: (folder: string) => Promise<T>): Promise<T>;
}

export interface ConformanceOptions {
  /** Opens the store on a folder, for the world of one test. */
  readonly open: (folder: string) => Promise<TelemetryStore>;
  /** How another process opens the same store; required for kill tests, so only a store that is not durable omits it. */
  readonly inChild?: (folder: string) => StoreInput;
  /** How the engine is made to reject values; only a store without checks omits it. */
  readonly reject?: Rejection;
}

const FAR = 1e14;

/** Every guarantee of the `TelemetryStore` port. Differences between backends are read from their capabilities. */
export function telemetryStoreConformance(name: string, options: ConformanceOptions): void {
  describe(`${name} conforms to the telemetry store port`, () => {
    let folder = '';
    let store: TelemetryStore;
    const begin = async () => {
      folder = await mkdtemp(join(tmpdir(), 'store-'));
      store = await options.open(folder);
    };
    const end = async () => {
      await store.close();
      await rm(folder, { recursive: true });
    };
    beforeEach(begin);
    afterEach(end);
    const world: World = {
      get store() {
        return store;
      },
      async inEveryState(check) {
        await check();
        await store.compact(FAR, new AbortController().signal);
        await check();
        await world.reopen();
        await check();
      },
      async reopen() {
        if (!store.capabilities.durable) return;
        await store.close();
        store = await options.open(folder);
      },
      async startEmpty() {
        await end();
        await begin();
      },
      get folder() {
        return folder;
      },
      async whileClosed(work) {
        await store.close();
        const answer = await work(folder);
        store = await options.open(folder);
        return answer;
      },
    };
    const { reject } = options;

    describe('values', () => valuePromises(world));
    describe('merging', () => mergePromises(world));
    describe('aggregates', () => aggregatesPromises(world));
    describe('erasing', () => erasePromises(world));
    describe('deleted devices', () => devicePromises(world));
    describe('life', () => lifePromises(world));
    describe('any sequence', () => modelPromises(world));
    if (reject) describe('rejections', () => rejectionPromises(world, reject));
    describe('crashes', () => crashPromises(world, () => options.inChild?.(folder)));
  });
}
