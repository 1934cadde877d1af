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

/** The store under test, and what may be done to it besides using it. */
export interface World {
  readonly store: TelemetryStore;
  /** Lets `check` hold as written, after compaction, and (where the store is durable) after closing and opening again. */
  inEveryState(check: () => Promise<void>): Promise<void>;
  /** Closes and opens again what is durable; does nothing to what is not. */
  reopen(): Promise<void>;
  /** Continues with a store that has never held anything. */
  startEmpty(): Promise<void>;
  readonly folder: string;
  /** Works on what a durable store has on disk or on its server. */
  whileClosed<T>(work: (folder: string) => Promise<T>): Promise<T>;
}

export interface ConformanceOptions {
  /** Opens the store over what the folder holds, for a world of one test. */
  readonly open: (folder: string) => Promise<TelemetryStore>;
  /** How another process opens the same; without it nothing is killed, which only fits what is not durable. */
  readonly inChild?: (folder: string) => StoreInput;
  /** How the engine is made to reject values; without it none is, which only fits what checks nothing. */
  readonly reject?: Rejection;
}

const FAR = 1e14;

/** Every promise of the `TelemetryStore` port. What differs between backends is read from their capabilities. */
export function telemetryStoreConformance(name: string, options: ConformanceOptions): void {
  describe(`${name} keeps the promises of a telemetry store`, () => {
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
