import type { Batch, Block } from '../../domain/columns/batch.ts';
import { messageOf } from '../../domain/errors.ts';
import { isPermanent, isTemporary, type TelemetryStore } from '../backend.ts';
import { coalesce } from '../coalesce.ts';
import { halves, lastRow, pick } from '../set-aside/block-parts.ts';

export interface DeliveryOptions {
  /** Called after the store has accepted blocks. */
  readonly onWritten: (blocks: readonly Block[]) => Promise<void>;
  /** Stores blocks that the store can never accept; rejects when they cannot be stored. */
  readonly onRejected: (block: Block, reason: string) => Promise<void>;
}

/** Consecutive failures, unknown or temporary, after which the batches are suspected rather than the store. */
export const MAX_ATTEMPTS = 6;
/** Number of times that a batch may crash a store that accepted another write immediately before; then the batch is set aside whole. */
export const MAX_CRASHES = 3;
/** Maximum number of writes to isolate the cause of one rejection; beyond, parts are set aside undivided. */
export const MAX_SEARCH_WRITES = 500;
/** Series that were rejected as a whole are separated first the next time, and not divided by instants. */
const MAX_SUSPECTS = 10_000;

/**
 * Writes batches to a store and isolates the values that it can never accept. A permanent rejection is searched for its cause at once; any
 * other failure only when it repeats although the store accepts other writes.
 */
export class Delivery {
  readonly #store: Pick<TelemetryStore, 'write' | 'erase' | 'latest'>;
  readonly #options: DeliveryOptions;
  readonly #suspects = new Set<string>();
  #failures = 0;
  /** Number of crashes that a batch caused, by its sequence number. */
  readonly #crashes = new Map<number, number>();
  /** A row that the store has accepted: writing it again changes nothing and shows whether the store accepts writes. */
  #known: Block | null = null;
  #newestFirst = false;

  constructor(store: Pick<TelemetryStore, 'write' | 'erase' | 'latest'>, options: DeliveryOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Must be called when values are deleted: the known row may be among them. */
  forgetKnown(): void {
    this.#known = null;
  }

  /** Resolves when every value is in the store or set aside. Rejects while the store accepts nothing. */
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

  /** After temporary failures: the store first has to accept the known row, so that a subsequent failure is the batch's own. */
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
   * The store crashed with the batch. After several crashes the batch is the cause, unless no write shows that the store works. It is
   * skipped when the store is available again.
   */
  async #noteCrash(batch: Batch, error: unknown): Promise<void> {
    // Data that is not from the journal has no sequence number.
    if (batch.sequence === 0) throw error;
    const times = (this.#crashes.get(batch.sequence) ?? 0) + 1;
    const isCulprit = times >= MAX_CRASHES && (this.#known !== null || !isTemporary(error));
    if (isCulprit) for (const block of coalesce([batch])) await this.#options.onRejected(block, messageOf(error));
    this.#crashes.set(batch.sequence, isCulprit ? times : Math.min(times, MAX_CRASHES - 1));
    throw error;
  }

  /**
   * An empty store has no row for a test, so every second attempt starts with the newest batch to show whether the store accepts writes.
   * The others follow, and then the newest again, so that values of the same places end in their order.
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

  /** Whether there is a known row. Rejects when the store does not accept it. */
  async #writeKnown(): Promise<boolean> {
    this.#known ??= await this.#anyRow();
    if (this.#known === null) return false;
    await this.#store.write([{ sequence: 0, blocks: [this.#known] }]);
    return true;
  }

  /** A value of the store; null for an empty store. */
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

  /** Divides a rejected write until the store accepts everything but the cause, which is set aside. */
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

  /** Splits a block into previously rejected series and the others; null for an empty part. */
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
  /** Series of which the store has accepted a part, and those of which it has rejected one. */
  readonly taken: Set<string>;
  readonly rejected: Set<string>;
}

function isOneSeries({ quantities, devices }: Block): boolean {
  return quantities.length === 1 && devices.length === 1;
}

function seriesKey({ group, quantities, devices }: Block, c: number, d: number): string {
  return `${group}\n${quantities[c]}\n${devices[d]}`;
}
