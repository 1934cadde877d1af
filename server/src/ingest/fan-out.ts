import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import type { AcceptedBatch } from '../domain/columns/batch.ts';
import { messageOf } from '../domain/errors.ts';
import type { RecentBatches } from './recent-batches.ts';

/** The operations that fan-out requires of a store. */
export interface BatchSink {
  write(batches: readonly AcceptedBatch[]): Promise<void>;
}

export interface FanOutOptions {
  readonly name: string;
  readonly sink: BatchSink;
  readonly batches: RecentBatches;
  /** Last sequence that the store has confirmed. */
  readonly cursor: number;
  /** Minimum time between two writes, so that single readings share one transaction of the store. */
  readonly pauseMs: number;
  readonly now: () => number;
  /** Called after each confirmed write. */
  readonly onAdvance: (name: string, cursor: number) => void;
  readonly onError: (name: string, error: unknown) => void;
}

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = MINUTE_MS;

/**
 * Delivers batches from the journal to one store, in order. A slow or unavailable store delays only itself and is retried with increasing
 * pauses until it accepts them.
 */
export class FanOut {
  readonly name: string;
  readonly #options: FanOutOptions;
  #cursor: number;
  /** End the current wait: for new batches, and for draining. */
  #onNotify: (() => void) | null = null;
  #onHurry: (() => void) | null = null;
  #notified = false;
  #hurry = false;
  #stopped = false;
  #failures = 0;
  #lastError: string | null = null;
  #behindSince: number | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(options: FanOutOptions) {
    this.name = options.name;
    this.#options = options;
    this.#cursor = options.cursor;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Announces a new batch. */
  notify(): void {
    this.#behindSince ??= this.#options.now();
    this.#notified = true;
    this.#onNotify?.();
  }

  get cursor(): number {
    return this.#cursor;
  }

  status(head: number): {
    status: 'ok' | 'behind' | 'failed';
    lagBatches: number;
    lagMs: number;
    lastError: string | null;
  } {
    const lagBatches = Math.max(head - this.#cursor, 0);
    const lagMs = this.#behindSince === null ? 0 : this.#options.now() - this.#behindSince;
    const status = this.#failures > 0 ? 'failed' : lagMs > BEHIND_MS ? 'behind' : 'ok';
    return { status, lagBatches, lagMs, lastError: this.#lastError };
  }

  /** Writes the available batches without waiting for more, then stops; a failure or `signal` stops it earlier. */
  async drain(signal: AbortSignal): Promise<void> {
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const stop = () => {
      this.#stopped = true;
      this.#onHurry?.();
      resolve();
    };
    this.#hurry = true;
    this.#onHurry?.();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    // A hanging write is not awaited: its batches are still in the journal.
    await Promise.race([this.#running, aborted]);
    signal.removeEventListener('abort', stop);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#notified = false;
      const outcome = await this.#step();
      if (outcome === 'more') continue;
      if (this.#hurry && outcome !== 'wrote') return;
      if (outcome === 'wrote') await this.#wait(this.#options.pauseMs, false);
      else if (outcome === 'idle') await this.#wait(null, true);
      else await this.#wait(this.#backoffMs(), false);
    }
  }

  /** Writes the next batches, if any. */
  async #step(): Promise<'more' | 'wrote' | 'idle' | 'failed'> {
    try {
      const since = this.#options.now();
      const { batches, more } = await this.#options.batches.next(this.#cursor);
      if (batches.length === 0) {
        this.#behindSince = null;
        return 'idle';
      }
      await this.#options.sink.write(batches);
      this.#cursor = (batches.at(-1) as AcceptedBatch).sequence;
      this.#failures = 0;
      this.#lastError = null;
      this.#behindSince = since;
      this.#options.onAdvance(this.name, this.#cursor);
      return more ? 'more' : 'wrote';
    } catch (error) {
      this.#failures++;
      this.#lastError = messageOf(error);
      this.#options.onError(this.name, error);
      return 'failed';
    }
  }

  #backoffMs(): number {
    const full = Math.min(FIRST_BACKOFF_MS * 2 ** (this.#failures - 1), MAX_BACKOFF_MS);
    return full * (0.75 + 0.5 * fraction(this.#failures + this.#options.now()));
  }

  /** Waits for a time (null: indefinitely), for draining, and optionally for new batches. */
  #wait(ms: number | null, forWork: boolean): Promise<void> {
    if (this.#hurry || (forWork && this.#notified)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        if (timer !== null) clearTimeout(timer);
        this.#onNotify = null;
        this.#onHurry = null;
        resolve();
      };
      const timer = ms === null ? null : setTimeout(done, ms);
      this.#onHurry = done;
      if (forWork) this.#onNotify = done;
    });
  }
}

/** A store is behind when it has had pending batches for this long. */
const BEHIND_MS = 30_000;

/** Jitter for the retries of several stores: a number in [0, 1) that differs between consecutive seeds. */
function fraction(seed: number): number {
  return (Math.imul(Math.floor(seed), 2_654_435_761) >>> 0) / 2 ** 32;
}
