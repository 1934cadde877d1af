import { emptyBuckets } from '../../domain/aggregate.ts';
import { Corrupt, messageOf, Unavailable } from '../../domain/errors.ts';
import type {
  AggregateRequest,
  Capabilities,
  CompactionReport,
  DeviceBuckets,
  LatestValue,
  ReadRequest,
  SeriesExtent,
  StoreStats,
  TelemetryStore,
} from '../backend.ts';
import { END_OF_TIME } from '../backend.ts';

/** Why a store is not in use, and since when (epoch milliseconds). */
export interface StoreTrouble {
  readonly error: string;
  readonly since: number;
}

export interface SupervisionOptions {
  readonly type: string;
  readonly open: () => Promise<TelemetryStore>;
  readonly now: () => number;
  /** Told when the store falls out of use, and when it is back. */
  readonly onChange: (trouble: StoreTrouble | null) => void;
  /** Waits before the first tries to open it again, and the longest one. */
  readonly firstWaitMs?: number;
  readonly longestWaitMs?: number;
}

const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
/** What is said of a store that has never been open. */
const UNKNOWN: Capabilities = {
  durable: true,
  bounded: false,
  compacts: false,
  isolated: true,
  lastInstant: END_OF_TIME,
  erases: true,
};

/**
 * Keeps the service going without a store: one that cannot be opened, or that breaks at work, is left alone and tried again with growing waits
 * until it works. Meanwhile writes reject, so that batches wait in the journal, and reads find nothing, so that questions are answered
 * from memory and the journal; `trouble` says so to whoever reports health. Nothing on disk is touched.
 */
export class SupervisedStore implements TelemetryStore {
  readonly type: string;
  readonly #options: SupervisionOptions;
  #store: TelemetryStore | null = null;
  #trouble: StoreTrouble | null = null;
  #wait: number;
  #timer: NodeJS.Timeout | null = null;
  #opening: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: SupervisionOptions) {
    this.type = options.type;
    this.#options = options;
    this.#wait = options.firstWaitMs ?? FIRST_WAIT_MS;
  }

  /** Opens a store, or begins to try. Errors that no waiting mends, such as wrong options, reject. */
  static async open(options: SupervisionOptions): Promise<SupervisedStore> {
    const supervised = new SupervisedStore(options);
    await supervised.#open();
    return supervised;
  }

  get capabilities(): Capabilities {
    return this.#store?.capabilities ?? UNKNOWN;
  }

  /** Null while the store is in use. */
  get trouble(): StoreTrouble | null {
    return this.#trouble;
  }

  async write(batches: Parameters<TelemetryStore['write']>[0]): Promise<void> {
    const store = this.#store;
    if (store === null) throw this.#unavailable();
    await this.#watch(store, () => store.write(batches));
  }

  async *read(request: ReadRequest): ReturnType<TelemetryStore['read']> {
    const store = this.#store;
    if (store === null) return;
    try {
      yield* store.read(request);
    } catch (error) {
      this.#note(store, error);
      throw error;
    }
  }

  aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    const buckets = Math.max(request.edges.length - 1, 0);
    const nothing = () =>
      request.deviceIds.map((deviceId) => ({
        deviceId,
        buckets: request.quantities.map(() => emptyBuckets(buckets)),
      }));
    return this.#ask((store) => store.aggregate(request), nothing);
  }

  latest(since: number): Promise<LatestValue[]> {
    return this.#ask(
      (store) => store.latest(since),
      () => [],
    );
  }

  series(): Promise<SeriesExtent[]> {
    return this.#ask(
      (store) => store.series(),
      () => [],
    );
  }

  async deleteBefore(instant: number, group: string | null): Promise<number> {
    const store = this.#store;
    if (store === null) throw this.#unavailable();
    return this.#watch(store, () => store.deleteBefore(instant, group));
  }

  async erase(blocks: Parameters<TelemetryStore['erase']>[0]): Promise<void> {
    const store = this.#store;
    if (store === null) throw this.#unavailable();
    await this.#watch(store, () => store.erase(blocks));
  }

  compact(before: number, signal: AbortSignal): Promise<CompactionReport> {
    return this.#ask(
      (store) => store.compact(before, signal),
      () => ({ days: 0, rows: 0 }),
    );
  }

  stats(): Promise<StoreStats> {
    return this.#ask(
      (store) => store.stats(),
      () => ({ sizeBytes: null, rows: null }),
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#opening;
    const store = this.#store;
    this.#store = null;
    await store?.close();
  }

  /** Asks the store, or answers with nothing while it is not in use. */
  async #ask<T>(question: (store: TelemetryStore) => Promise<T>, nothing: () => T): Promise<T> {
    const store = this.#store;
    return store === null ? nothing() : this.#watch(store, () => question(store));
  }

  async #watch<T>(store: TelemetryStore, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#note(store, error);
      throw error;
    }
  }

  /** A store that fails in a way that opening it again may mend falls out of use. */
  #note(store: TelemetryStore, error: unknown): void {
    if (this.#store !== store || this.#closed || !isTrouble(error)) return;
    this.#store = null;
    this.#fall(error);
    this.#opening = store.close().catch(() => {
      // It is broken: whatever it says at the end, it is not used any more.
    });
  }

  #fall(error: unknown): void {
    this.#trouble ??= { error: messageOf(error), since: this.#options.now() };
    this.#options.onChange(this.#trouble);
    this.#timer = setTimeout(() => void this.#again(), this.#wait);
    this.#timer.unref();
    this.#wait = Math.min(this.#wait * 2, this.#options.longestWaitMs ?? LONGEST_WAIT_MS);
  }

  async #again(): Promise<void> {
    await this.#opening;
    if (this.#closed) return;
    this.#opening = this.#open();
    await this.#opening;
  }

  async #open(): Promise<void> {
    try {
      const store = await this.#options.open();
      this.#store = store;
      this.#wait = this.#options.firstWaitMs ?? FIRST_WAIT_MS;
      if (this.#trouble === null) return;
      this.#trouble = null;
      this.#options.onChange(null);
    } catch (error) {
      const first = this.#trouble === null;
      if (first && !isTrouble(error)) throw error;
      this.#fall(error);
    }
  }

  #unavailable(): Unavailable {
    return new Unavailable(this.#trouble?.error ?? 'the store is closed');
  }
}

function isTrouble(error: unknown): boolean {
  return error instanceof Unavailable || error instanceof Corrupt;
}
