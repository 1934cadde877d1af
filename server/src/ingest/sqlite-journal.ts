import { Worker } from 'node:worker_threads';
import type { AcceptedBatch, Block } from '../domain/batch.ts';
import { decodeBlocks, encodeBlocks } from '../domain/batch-codec.ts';
import { messageOf, Unavailable } from '../domain/errors.ts';
import type { Appended, Journal, JournalStats, Quarantined, QuarantineEntry } from './journal.ts';

export type JournalRequest = { id: number } & (
  | {
      type: 'append';
      sequence: number;
      payload: Uint8Array;
      receivedAt: number;
      quarantined: readonly Quarantined[];
      /** Acknowledgements since the request before: sequence and instant. */
      acknowledged: readonly (readonly [number, number])[];
    }
  | { type: 'read'; after: number; maxBytes: number }
  | { type: 'cursors' | 'stats' | 'close' }
  | { type: 'advance'; cursors: readonly (readonly [string, number])[] }
  | { type: 'quarantined'; limit: number; before: number | null }
  | { type: 'find' | 'drop'; ids: readonly number[] }
);
/** `id` 0 announces that the worker is ready; its result is the newest sequence. */
export type JournalReply = {
  id: number;
  result?: unknown;
  error?: string;
  /** How many values the quarantine holds, when that changed. */
  quarantined?: number | undefined;
};

export interface JournalRow {
  sequence: number;
  acceptedAt: number;
  payload: Uint8Array;
}

export interface QuarantineRow {
  id: number;
  device_id: string;
  metric: string;
  timestamp: number;
  value: number;
  reason: string;
  received_at: number;
}

/** Quarantined values that wait for a decision; about 20 MB. */
export const MAX_QUARANTINED = 100_000;

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** A journal on disk, which can be given batches that waited in memory for it. */
export interface DiskJournal extends Journal {
  /** Appends a batch in a place of the order that was kept for it. */
  appendAs(
    sequence: number,
    blocks: readonly Block[],
    quarantined: readonly Quarantined[],
    acceptedAt?: number,
  ): Promise<number>;
}

/**
 * Opens the journal in `wattkeeper.db` of this node, wherever the records are, on a thread of its own so that syncing the disk never holds up the service.
 * Rejects with `Unavailable` when the file cannot be opened or is not a database.
 */
export async function openSqliteJournal(path: string, now: () => number): Promise<DiskJournal> {
  const journal = new SqliteJournal(path, now);
  await journal.opened;
  return journal;
}

class SqliteJournal implements DiskJournal {
  readonly durable = true;
  readonly trouble = null;
  readonly opened: Promise<void>;
  readonly #path: string;
  readonly #now: () => number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #lastId = 0;
  /** Newest batch on disk, and newest place in the order that was given away. */
  #head = 0;
  #given = 0;
  #quarantined = 0;
  /** Quarantined values on their way to the disk. */
  #quarantining = 0;
  /** Acknowledgements that go to the disk with the next append: until then, a batch has the instant at which it was received. */
  #acknowledged: [number, number][] = [];
  #failure: Error | null = null;

  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
    this.#worker = new Worker(new URL('./sqlite-journal.worker.ts', import.meta.url), { workerData: { path } });
    this.opened = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve: () => resolve(), reject });
    });
    this.#worker.on('message', (reply: JournalReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('its thread has ended')));
  }

  async append(blocks: readonly Block[], quarantined: readonly Quarantined[]): Promise<Appended> {
    const sequence = ++this.#given;
    const acceptedAt = await this.appendAs(sequence, blocks, quarantined);
    return { sequence, durable: true, acceptedAt };
  }

  async appendAs(
    sequence: number,
    blocks: readonly Block[],
    quarantined: readonly Quarantined[],
    acceptedAt?: number,
  ): Promise<number> {
    this.#given = Math.max(this.#given, sequence);
    const payload = encodeBlocks(blocks);
    const receivedAt = acceptedAt ?? this.#now();
    const acknowledged = this.#acknowledged.splice(0);
    const request = { type: 'append', sequence, payload, receivedAt, quarantined, acknowledged } as const;
    this.#quarantining += quarantined.length;
    try {
      await this.#ask(request, [payload.buffer]);
      this.#head = Math.max(this.#head, sequence);
      if (acceptedAt !== undefined) return acceptedAt;
      const now = this.#now();
      this.#acknowledged.push([sequence, now]);
      return now;
    } finally {
      this.#quarantining -= quarantined.length;
    }
  }

  async read(after: number, maxBytes: number): Promise<AcceptedBatch[]> {
    const rows = (await this.#ask({ type: 'read', after, maxBytes })) as JournalRow[];
    return rows.map(({ sequence, acceptedAt, payload }) => ({ sequence, acceptedAt, blocks: decodeBlocks(payload) }));
  }

  async cursors(): Promise<Map<string, number>> {
    const rows = (await this.#ask({ type: 'cursors' })) as { store: string; sequence: number }[];
    return new Map(rows.map((row) => [row.store, row.sequence]));
  }

  async advance(cursors: ReadonlyMap<string, number>): Promise<void> {
    await this.#ask({ type: 'advance', cursors: [...cursors] });
  }

  head(): number {
    return this.#head;
  }

  async stats(): Promise<JournalStats> {
    return (await this.#ask({ type: 'stats' })) as JournalStats;
  }

  quarantineRoom(): number {
    return Math.max(MAX_QUARANTINED - this.#quarantined - this.#quarantining, 0);
  }

  async quarantined(limit: number, before: number | null): Promise<QuarantineEntry[]> {
    return toEntries(await this.#ask({ type: 'quarantined', limit, before }));
  }

  async findQuarantined(ids: readonly number[]): Promise<QuarantineEntry[]> {
    return toEntries(await this.#ask({ type: 'find', ids }));
  }

  async dropQuarantined(ids: readonly number[]): Promise<void> {
    await this.#ask({ type: 'drop', ids });
  }

  async close(): Promise<void> {
    if (this.#failure) return;
    try {
      await this.#ask({ type: 'close' });
    } finally {
      this.#failure = new Error('it is closed');
      await this.#worker.terminate();
    }
  }

  #ask(request: WithoutId<JournalRequest>, transfer: ArrayBuffer[] = []): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#unavailable(this.#failure));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...request, id }, transfer);
    });
  }

  #settle({ id, result, error, quarantined }: JournalReply): void {
    if (quarantined !== undefined) this.#quarantined = quarantined;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (id === 0) this.#head = this.#given = result as number;
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(this.#unavailable(new Error(error)));
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(messageOf(error));
    for (const { reject } of this.#waiting.values()) reject(this.#unavailable(this.#failure));
    this.#waiting.clear();
  }

  #unavailable(cause: Error): Unavailable {
    return new Unavailable(
      `the journal in ${this.#path} does not work: ${cause.message}. Check that the disk has room and that no other program holds the file.`,
      { cause },
    );
  }
}

function toEntries(rows: unknown): QuarantineEntry[] {
  return (rows as QuarantineRow[]).map((row) => ({
    id: row.id,
    deviceId: row.device_id,
    metric: row.metric,
    timestamp: row.timestamp,
    value: row.value,
    reason: row.reason,
    receivedAt: row.received_at,
  }));
}
