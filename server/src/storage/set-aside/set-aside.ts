import { existsSync } from 'node:fs';
import type { Block } from '../../domain/columns/batch.ts';
import { Corrupt } from '../../domain/errors.ts';
import { WorkerCalls } from '../../domain/worker-calls.ts';
import { extentOf } from './block-parts.ts';
import type { SetAsideMethods } from './set-aside.worker.ts';
import type { SetAsideEntry, SetAsideTotals } from './set-aside-file.ts';

/** The file in the data folder. */
export const SET_ASIDE_DATABASE = 'set-aside.db';

/**
 * Values that stores can never accept, on disk until a user retries or discards them. The file and its thread are created when the first
 * value is set aside.
 */
export class SetAside {
  readonly #path: string;
  readonly #maxBytes: number | undefined;
  #calls: Promise<WorkerCalls<SetAsideMethods>> | null = null;
  #totals: ReadonlyMap<string, SetAsideTotals> = new Map();
  #damage: Corrupt | null = null;

  private constructor(path: string, maxBytes: number | undefined) {
    this.#path = path;
    this.#maxBytes = maxBytes;
  }

  /**
   * @param path of the file, which need not exist
   * @throws Unavailable when it cannot be opened, Corrupt when it cannot be read
   */
  static async open(path: string, maxBytes?: number): Promise<SetAside> {
    const setAside = new SetAside(path, maxBytes);
    if (existsSync(path)) await setAside.#worker();
    return setAside;
  }

  /** Why some of it cannot be read, or null. The stores themselves are not affected: their reads omit it. */
  get damage(): string | null {
    return this.#damage?.message ?? null;
  }

  /** The values that a store has set aside, or undefined for none. */
  totals(store: string): SetAsideTotals | undefined {
    return this.#totals.get(store);
  }

  /** Stores values that a store cannot accept; synced to disk when it resolves. @throws Unavailable when the limit is reached */
  async add(store: string, block: Block, reason: string, now: number): Promise<void> {
    const calls = await this.#worker();
    this.#totals = await calls.call('add', [store, block, reason, now]);
  }

  /** Deletes values that the store has since accepted at the same places. */
  async supersede(store: string, blocks: readonly Block[]): Promise<void> {
    const touching = blocks.filter((block) => this.#touches(store, block));
    if (touching.length === 0) return;
    await this.#orDamaged(async (calls) => {
      this.#totals = await calls.call('supersede', [store, touching]);
    }, undefined);
  }

  /** Blocks of a group that have values in a window. Each place has at most one value, newer than that of the store. */
  async overlapping(store: string, group: string, start: number, end: number): Promise<readonly Block[]> {
    const extent = this.#totals.get(store)?.extents.get(group);
    if (extent === undefined || extent.last < start || extent.first >= end) return [];
    return this.#orDamaged((calls) => calls.call('overlapping', [store, group, start, end]), []);
  }

  /** Entries with ids above `after`, ascending; of one store or (null) of all. */
  async page(store: string | null, after: number, limit: number): Promise<readonly SetAsideEntry[]> {
    if (this.#totals.size === 0) return [];
    return this.#orDamaged((calls) => calls.call('page', [store, after, limit]), []);
  }

  async remove(ids: readonly number[]): Promise<void> {
    if (this.#totals.size > 0) this.#totals = await (await this.#worker()).call('remove', [ids]);
  }

  async deleteBefore(store: string, instant: number, group: string | null): Promise<void> {
    if (!this.#totals.has(store)) return;
    await this.#orDamaged(async (calls) => {
      this.#totals = await calls.call('deleteBefore', [store, instant, group]);
    }, undefined);
  }

  async deleteDevices(store: string, deviceIds: readonly string[]): Promise<void> {
    if (!this.#totals.has(store)) return;
    await this.#orDamaged(async (calls) => {
      this.#totals = await calls.call('deleteDevices', [store, deviceIds]);
    }, undefined);
  }

  async close(): Promise<void> {
    if (this.#calls === null) return;
    const calls = await this.#calls;
    try {
      await calls.call('close', []);
    } finally {
      await calls.terminate();
    }
  }

  async #orDamaged<T>(work: (calls: WorkerCalls<SetAsideMethods>) => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await work(await this.#worker());
    } catch (error) {
      if (!(error instanceof Corrupt)) throw error;
      this.#damage = error;
      return otherwise;
    }
  }

  #touches(store: string, block: Block): boolean {
    const extent = this.#totals.get(store)?.extents.get(block.group);
    if (extent === undefined || block.timestamps.length === 0) return false;
    const { first, last } = extentOf(block);
    return first <= extent.last && last >= extent.first;
  }

  #worker(): Promise<WorkerCalls<SetAsideMethods>> {
    this.#calls ??= this.#start().catch((error: unknown) => {
      this.#calls = null;
      throw error;
    });
    return this.#calls;
  }

  async #start(): Promise<WorkerCalls<SetAsideMethods>> {
    const calls = new WorkerCalls<SetAsideMethods>(
      new URL('./set-aside.worker.ts', import.meta.url),
      `the file ${this.#path} of values set aside`,
    );
    try {
      this.#totals = await calls.call('open', [this.#path, this.#maxBytes]);
      return calls;
    } catch (error) {
      await calls.terminate();
      throw error;
    }
  }
}
