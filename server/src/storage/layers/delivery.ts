import type { Batch, Block } from '../../domain/columns/batch.ts';
import { messageOf } from '../../domain/errors.ts';
import { isPermanent, isTemporary, type TelemetryStore } from '../backend.ts';
import { coalesce } from '../coalesce.ts';
import { halves, lastRow, pick } from '../set-aside/block-parts.ts';

export interface DeliveryOptions {
  /** Called after the store has taken blocks. */
  readonly onWritten: (blocks: readonly Block[]) => Promise<void>;
  /** Keeps what the store can never take; rejects when it cannot be kept. */
  readonly onRejected: (block: Block, reason: string) => Promise<void>;
}

/** Failures in a row, of which nothing is known or which the store calls temporary, before the batches are suspected rather than the store. */
export const MAX_ATTEMPTS = 6;
/** Times that a batch may bring down a store that took another write just before, until it is set aside whole. */
export const MAX_CRASHES = 3;
/** Writes that one rejection may cost to find what is to blame; beyond, parts are set aside undivided. */
export const MAX_SEARCH_WRITES = 500;
/** Series that were rejected whole are told apart first the next time, and not divided by instants. */
const MAX_SUSPECTS = 10_000;

/**
 * Brings batches into a store and finds what of them it can never take. A permanent rejection is searched for what is to blame at once; any other
 * failure only when it repeats although the store takes other writes.
 */
export class Delivery {
  readonly #store: Pick<TelemetryStore, 'write' | 'erase' | 'latest'>;
  readonly #options: DeliveryOptions;
  readonly #suspects = new Set<string>();
  #failures = 0;
  /** Times that a batch brought down the store, by its sequence. */
  readonly #crashes = new Map<number, number>();
  /** One row that the store has taken: writing it again changes nothing and shows whether the store takes writes. */
  #known: Block | null = null;
  #newestFirst = false;

  constructor(store: Pick<TelemetryStore, 'write' | 'erase' | 'latest'>, options: DeliveryOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Must be called when values are deleted: the row that is written to try the store may be among them. */
  forgetKnown(): void {
    this.#known = null;
  }

  /** Resolves when every value is in the store or set aside. Rejects while the store takes nothing. */
  async deliver(batches: readonly Batch[]): Promise<void> {
    if (this.#failures >= MAX_ATTEMPTS - 1) return this.#deliverEach(batches);
    try {
      await this.#write(batches);
      this.#failures = 0;
    } catch (error) {
      if (isPermanent(error)) return this.#search(batches, error);
      this.#failures++;
      throw error;
    }
  }

  async erase(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) {
      try {
        await this.#store.erase([block]);
        this.forgetKnown();
      } catch (error) {
        if (!isPermanent(error)) throw error;
        await this.#options.onRejected({ ...block, erases: true }, messageOf(error));
        continue;
      }
      await this.#options.onWritten([block]);
    }
  }

  async #write(batches: readonly Batch[]): Promise<void> {
    await this.#store.write(batches);
    const blocks = batches.flatMap((batch) => batch.blocks);
    const newest = blocks.findLast(({ timestamps }) => timestamps.length > 0);
    if (newest !== undefined) this.#known = lastRow(newest);
    await this.#options.onWritten(blocks);
  }

  /** After failures that may pass: the store has to take a known row first, so that a failure after it is the batch's own. */
  async #deliverEach(batches: readonly Batch[]): Promise<void> {
    if (!(await this.#writeKnown())) await this.#tryNewest(batches);
    for (const batch of batches) {
      if ((this.#crashes.get(batch.sequence) ?? 0) >= MAX_CRASHES) continue;
      try {
        await this.#write([batch]);
      } catch (error) {
        if (isPermanent(error) || (await this.#takesWrites())) await this.#search([batch], error);
        else await this.#noteCrash(batch, error);
      }
    }
    this.#failures = 0;
    this.#crashes.clear();
  }

  /**
   * The store went down with the batch: after a few times the batch is to blame, unless nothing shows that the store takes any. It is left out
   * when the store is back.
   */
  async #noteCrash(batch: Batch, error: unknown): Promise<void> {
    // What does not come from the journal has no number of its own.
    if (batch.sequence === 0) throw error;
    const times = (this.#crashes.get(batch.sequence) ?? 0) + 1;
    const isCulprit = times >= MAX_CRASHES && (this.#known !== null || !isTemporary(error));
    if (isCulprit) for (const block of coalesce([batch])) await this.#options.onRejected(block, messageOf(error));
    this.#crashes.set(batch.sequence, isCulprit ? times : Math.min(times, MAX_CRASHES - 1));
    throw error;
  }

  /**
   * An empty store has no row to try it with, so that every second time the newest batch shows whether it takes writes. The others follow, and it
   * after them, so that values of the same places end in their order.
   */
  async #tryNewest(batches: readonly Batch[]): Promise<void> {
    this.#newestFirst = !this.#newestFirst && batches.length > 1;
    if (this.#newestFirst) await this.#write(batches.slice(-1)).catch(() => undefined);
  }

  async #takesWrites(): Promise<boolean> {
    try {
      return await this.#writeKnown();
    } catch {
      return false;
    }
  }

  /** Whether there is a row to try the store with. Rejects when the store does not take it. */
  async #writeKnown(): Promise<boolean> {
    this.#known ??= await this.#anyRow();
    if (this.#known === null) return false;
    await this.#store.write([{ sequence: 0, blocks: [this.#known] }]);
    return true;
  }

  /** A value that the store holds; null for an empty store. */
  async #anyRow(): Promise<Block | null> {
    const [latest] = await this.#store.latest(0);
    if (latest === undefined) return null;
    const dot = latest.metric.lastIndexOf('.');
    return {
      group: latest.metric.slice(0, dot),
      quantities: [latest.metric.slice(dot + 1)],
      devices: [latest.deviceId],
      device: Int32Array.of(0),
      timestamps: Float64Array.of(latest.timestamp),
      columns: [Float64Array.of(latest.value)],
    };
  }

  /** Divides what was rejected until the store takes everything but what is to blame, which is set aside. */
  async #search(batches: readonly Batch[], error: unknown): Promise<void> {
    const blocks: Block[] = coalesce(batches);
    const search: Search = { writes: 0, taken: new Set(), rejected: new Set() };
    if (blocks.length === 1) await this.#divide(blocks[0]!, error, search);
    else for (const block of blocks) await this.#try(block, search);
    this.#failures = 0;
    for (const series of search.taken) this.#suspects.delete(series);
    for (const series of search.rejected) {
      if (!search.taken.has(series) && this.#suspects.size < MAX_SUSPECTS) this.#suspects.add(series);
    }
  }

  async #try(block: Block, search: Search): Promise<void> {
    if (block.timestamps.length === 0) return;
    search.writes++;
    try {
      await this.#write([{ sequence: 0, blocks: [block] }]);
      if (isOneSeries(block)) search.taken.add(seriesKey(block, 0, 0));
    } catch (error) {
      if (!isPermanent(error) && !(await this.#takesWrites())) throw error;
      await this.#divide(block, error, search);
    }
  }

  async #divide(block: Block, error: unknown, search: Search): Promise<void> {
    const [suspected, others] = this.#bySuspicion(block);
    if (suspected !== null && others !== null) {
      await this.#try(others, search);
      await this.#try(suspected, search);
      return;
    }
    const isKnownCulprit = suspected !== null && isOneSeries(block);
    const parts = isKnownCulprit || search.writes >= MAX_SEARCH_WRITES ? null : halves(block);
    if (parts !== null) {
      for (const part of parts) await this.#try(part, search);
      return;
    }
    await this.#options.onRejected(block, messageOf(error));
    if (isOneSeries(block)) search.rejected.add(seriesKey(block, 0, 0));
  }

  /** The part of series that were to blame before, and the other; null for none. */
  #bySuspicion(block: Block): readonly [Block | null, Block | null] {
    if (this.#suspects.size === 0) return [null, block];
    const isSuspect = block.quantities.map((_, c) =>
      block.devices.map((_, d) => this.#suspects.has(seriesKey(block, c, d))),
    );
    if (!isSuspect.some((devices) => devices.includes(true))) return [null, block];
    const only = (wanted: boolean): Block | null => {
      const columns = block.columns.map((column, c) =>
        column.map((value, row) => (isSuspect[c]![block.device[row]!] === wanted ? value : Number.NaN)),
      );
      const part = pick({ ...block, columns }, { quantity: (c) => columns[c]!.some((value) => value === value) });
      return part.timestamps.length === 0 ? null : part;
    };
    return [only(true), only(false)];
  }
}

interface Search {
  writes: number;
  /** Series of which the store has taken a part, and those of which it has rejected one. */
  readonly taken: Set<string>;
  readonly rejected: Set<string>;
}

function isOneSeries({ quantities, devices }: Block): boolean {
  return quantities.length === 1 && devices.length === 1;
}

function seriesKey({ group, quantities, devices }: Block, c: number, d: number): string {
  return `${group}\n${quantities[c]}\n${devices[d]}`;
}
