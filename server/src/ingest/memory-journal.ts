import { randomInt } from 'node:crypto';
import type { AcceptedBatch, Block } from '../domain/columns/batch.ts';
import type { Appended, Journal, JournalOrigin, JournalStats, Quarantined, QuarantineEntry } from './journal.ts';

/** Upper limit of `randomInt`. */
const MAX_JOURNAL_ID = 2 ** 48 - 1;
/** Maximum number of quarantined values held in memory. */
const MAX_QUARANTINED = 10_000;

/** The journal of a service without persistence: it is in memory only, and `durable` is false. */
export class MemoryJournal implements Journal {
  readonly durable = false;
  readonly trouble = null;
  readonly #now: () => number;
  #batches: AcceptedBatch[] = [];
  #cursors = new Map<string, number>();
  #quarantine: QuarantineEntry[] = [];
  #lastQuarantineId = 0;
  #head = 0;
  #trimmed = 0;
  readonly #id = randomInt(MAX_JOURNAL_ID);

  constructor(now: () => number) {
    this.#now = now;
  }

  async append(blocks: readonly Block[], quarantined: readonly Quarantined[]): Promise<Appended> {
    const acceptedAt = this.#now();
    this.#batches.push({ sequence: ++this.#head, blocks, acceptedAt });
    for (const value of quarantined)
      this.#quarantine.push({ ...value, id: ++this.#lastQuarantineId, receivedAt: acceptedAt });
    return { sequence: this.#head, durable: false, acceptedAt };
  }

  damage(): null {
    return null;
  }

  async read(after: number, _maxBytes: number): Promise<AcceptedBatch[]> {
    return this.#batches.filter(({ sequence }) => sequence > after);
  }

  async cursors(): Promise<Map<string, number>> {
    return new Map(this.#cursors);
  }

  async advance(cursors: ReadonlyMap<string, number>): Promise<void> {
    this.#cursors = new Map(cursors);
    const taken = Math.min(...cursors.values());
    if (Number.isFinite(taken)) this.#trimmed = Math.max(this.#trimmed, taken);
    this.#batches = this.#batches.filter(({ sequence }) => sequence > taken);
  }

  async origin(): Promise<JournalOrigin> {
    return { id: this.#id, trimmed: this.#trimmed };
  }

  head(): number {
    return this.#head;
  }

  async stats(): Promise<JournalStats> {
    return { batches: this.#batches.length, bytes: 0, oldestAt: this.#batches[0]?.acceptedAt ?? null };
  }

  quarantineRoom(): number {
    return Math.max(MAX_QUARANTINED - this.#quarantine.length, 0);
  }

  async quarantined(limit: number, before: number | null): Promise<QuarantineEntry[]> {
    const eligible = this.#quarantine.filter(({ id }) => before === null || id < before);
    return eligible.reverse().slice(0, limit);
  }

  async findQuarantined(ids: readonly number[]): Promise<QuarantineEntry[]> {
    const wanted = new Set(ids);
    return this.#quarantine.filter(({ id }) => wanted.has(id));
  }

  async dropQuarantined(ids: readonly number[]): Promise<void> {
    const dropped = new Set(ids);
    this.#quarantine = this.#quarantine.filter(({ id }) => !dropped.has(id));
  }

  async close(): Promise<void> {
    this.#batches = [];
  }
}
