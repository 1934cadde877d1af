import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import { type AcceptedBatch, type Batch, type Block, bytesOf, withoutRemoved } from '../domain/columns/batch.ts';
import { Conflict, Unavailable } from '../domain/errors.ts';
import { DurationPercentiles } from '../domain/time/duration-percentiles.ts';
import { type Admit, admitSeries } from './admission.ts';
import { ArrivalMeter } from './arrivals.ts';
import { FanOut } from './fan-out.ts';
import { IngestMeter } from './ingest-meter.ts';
import type { Journal } from './journal.ts';
import { LatestValues } from './latest-values.ts';
import { LiveBus } from './live-bus.ts';
import { RecentBatches } from './recent-batches.ts';
import { MAX_REJECTIONS_LISTED, type Refusal, validate } from './validate.ts';

/** A store that receives batches; queries read the first one in the list. */
export interface StoreTarget {
  readonly name: string;
  write(batches: readonly AcceptedBatch[]): Promise<void>;
}

export interface WindowTarget {
  write(batches: readonly Batch[]): Promise<void>;
  /** Deletes single values. */
  erase(blocks: readonly Block[]): Promise<void>;
  /** Deletes all readings of devices. */
  deleteDevices(deviceIds: readonly string[]): Promise<void>;
  /** All blocks of the window. */
  blocks(): Iterable<Block>;
}

export interface IngestOptions {
  readonly journal: Journal;
  readonly stores: readonly StoreTarget[];
  /** The window of the last hours, written before the acknowledgement so that it can be queried immediately. */
  readonly window: WindowTarget;
  /** Whether readings are written to disk from the start. */
  readonly persists: boolean;
  readonly describe: (metric: string) => Metric;
  /** Ids of removed devices, whose readings are discarded; the set grows. */
  readonly removed: ReadonlySet<string>;
  /** Registers new series, within the limits. */
  readonly admit: Admit;
  readonly onStoreError: (store: string, error: unknown) => void;
  readonly now: () => number;
  readonly pauseMs: number;
  /** Overrides the batch after which a store continues; undefined: as in its cursor. */
  readonly startAfter?: (store: string) => number | undefined;
}

export interface Receipt {
  readonly accepted: number;
  readonly rejected: number;
  readonly quarantined: number;
  /** True: on disk; false: in memory only. */
  readonly durable: boolean;
  readonly refusals: readonly Refusal[];
  /** Keys from `seriesKey` of the series that exceed a limit. */
  readonly refusedSeries: ReadonlySet<string>;
  /** Reasons of the first quarantined values. */
  readonly implausible: readonly { deviceId: string; metric: string; timestamp: number; reason: string }[];
}

/** Maximum size of readings that wait for the disk; more are rejected until it catches up. */
export const MAX_BYTES_IN_FLIGHT = 128 * 1024 * 1024;
const MAX_IMPLAUSIBLE_LISTED = 100;
const CATCH_UP_LOOK_MS = 50;
/** A store that fails for this number of checks (10 s) is no longer awaited. */
const MAX_FAILING_LOOKS = 200;

/**
 * The path of every reading: validate → journal → acknowledge → memory window, latest values and live stream, and in the background to
 * every store. See ARCHITECTURE.md.
 */
export class Ingest {
  readonly latest: LatestValues;
  readonly live = new LiveBus();
  readonly arrivals = new ArrivalMeter();
  readonly meter: IngestMeter;
  readonly commitTimes = new DurationPercentiles();
  readonly recent: RecentBatches;
  readonly #options: IngestOptions;
  #fanOuts: FanOut[] = [];
  #bytesInFlight = 0;
  #closed = false;
  #persists: boolean;
  /** Resolves when readings are accepted again. */
  #halt: Promise<void> | null = null;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#persists = options.persists;
    this.latest = new LatestValues(options.now);
    this.meter = new IngestMeter(options.now);
    this.recent = new RecentBatches(options.journal);
  }

  /** Reads the position of each store. */
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

  /** Starts delivering batches to the stores, starting with those of an earlier run. */
  start(): void {
    for (const fanOut of this.#fanOuts) {
      fanOut.start();
      fanOut.notify();
    }
  }

  /**
   * Accepts readings whose device columns contain device ids. Resolves when they are as safe as `durable` states.
   * @throws Unavailable with code `too_many_requests` if the disk is behind, or `unavailable` if the journal fails; none of the blocks is
   * accepted then
   */
  async accept(blocks: readonly Block[]): Promise<Receipt> {
    while (this.#halt) await this.#halt;
    if (this.#closed)
      throw new Unavailable('the service is stopping: send the readings again once it is back', { retryAfterS: 5 });
    const { journal, describe, now } = this.#options;
    // Without the disk, implausible values cannot be stored until a user decides on them: they are rejected.
    const verdict = validate(blocks, describe, now(), this.#persists ? journal.quarantineRoom() : 0);
    const bytes = verdict.blocks.reduce((sum, block) => sum + bytesOf(block), 0);
    let durable = this.#persists && journal.durable;
    if (this.#bytesInFlight > 0 && this.#bytesInFlight + bytes > MAX_BYTES_IN_FLIGHT) {
      throw new Unavailable('the disk is behind with earlier readings: send these readings again in one second', {
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

  /** Accepts readings that a user has reviewed and confirmed, however implausible. */
  async acceptReviewed(blocks: readonly Block[]): Promise<void> {
    const { blocks: admitted, refusals } = admitSeries(this.#present(blocks), this.#options.admit);
    const [refusal] = refusals;
    if (refusal) throw new Conflict(`${refusal.metric} cannot be accepted: ${refusal.detail}`);
    if (admitted.length > 0) await this.#keep(admitted, []);
  }

  /** Accepts rows derived from readings: they are delivered to the stores only. */
  async acceptDerived(blocks: readonly Block[]): Promise<void> {
    await this.#append(blocks, []);
    for (const fanOut of this.#fanOuts) fanOut.notify();
  }

  /**
   * Accepts a change of earlier readings: the erasures and writes of its blocks, in this order. As safe as readings when it resolves.
   * @throws Unavailable while readings are not written to disk: a restart would lose the change
   */
  async acceptChange(blocks: readonly Block[]): Promise<void> {
    if (!this.#persists || !this.#options.journal.durable)
      throw new Unavailable('readings are not stored on disk at present, so stored readings cannot be changed');
    const { sequence } = await this.#append(blocks, []);
    for (const block of this.#present(blocks)) {
      if (block.erases) await this.#options.window.erase([block]);
      else await this.#options.window.write([{ sequence, blocks: [block] }]);
    }
    this.live.publish(new Set(blocks.flatMap(({ devices }) => devices)));
    for (const fanOut of this.#fanOuts) fanOut.notify();
  }

  /** Whether readings are written to disk. */
  get persists(): boolean {
    return this.#persists;
  }

  /** From now on, keeps readings in the memory window only. */
  stopPersisting(): void {
    this.#persists = false;
  }

  /** Writes the whole window to disk, and from then on every reading. If the disk rejects it, this rejects and nothing changes. */
  async persist(): Promise<void> {
    if (this.#persists) return;
    await this.halted(async () => {
      for (const block of this.#options.window.blocks()) await this.#append([block], []);
      this.#persists = true;
    });
    for (const fanOut of this.#fanOuts) fanOut.notify();
  }

  /** Runs work while incoming readings wait. */
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

  /** Rejects readings from now on, as the service is stopping. */
  stopAccepting(): void {
    this.#closed = true;
  }

  /** Deletes the readings of a removed device from memory. */
  async forgetDevice(deviceId: string): Promise<void> {
    this.latest.forget(deviceId);
    await this.#options.window.deleteDevices([deviceId]);
  }

  /** Batches that a store has not confirmed yet, oldest first. */
  pending(store: string): AsyncIterable<Batch> {
    return this.#batchesAfter(this.#fanOut(store).cursor);
  }

  /** Batches that some store has not confirmed yet, oldest first. */
  unconfirmed(): AsyncIterable<AcceptedBatch> {
    return this.#batchesAfter(Math.min(...this.#fanOuts.map(({ cursor }) => cursor)));
  }

  status(store: string): ReturnType<FanOut['status']> {
    return this.#fanOut(store).status(this.#options.journal.head());
  }

  /** Resolves when a store has confirmed everything acknowledged before the call. @throws Unavailable if the store keeps failing */
  async caughtUp(store: string, signal: AbortSignal): Promise<void> {
    const head = this.#options.journal.head();
    const fanOut = this.#fanOut(store);
    for (let failing = 0; fanOut.cursor < head; ) {
      const { status, lastError } = fanOut.status(head);
      failing = status === 'failed' ? failing + 1 : 0;
      if (failing > MAX_FAILING_LOOKS)
        throw new Unavailable(`store ${store} does not accept readings at present: ${lastError}`);
      await sleep(CATCH_UP_LOOK_MS, undefined, { signal });
    }
  }

  /** Returns an instant in epoch milliseconds; a store has confirmed every batch that was acknowledged before it. */
  async settledUntil(store: string): Promise<number> {
    const now = this.#options.now();
    // Acknowledgements at this instant are included in the journal's head after this.
    await nextTurn();
    const { batches } = await this.recent.next(this.#fanOut(store).cursor);
    return Math.min(now, ...batches.map(({ acceptedAt }) => acceptedAt));
  }

  /** Stops accepting readings and delivers accepted ones to the stores until `signal` fires. */
  async close(signal: AbortSignal): Promise<void> {
    this.stopAccepting();
    await Promise.all(this.#fanOuts.map((fanOut) => fanOut.drain(signal)));
    await this.#saveCursors();
  }

  async *#batchesAfter(cursor: number): AsyncGenerator<AcceptedBatch> {
    for await (const batch of this.recent.all(cursor)) yield { ...batch, blocks: this.#present(batch.blocks) };
  }

  #present(blocks: readonly Block[]): readonly Block[] {
    return withoutRemoved(blocks, this.#options.removed);
  }

  /** Returns whether the batch is on disk. */
  async #keep(blocks: readonly Block[], quarantined: Parameters<Journal['append']>[1]): Promise<boolean> {
    const batch = this.#persists ? await this.#append(blocks, quarantined) : { sequence: 0, blocks, durable: false };
    // A device may have been removed while its readings were being written to disk.
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
    if (!found) throw new Error(`there is no store named ${store}`);
    return found;
  }

  #trimming: Promise<void> | null = null;

  /** Saves the cursors, one call at a time; a failure is reported like that of a store, and the next advance retries. */
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
