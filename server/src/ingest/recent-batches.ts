import { type AcceptedBatch, bytesOf } from '../domain/columns/batch.ts';
import type { Journal } from './journal.ts';

/** Maximum size of accepted batches held in memory for stores and queries; older ones are read from the journal. */
const MAX_BYTES = 96 * 1024 * 1024;
const READ_BYTES = 32 * 1024 * 1024;

/**
 * The newest batches of the journal, in memory and in order, so that a store that is up to date never reads the disk. A store's cursor
 * skips batches that were not delivered to it, so a batch must never arrive after a later one; the journal acknowledges in order.
 */
export class RecentBatches {
  readonly #journal: Journal;
  #batches: { batch: AcceptedBatch; bytes: number }[] = [];
  #bytes = 0;
  /** Batches after this sequence up to the newest are all in memory. */
  #floor: number;
  #newest: number;

  constructor(journal: Journal) {
    this.#journal = journal;
    this.#floor = this.#newest = journal.head();
  }

  add(batch: AcceptedBatch): void {
    const bytes = batch.blocks.reduce((sum, block) => sum + bytesOf(block), 0);
    if (batch.sequence <= this.#newest) {
      throw new Error(`batch ${batch.sequence} arrived after batch ${this.#newest}: a store may have skipped it`);
    }
    this.#newest = batch.sequence;
    this.#batches.push({ batch, bytes });
    this.#bytes += bytes;
    let drop = 0;
    while (this.#bytes > MAX_BYTES && drop < this.#batches.length - 1) {
      const oldest = this.#batches[drop++]!;
      this.#bytes -= oldest.bytes;
      this.#floor = oldest.batch.sequence;
    }
    if (drop > 0) this.#batches.splice(0, drop);
  }

  /** Removes batches that every store has taken. */
  trim(taken: number): void {
    let drop = 0;
    while (drop < this.#batches.length && this.#batches[drop]!.batch.sequence <= taken) {
      this.#bytes -= this.#batches[drop++]!.bytes;
    }
    if (drop > 0) this.#batches.splice(0, drop);
    this.#floor = Math.max(this.#floor, taken);
  }

  /** Batches after `after`, ascending, about `READ_BYTES` at a time; none if `after` is the newest. `more`: further batches follow. */
  async next(after: number): Promise<{ batches: readonly AcceptedBatch[]; more: boolean }> {
    if (after < this.#floor) {
      const batches = await this.#journal.read(after, READ_BYTES);
      return { batches, more: batches.length > 0 };
    }
    const batches: AcceptedBatch[] = [];
    let bytes = 0;
    for (const entry of this.#batches) {
      if (entry.batch.sequence <= after) continue;
      if (bytes >= READ_BYTES) return { batches, more: true };
      batches.push(entry.batch);
      bytes += entry.bytes;
    }
    return { batches, more: false };
  }

  /** All batches after `after`, from memory and disk. */
  async *all(after: number): AsyncIterable<AcceptedBatch> {
    for (let at = after; ; ) {
      const { batches } = await this.next(at);
      if (batches.length === 0) return;
      yield* batches;
      at = (batches.at(-1) as AcceptedBatch).sequence;
    }
  }
}
