import { setTimeout as sleep } from 'node:timers/promises';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { Batch, Block } from '../domain/batch.ts';
import { Durations } from '../domain/durations.ts';
import { Unavailable } from '../domain/errors.ts';
import { ArrivalMeter } from './arrivals.ts';
import { FanOut } from './fan-out.ts';
import { IngestMeter } from './ingest-meter.ts';
import type { Journal } from './journal.ts';
import { LatestValues } from './latest-values.ts';
import { LiveBus } from './live-bus.ts';
import { RecentBatches } from './recent-batches.ts';
import { type Refusal, validate } from './validate.ts';

/** A store that takes batches; the first in the list is the one that is read. */
export interface StoreTarget {
  readonly name: string;
  write(batches: readonly Batch[]): Promise<void>;
}

export interface IngestOptions {
  readonly journal: Journal;
  readonly stores: readonly StoreTarget[];
  /** The window of the last hours, written before the acknowledgement so that it answers at once. */
  readonly window: Pick<StoreTarget, 'write'>;
  readonly describe: (metric: string) => Metric;
  /** Told of every device and metric in a block, so that unknown series are put on record. */
  readonly onBlock: (block: Block) => void;
  readonly onStoreError: (store: string, error: unknown) => void;
  readonly now: () => number;
  readonly pauseMs: number;
}

export interface Receipt {
  readonly accepted: number;
  readonly rejected: number;
  readonly quarantined: number;
  /** True: on disk; false: in memory only. */
  readonly durable: boolean;
  readonly refusals: readonly Refusal[];
  /** Reasons of the first quarantined values, told like refusals. */
  readonly implausible: readonly { deviceId: string; metric: string; timestamp: number; reason: string }[];
}

/** Bytes of readings that may wait for the disk; more are turned away until it catches up. */
export const MAX_BYTES_IN_FLIGHT = 128 * 1024 * 1024;
const IMPLAUSIBLE_TOLD = 100;
const CATCH_UP_LOOK_MS = 50;

/**
 * The way of every reading: validate → journal → acknowledged → memory window, latest values and live stream, and in the background to
 * every store. See ARCHITECTURE.md.
 */
export class Ingest {
  readonly latest = new LatestValues();
  readonly live = new LiveBus();
  readonly arrivals = new ArrivalMeter();
  readonly meter: IngestMeter;
  readonly commitTimes = new Durations();
  readonly recent: RecentBatches;
  readonly #options: IngestOptions;
  #fanOuts: FanOut[] = [];
  #bytesInFlight = 0;
  #closed = false;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.meter = new IngestMeter(options.now);
    this.recent = new RecentBatches(options.journal);
  }

  /** Finds out where each store stands. */
  async open(): Promise<void> {
    const { journal, stores } = this.#options;
    const taken = await journal.cursors();
    this.#fanOuts = stores.map(
      (store) =>
        new FanOut({
          name: store.name,
          sink: store,
          batches: this.recent,
          cursor: taken.get(store.name) ?? 0,
          pauseMs: this.#options.pauseMs,
          now: this.#options.now,
          onAdvance: () => this.#trim(),
          onError: this.#options.onStoreError,
        }),
    );
  }

  /** Starts moving batches to the stores, beginning with what an earlier run left. */
  start(): void {
    for (const fanOut of this.#fanOuts) {
      fanOut.start();
      fanOut.notify();
    }
  }

  /**
   * Takes readings whose device columns hold device ids. Resolves once they are as safe as `durable` says.
   * Rejects with `Unavailable`: code `too_many_requests` when the disk is behind, `unavailable` when the journal fails; nothing of the
   * blocks is taken then.
   */
  async accept(blocks: readonly Block[]): Promise<Receipt> {
    if (this.#closed)
      throw new Unavailable('the service is stopping: send the readings again once it is back', { retryAfterS: 5 });
    const { journal, describe, now } = this.#options;
    const verdict = validate(blocks, describe, now(), journal.quarantineRoom());
    const bytes = bytesOf(verdict.blocks);
    if (this.#bytesInFlight > 0 && this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
      throw new Unavailable('the disk is behind with what was sent before: send these readings again in a second', {
        code: 'too_many_requests',
        retryAfterS: 1,
      });
    }
    if (verdict.accepted + verdict.quarantined.length > 0) {
      this.#bytesInFlight += bytes;
      try {
        await this.#keep(verdict.blocks, verdict.quarantined);
      } finally {
        this.#bytesInFlight -= bytes;
      }
    }
    this.meter.count(verdict.accepted, verdict.rejected, verdict.quarantined.length);
    return {
      accepted: verdict.accepted,
      rejected: verdict.rejected,
      quarantined: verdict.quarantined.length,
      durable: journal.durable,
      refusals: verdict.refusals,
      implausible: verdict.quarantined.slice(0, IMPLAUSIBLE_TOLD),
    };
  }

  /** Takes readings that a person has looked at and found right, however implausible. */
  async acceptReviewed(blocks: readonly Block[]): Promise<void> {
    if (blocks.length > 0) await this.#keep(blocks, []);
  }

  /** Batches that a store has not confirmed yet, oldest first. */
  pending(store: string): AsyncIterable<Batch> {
    return this.recent.all(this.#fanOut(store).cursor);
  }

  status(store: string): ReturnType<FanOut['status']> {
    return this.#fanOut(store).status(this.#options.journal.head());
  }

  /** Resolves when a store has confirmed everything that was acknowledged before the call. */
  async caughtUp(store: string, signal: AbortSignal): Promise<void> {
    const head = this.#options.journal.head();
    const fanOut = this.#fanOut(store);
    while (fanOut.cursor < head) await sleep(CATCH_UP_LOOK_MS, undefined, { signal });
  }

  /** Stops taking readings and brings what was taken into the stores, as far as it gets until `signal` fires. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#fanOuts.map((fanOut) => fanOut.drain(signal)));
    await this.#saveCursors();
  }

  async #keep(blocks: readonly Block[], quarantined: Parameters<Journal['append']>[1]): Promise<void> {
    const before = this.#options.now();
    const sequence = await this.#options.journal.append(blocks, quarantined);
    this.commitTimes.add(this.#options.now() - before);
    const batch: Batch = { sequence, blocks };
    this.recent.add(batch);
    await this.#options.window.write([batch]);
    const changed = new Set<string>();
    for (const block of blocks) {
      this.#options.onBlock(block);
      this.arrivals.add(block, this.#options.now());
      for (const device of this.latest.add(block, this.#options.now())) changed.add(device);
    }
    this.live.publish(changed);
    for (const fanOut of this.#fanOuts) fanOut.notify();
  }

  #fanOut(store: string): FanOut {
    const found = this.#fanOuts.find(({ name }) => name === store);
    if (!found) throw new Error(`no store is named ${store}`);
    return found;
  }

  #trimming: Promise<void> | null = null;

  /** Writes the cursors down, one call at a time; a failure is told like a store's, and the next advance tries again. */
  #trim(): void {
    this.recent.trim(Math.min(...this.#fanOuts.map(({ cursor }) => cursor)));
    this.#trimming ??= this.#saveCursors()
      .catch((error: unknown) => this.#options.onStoreError('journal', error))
      .finally(() => {
        this.#trimming = null;
      });
  }

  async #saveCursors(): Promise<void> {
    if (this.#fanOuts.length === 0) return;
    await this.#options.journal.advance(new Map(this.#fanOuts.map(({ name, cursor }) => [name, cursor])));
  }
}

function bytesOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, block) => sum + 8 * block.device.length * (block.columns.length + 2), 0);
}
