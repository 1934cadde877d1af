import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import { type AcceptedBatch, type Batch, type Block, bytesOf, withoutRemoved } from '../domain/columns/batch.ts';
import { Conflict, Unavailable } from '../domain/errors.ts';
import { Durations } from '../domain/time/durations.ts';
import { type Admit, admitSeries } from './admission.ts';
import { ArrivalMeter } from './arrivals.ts';
import { FanOut } from './fan-out.ts';
import { IngestMeter } from './ingest-meter.ts';
import type { Journal } from './journal.ts';
import { LatestValues } from './latest-values.ts';
import { LiveBus } from './live-bus.ts';
import { RecentBatches } from './recent-batches.ts';
import { MAX_REJECTIONS_LISTED, type Refusal, validate } from './validate.ts';

/** A store that takes batches; the first in the list is the one that is read. */
export interface StoreTarget {
  readonly name: string;
  write(batches: readonly AcceptedBatch[]): Promise<void>;
}

export interface WindowTarget {
  write(batches: readonly Batch[]): Promise<void>;
  /** Forgets single values. */
  erase(blocks: readonly Block[]): Promise<void>;
  /** Forgets everything of devices. */
  deleteDevices(deviceIds: readonly string[]): Promise<void>;
  /** Everything that it holds. */
  blocks(): Iterable<Block>;
}

export interface IngestOptions {
  readonly journal: Journal;
  readonly stores: readonly StoreTarget[];
  /** The window of the last hours, written before the acknowledgement so that it answers at once. */
  readonly window: WindowTarget;
  /** Whether readings go to the disk from the start. */
  readonly persists: boolean;
  readonly describe: (metric: string) => Metric;
  /** Ids of devices that were removed, of which nothing is kept; it grows. */
  readonly removed: ReadonlySet<string>;
  /** Puts series that are not known on record, as far as the limits allow. */
  readonly admit: Admit;
  readonly onStoreError: (store: string, error: unknown) => void;
  readonly now: () => number;
  readonly pauseMs: number;
  /** The batch after which a store continues, where its cursor says something else; undefined: as its cursor says. */
  readonly startAfter?: (store: string) => number | undefined;
}

export interface Receipt {
  readonly accepted: number;
  readonly rejected: number;
  readonly quarantined: number;
  /** True: on disk; false: in memory only. */
  readonly durable: boolean;
  readonly refusals: readonly Refusal[];
  /** Series that a limit refuses, by `seriesKey`. */
  readonly refusedSeries: ReadonlySet<string>;
  /** Reasons of the first quarantined values, told like refusals. */
  readonly implausible: readonly { deviceId: string; metric: string; timestamp: number; reason: string }[];
}

/** Bytes of readings that may wait for the disk; more are turned away until it catches up. */
export const MAX_BYTES_IN_FLIGHT = 128 * 1024 * 1024;
const MAX_IMPLAUSIBLE_LISTED = 100;
const CATCH_UP_LOOK_MS = 50;
/** A store that fails for this long is not waited for: 10 s. */
const MAX_FAILING_LOOKS = 200;

/**
 * The way of every reading: validate → journal → acknowledged → memory window, latest values and live stream, and in the background to
 * every store. See ARCHITECTURE.md.
 */
export class Ingest {
  readonly latest: LatestValues;
  readonly live = new LiveBus();
  readonly arrivals = new ArrivalMeter();
  readonly meter: IngestMeter;
  readonly commitTimes = new Durations();
  readonly recent: RecentBatches;
  readonly #options: IngestOptions;
  #fanOuts: FanOut[] = [];
  #bytesInFlight = 0;
  #closed = false;
  #persists: boolean;
  /** Ends when readings are taken again. */
  #halt: Promise<void> | null = null;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#persists = options.persists;
    this.latest = new LatestValues(options.now);
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
          cursor: this.#options.startAfter?.(store.name) ?? taken.get(store.name) ?? 0,
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
    while (this.#halt) await this.#halt;
    if (this.#closed)
      throw new Unavailable('the service is stopping: send the readings again once it is back', { retryAfterS: 5 });
    const { journal, describe, now } = this.#options;
    // Without the disk there is no place where implausible values could wait for a decision: they are refused.
    const verdict = validate(blocks, describe, now(), this.#persists ? journal.quarantineRoom() : 0);
    const bytes = verdict.blocks.reduce((sum, block) => sum + bytesOf(block), 0);
    let durable = this.#persists && journal.durable;
    if (this.#bytesInFlight > 0 && this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
      throw new Unavailable('the disk is behind with what was sent before: send these readings again in a second', {
        code: 'too_many_requests',
        retryAfterS: 1,
      });
    }
    const admitted = admitSeries(this.#present(verdict.blocks), this.#options.admit);
    const accepted = verdict.accepted - admitted.rejected;
    const rejected = verdict.rejected + admitted.rejected;
    if (accepted + verdict.quarantined.length > 0) {
      this.#bytesInFlight += bytes;
      try {
        durable = await this.#keep(admitted.blocks, verdict.quarantined);
      } finally {
        this.#bytesInFlight -= bytes;
      }
    }
    this.meter.count(accepted, rejected, verdict.quarantined.length);
    return {
      accepted,
      rejected,
      quarantined: verdict.quarantined.length,
      durable,
      refusals: [...verdict.refusals, ...admitted.refusals].slice(0, MAX_REJECTIONS_LISTED),
      refusedSeries: admitted.refusedSeries,
      implausible: verdict.quarantined.slice(0, MAX_IMPLAUSIBLE_LISTED),
    };
  }

  /** Takes readings that a person has looked at and found right, however implausible. */
  async acceptReviewed(blocks: readonly Block[]): Promise<void> {
    const { blocks: admitted, refusals } = admitSeries(this.#present(blocks), this.#options.admit);
    const [refusal] = refusals;
    if (refusal) throw new Conflict(`${refusal.metric} cannot be accepted: ${refusal.detail}`);
    if (admitted.length > 0) await this.#keep(admitted, []);
  }

  /** Takes rows that were made of readings: they go to the stores as readings do, and nowhere else. */
  async acceptDerived(blocks: readonly Block[]): Promise<void> {
    await this.#append(blocks, []);
    for (const fanOut of this.#fanOuts) fanOut.notify();
  }

  /**
   * Takes a change of what was read before: what its blocks erase and write, in this order. As safe as readings when it resolves.
   * @throws Unavailable while readings do not go to the disk: a change that is gone after a restart would be none
   */
  async acceptChange(blocks: readonly Block[]): Promise<void> {
    if (!this.#persists || !this.#options.journal.durable)
      throw new Unavailable('readings are not kept on disk at present, so that what was kept cannot be changed');
    const { sequence } = await this.#append(blocks, []);
    for (const block of this.#present(blocks)) {
      if (block.erases) await this.#options.window.erase([block]);
      else await this.#options.window.write([{ sequence, blocks: [block] }]);
    }
    this.live.publish(new Set(blocks.flatMap(({ devices }) => devices)));
    for (const fanOut of this.#fanOuts) fanOut.notify();
  }

  /** Whether readings go to the disk. */
  get persists(): boolean {
    return this.#persists;
  }

  /** From now on readings stay in the memory window. */
  stopPersisting(): void {
    this.#persists = false;
  }

  /** Brings the whole window to the disk, and from then on every reading. Rejects when the disk does not take it; nothing changes then. */
  async persist(): Promise<void> {
    if (this.#persists) return;
    await this.halted(async () => {
      for (const block of this.#options.window.blocks()) await this.#append([block], []);
      this.#persists = true;
    });
    for (const fanOut of this.#fanOuts) fanOut.notify();
  }

  /** Does something while no readings are taken: they wait. */
  async halted<T>(work: () => Promise<T>): Promise<T> {
    while (this.#halt) await this.#halt;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#halt = promise;
    try {
      return await work();
    } finally {
      this.#halt = null;
      resolve();
    }
  }

  /** Turns readings away from now on, as a service does that stops. */
  stopTaking(): void {
    this.#closed = true;
  }

  /** Forgets the readings of a device that was removed, as far as memory holds them. */
  async forgetDevice(deviceId: string): Promise<void> {
    this.latest.forget(deviceId);
    await this.#options.window.deleteDevices([deviceId]);
  }

  /** Batches that a store has not confirmed yet, oldest first. */
  pending(store: string): AsyncIterable<Batch> {
    return this.#batchesAfter(this.#fanOut(store).cursor);
  }

  /** Batches that some store has not confirmed yet, oldest first. */
  kept(): AsyncIterable<AcceptedBatch> {
    return this.#batchesAfter(Math.min(...this.#fanOuts.map(({ cursor }) => cursor)));
  }

  status(store: string): ReturnType<FanOut['status']> {
    return this.#fanOut(store).status(this.#options.journal.head());
  }

  /** Resolves when a store has confirmed everything that was acknowledged before the call. @throws Unavailable when it fails for long */
  async caughtUp(store: string, signal: AbortSignal): Promise<void> {
    const head = this.#options.journal.head();
    const fanOut = this.#fanOut(store);
    for (let failing = 0; fanOut.cursor < head; ) {
      const { status, lastError } = fanOut.status(head);
      failing = status === 'failed' ? failing + 1 : 0;
      if (failing > MAX_FAILING_LOOKS)
        throw new Unavailable(`store ${store} does not take readings at present: ${lastError}`);
      await sleep(CATCH_UP_LOOK_MS, undefined, { signal });
    }
  }

  /** Every batch that was acknowledged before the instant that it answers has been confirmed by a store; epoch milliseconds. */
  async settledUntil(store: string): Promise<number> {
    const now = this.#options.now();
    // Acknowledgements of this instant are counted in the journal's head after this.
    await nextTurn();
    const { batches } = await this.recent.next(this.#fanOut(store).cursor);
    return Math.min(now, ...batches.map(({ acceptedAt }) => acceptedAt));
  }

  /** Stops taking readings and brings what was taken into the stores, as far as it gets until `signal` fires. */
  async close(signal: AbortSignal): Promise<void> {
    this.stopTaking();
    await Promise.all(this.#fanOuts.map((fanOut) => fanOut.drain(signal)));
    await this.#saveCursors();
  }

  async *#batchesAfter(cursor: number): AsyncGenerator<AcceptedBatch> {
    for await (const batch of this.recent.all(cursor)) yield { ...batch, blocks: this.#present(batch.blocks) };
  }

  #present(blocks: readonly Block[]): readonly Block[] {
    return withoutRemoved(blocks, this.#options.removed);
  }

  /** Answers whether it is on disk. */
  async #keep(blocks: readonly Block[], quarantined: Parameters<Journal['append']>[1]): Promise<boolean> {
    const batch = this.#persists ? await this.#append(blocks, quarantined) : { sequence: 0, blocks, durable: false };
    // A device may have been removed while its readings were on their way to the disk.
    const present = this.#present(blocks);
    await this.#options.window.write([{ ...batch, blocks: present }]);
    const changed = new Set<string>();
    for (const block of present) {
      this.arrivals.add(block, this.#options.now());
      for (const device of this.latest.add(block)) changed.add(device);
    }
    this.live.publish(changed);
    for (const fanOut of this.#fanOuts) fanOut.notify();
    return batch.durable;
  }

  async #append(blocks: readonly Block[], quarantined: Parameters<Journal['append']>[1]) {
    const before = this.#options.now();
    const { sequence, durable, acceptedAt } = await this.#options.journal.append(blocks, quarantined);
    this.commitTimes.add(this.#options.now() - before);
    this.recent.add({ sequence, blocks, acceptedAt });
    return { sequence, blocks, durable };
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
