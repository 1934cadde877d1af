import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Batch } from '../../domain/columns/batch.ts';
import { ExpectedError } from '../../domain/errors.ts';
import { DurationPercentiles } from '../../domain/time/duration-percentiles.ts';
import { applyBatches } from '../apply-batches.ts';
import type { AggregateRequest, DeviceBuckets, ReadRequest, StoreStats, TelemetryStore } from '../backend.ts';
import type { SetAsideTotals } from '../set-aside/set-aside-file.ts';
import type { SetAsideStore } from './set-aside-store.ts';
import type { StoreTrouble, SupervisedStore } from './supervised-store.ts';

/** Uncompressed size of a value with its instant. */
const PLAIN_BYTES = 16;
/** Time after which the values per row are counted again: counting reads every row. */
const COUNTED_MS = HOUR_MS;

/** The state of a store, if it is supervised. */
type Supervision = Partial<Pick<SupervisedStore, 'trouble' | 'latencyMs'>>;

/** A store with its measurements. */
export class MeteredStore {
  readonly name: string;
  readonly store: TelemetryStore;
  readonly writeTimes = new DurationPercentiles();
  readonly readTimes = new DurationPercentiles();
  valuesWritten = 0;
  /** The layer that sets aside values the store can never accept, if any. */
  readonly aside: SetAsideStore | null;
  readonly #supervised: Supervision;
  readonly #now: () => number;
  #valuesPerRow: number | null = null;
  #countedAt = Number.NEGATIVE_INFINITY;

  /** @param supervised the store below the layer that sets values aside */
  constructor(
    name: string,
    store: TelemetryStore,
    now: () => number,
    supervised: Supervision = {},
    aside: SetAsideStore | null = null,
  ) {
    this.aside = aside;
    this.name = name;
    this.store = store;
    this.#supervised = supervised;
    this.#now = now;
  }

  /** Why the store is not available, or null. */
  trouble(): StoreTrouble | null {
    return this.#supervised.trouble ?? null;
  }

  /** The values set aside, or undefined for none. */
  setAside(): SetAsideTotals | undefined {
    return this.aside?.totals();
  }

  /** Duration of the newest answer or of the pending request, ms; null before the first. */
  latencyMs(): number | null {
    return this.#supervised.latencyMs ?? null;
  }

  /** Uncompressed size of the values and their instants ÷ size of the store; null when it is empty or reports no size. */
  async compressionRatio({ sizeBytes, rows }: StoreStats): Promise<number | null> {
    if (!sizeBytes || !rows) return null;
    if (this.#now() - this.#countedAt > COUNTED_MS) {
      this.#countedAt = this.#now();
      const values = await this.#countValues();
      if (values > 0) this.#valuesPerRow = values / rows;
    }
    return this.#valuesPerRow === null ? null : (this.#valuesPerRow * rows * PLAIN_BYTES) / sizeBytes;
  }

  /** 0 while the store is not available, which its health shows. */
  async #countValues(): Promise<number> {
    try {
      return (await this.store.series()).reduce((sum, { count }) => sum + count, 0);
    } catch (error) {
      if (error instanceof ExpectedError) return 0;
      throw error;
    }
  }

  /** @param mark written with the last of the batches, and not counted */
  async write(batches: readonly Batch[], mark?: Batch): Promise<void> {
    const before = this.#now();
    await applyBatches(this.store, mark === undefined ? batches : [...batches, mark]);
    this.writeTimes.add(this.#now() - before);
    for (const { blocks } of batches) {
      for (const block of blocks) this.valuesWritten += block.columns.length * block.timestamps.length;
    }
  }

  async *read(request: ReadRequest): ReturnType<TelemetryStore['read']> {
    const before = this.#now();
    yield* this.store.read(request);
    this.readTimes.add(this.#now() - before);
  }

  async aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const before = this.#now();
    const answer = await this.store.aggregate(request);
    this.readTimes.add(this.#now() - before);
    return answer;
  }
}
