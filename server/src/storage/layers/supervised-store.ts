import { setTimeout as sleep } from 'node:timers/promises';
import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { Frame } from '../../domain/columns/frame.ts';
import { messageOf, Unavailable } from '../../domain/errors.ts';
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
import { END_OF_TIME, isTemporary } from '../backend.ts';
import { HangDetector } from './hang-detector.ts';
import { MARK_GROUP } from './journal-marks.ts';

/** Why a store is not available, and since when (epoch milliseconds). */
export interface StoreTrouble {
  readonly error: string;
  readonly since: number;
}

export interface SupervisionOptions {
  readonly type: string;
  readonly open: () => Promise<TelemetryStore>;
  readonly now: () => number;
  /** Called when the store becomes unavailable or available again. */
  readonly onChange: (trouble: StoreTrouble | null) => void;
  /** Time without any answer after which a store is not used until it answers; null: no limit. */
  readonly readTimeoutMs: number | null;
  /** The store runs in this process: it must be closed before it is reopened, and opening it has no time limit. */
  readonly embedded: boolean;
  /** A store that cannot be opened rejects instead of being retried. */
  readonly required: boolean;
  /** Wait before the first reopening, and the maximum wait. */
  readonly firstWaitMs?: number;
  readonly longestWaitMs?: number;
}

const FIRST_WAIT_MS = 2_000;
const MAX_WAIT_MS = MINUTE_MS;
/** Maximum time to wait for a store to close. */
const CLOSE_WAIT_MS = 2_000;
/** Capabilities of a store that was never open. */
const UNKNOWN: Capabilities = {
  durable: true,
  bounded: false,
  compacts: false,
  isolated: true,
  lastInstant: END_OF_TIME,
  erases: true,
};
/** A request without cost for the store. */
const PROBE: ReadRequest = {
  deviceIds: ['probe'],
  group: MARK_GROUP,
  quantities: ['sequence'],
  window: { start: 0, end: 1 },
};

/** An open store with the state of its answers. */
interface Opened {
  readonly store: TelemetryStore;
  readonly hangDetector: HangDetector;
}

/**
 * Keeps the service running without a store: a store that cannot be opened, fails or does not answer is not used, and is reopened after
 * growing waits until it works. Meanwhile every call rejects with `Unavailable`, as the port specifies; `trouble` is for health and for the
 * choice between stores. Nothing on disk is changed.
 */
export class SupervisedStore implements TelemetryStore {
  readonly type: string;
  readonly #options: SupervisionOptions;
  #opened: Opened | null = null;
  #trouble: StoreTrouble | null = null;
  #latencyMs: number | null = null;
  #wait: number;
  #timer: NodeJS.Timeout | null = null;
  #opening: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(options: SupervisionOptions) {
    this.type = options.type;
    this.#options = options;
    this.#wait = options.firstWaitMs ?? FIRST_WAIT_MS;
  }

  /** Opens a store, or starts to retry. Errors that no waiting corrects, such as invalid options, reject. */
  static async open(options: SupervisionOptions): Promise<SupervisedStore> {
    const supervised = new SupervisedStore(options);
    await supervised.#openFirst();
    return supervised;
  }

  get capabilities(): Capabilities {
    return this.#opened?.store.capabilities ?? UNKNOWN;
  }

  /** null while the store is available. */
  get trouble(): StoreTrouble | null {
    return this.#trouble;
  }

  /** Duration of the newest answer, or of the pending request if longer, ms; null before the first. */
  get latencyMs(): number | null {
    return this.#opened?.hangDetector.latencyMs ?? this.#latencyMs;
  }

  write(batches: Parameters<TelemetryStore['write']>[0]): Promise<void> {
    return this.#change((store) => store.write(batches));
  }

  async *read(request: ReadRequest): AsyncIterable<Frame> {
    const opened = this.#use();
    const frames = opened.store.read(request)[Symbol.asyncIterator]();
    let canLeave = true;
    try {
      for (;;) {
        canLeave = false;
        const next = await this.#watch(opened, opened.hangDetector.answered(frames.next()));
        if (next.done) return;
        canLeave = true;
        yield next.value;
      }
    } finally {
      // The reader ended it early; after an end or a failure there is nothing to release.
      if (canLeave) await frames.return?.();
    }
  }

  aggregate(request: AggregateRequest): Promise<DeviceBuckets[]> {
    return this.#ask((store) => store.aggregate(request));
  }

  latest(since: number): Promise<LatestValue[]> {
    return this.#ask((store) => store.latest(since));
  }

  series(): Promise<SeriesExtent[]> {
    return this.#ask((store) => store.series());
  }

  deleteBefore(instant: number, group: string | null): Promise<number> {
    return this.#change((store) => store.deleteBefore(instant, group));
  }

  deleteDevices(deviceIds: readonly string[]): Promise<void> {
    return this.#change((store) => store.deleteDevices(deviceIds));
  }

  erase(blocks: Parameters<TelemetryStore['erase']>[0]): Promise<void> {
    return this.#change((store) => store.erase(blocks));
  }

  compact(before: number, signal: AbortSignal): Promise<CompactionReport> {
    return this.#change((store) => store.compact(before, signal));
  }

  stats(): Promise<StoreStats> {
    return this.#ask((store) => store.stats());
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    const opened = this.#opened;
    this.#opened = null;
    if (opened === null) await within(this.#opening, CLOSE_WAIT_MS);
    else await this.#released(opened.store.close());
    opened?.hangDetector.end();
  }

  /** Work that must end before the store is reopened, or the process ends. */
  async #released(work: Promise<void>): Promise<void> {
    if (this.#options.embedded) await work;
    else await within(work, CLOSE_WAIT_MS);
  }

  async #ask<T>(question: (store: TelemetryStore) => Promise<T>): Promise<T> {
    const opened = this.#use();
    return this.#watch(opened, opened.hangDetector.answered(question(opened.store)));
  }

  /** A change is awaited even when the store hangs: it may still be applied, and must not be overtaken by a later one. */
  async #change<T>(change: (store: TelemetryStore) => Promise<T>): Promise<T> {
    const opened = this.#use();
    return this.#watch(opened, opened.hangDetector.observed(change(opened.store)));
  }

  #use(): Opened {
    if (this.#opened === null) throw new Unavailable(this.#trouble?.error ?? 'the store is closed');
    return this.#opened;
  }

  async #watch<T>(opened: Opened, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      this.#note(opened, error);
      throw error;
    }
  }

  /** After a failure that reopening may correct, the store is not used until then. */
  #note(opened: Opened, error: unknown): void {
    if (this.#opened !== opened || this.#closed || !isTemporary(error)) return;
    this.#opened = null;
    this.#latencyMs = opened.hangDetector.latencyMs;
    opened.hangDetector.end();
    // The store is broken: errors of closing it are ignored.
    const closed = opened.store.close().catch(() => {});
    this.#opening = this.#released(closed);
    this.#fall(error);
  }

  #fall(error: unknown): void {
    this.#trouble = { error: messageOf(error), since: this.#trouble?.since ?? this.#options.now() };
    this.#options.onChange(this.#trouble);
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#again(), this.#wait);
    this.#timer.unref();
    this.#wait = Math.min(this.#wait * 2, this.#options.longestWaitMs ?? MAX_WAIT_MS);
  }

  async #again(): Promise<void> {
    await this.#opening;
    if (this.#closed) return;
    this.#opening = this.#open().catch((error: unknown) => this.#fall(error));
    await this.#opening;
  }

  /** At the start, a server is awaited for the read timeout; then the service starts without it. */
  async #openFirst(): Promise<void> {
    const { readTimeoutMs, required, embedded } = this.#options;
    let isLate = false;
    const settled = this.#open().catch((error: unknown) => {
      if (!isLate && (required || !isTemporary(error))) throw error;
      this.#fall(error);
    });
    this.#opening = settled.catch(() => {});
    if (embedded || readTimeoutMs === null || (await within(settled, readTimeoutMs))) return settled;
    isLate = true;
    const error = `it has not answered for ${readTimeoutMs / 1000} s`;
    this.#closed = required;
    if (required) throw new Unavailable(error);
    this.#trouble = { error, since: this.#options.now() };
    this.#options.onChange(this.#trouble);
  }

  async #open(): Promise<void> {
    const store = await this.#options.open();
    if (this.#closed) {
      await store.close();
      return;
    }
    const hangDetector: HangDetector = new HangDetector({
      limitMs: this.#options.readTimeoutMs,
      probe: () => emptied(store.read(PROBE)),
      onSilence: (error) => this.#note(opened, error),
    });
    const opened = { store, hangDetector };
    this.#opened = opened;
    this.#wait = this.#options.firstWaitMs ?? FIRST_WAIT_MS;
    if (this.#trouble === null) return;
    this.#trouble = null;
    this.#options.onChange(null);
  }
}

/** Whether it settled within the time; rejects as it does. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  const done = new AbortController();
  try {
    return await Promise.race([work.then(() => true), sleep(ms, false, { signal: done.signal }).catch(() => false)]);
  } finally {
    done.abort();
  }
}

async function emptied(frames: AsyncIterable<Frame>): Promise<void> {
  for await (const _ of frames);
}
