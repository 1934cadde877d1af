import { Worker } from 'node:worker_threads';
import type { AcceptedBatch, Batch } from '../domain/columns/batch.ts';
import { decodeBlocks, encodeBlocks } from '../domain/columns/batch-codec.ts';
import { Corrupt, messageOf, Unavailable } from '../domain/errors.ts';
import { FILE_GONE, fileIdentity } from '../domain/file-identity.ts';
import type { Journal, JournalDamage, JournalOrigin, JournalStats, Quarantined, QuarantineEntry } from './journal.ts';
import type { LostLog } from './lost-log.ts';

export type JournalRequest = { id: number } & (
  | {
      type: 'write';
      batches: readonly EncodedBatch[];
      /** Acknowledgements since the last request: sequence and instant. */
      acknowledged: readonly (readonly [number, number])[];
    }
  | { type: 'read'; after: number; maxBytes: number }
  | { type: 'copy'; to: string }
  | { type: 'damaged'; entries: readonly DamagedEntry[]; now: number }
  | { type: 'cursors' | 'origin' | 'stats' | 'verify' | 'close' }
  | { type: 'advance'; cursors: readonly (readonly [string, number])[] }
  | { type: 'quarantined'; limit: number; before: number | null }
  | { type: 'find' | 'drop'; ids: readonly number[] }
);
export interface JournalWorkerData {
  readonly path: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly lostLog: LostLog | null;
}

/** An entry with an unreadable batch. */
export interface DamagedEntry {
  readonly sequence: number;
  readonly reason: string;
}

/** `id` 0 announces that the worker is ready; its result is the newest sequence, the identity of the file and its damage. */
export type JournalReply = {
  id: number;
  result?: unknown;
  error?: string;
  /** Whether the error is one of the disk or the file, not of the data to be written. */
  ofDisk?: boolean;
  /** Whether the file is missing from its path. */
  gone?: boolean;
  /** Number of values in the quarantine, if it changed. */
  quarantined?: number | undefined;
};

export interface EncodedBatch {
  readonly sequence: number;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly receivedAt: number;
  readonly quarantined: readonly Quarantined[];
}

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

/** Maximum number of quarantined values awaiting a decision; about 20 MB. */
export const MAX_QUARANTINED = 100_000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;

/** The file of a journal is missing from its path. */
export class JournalGone extends Unavailable {}

/** A batch with its sequence, to be written to disk. */
export interface PlacedBatch extends Batch {
  readonly quarantined: readonly Quarantined[];
  /** Time of arrival, epoch milliseconds. */
  readonly receivedAt: number;
  /** Time of acknowledgement, if that was before it was written to disk. */
  readonly acceptedAt?: number;
}

/** The part of a journal on disk. Its user determines the order: `FallbackJournal`. */
export interface DiskJournal extends Omit<Journal, 'append' | 'durable' | 'trouble'> {
  /** Identity of the file that it writes, see `fileIdentity`. */
  readonly identity: string;

  /**
   * Writes batches with one sync of the disk, all or nothing. An existing batch is replaced: a commit that was reported as failed may
   * have succeeded. Returns the time at which they were on disk, epoch milliseconds, which is the time of acknowledgement of those
   * without `acceptedAt`.
   * @throws Unavailable if the disk or the file fails; any other error means an invalid batch
   */
  write(batches: readonly PlacedBatch[]): Promise<number>;

  /** Writes the whole database to a new file, also after its own file was removed. */
  copyTo(path: string): Promise<void>;

  /** @throws JournalGone if the file is missing from its path, so that later starts would not find the data written to it */
  verify(): Promise<void>;
}

/**
 * Opens the journal in `wattkeeper.db` of this node, wherever the records are, in a separate thread so that syncing the disk never blocks
 * the service. Rejects with `Unavailable` if the file cannot be opened or is not a database, with `JournalGone` if it does not have the
 * given identity.
 * @param onDamage called once for each unreadable entry
 * @param lostLog the loss in the file's log before it was opened, to be reported with those entries
 */
export async function openSqliteJournal(
  path: string,
  now: () => number,
  identity: string | null = null,
  onDamage: (entry: DamagedEntry) => void = () => {},
  lostLog: LostLog | null = null,
): Promise<DiskJournal> {
  if (identity !== null && fileIdentity(path) !== identity) throw new JournalGone(failureText(path, FILE_GONE));
  const journal = new SqliteJournal(path, now, onDamage, lostLog);
  await journal.opened;
  return journal;
}

class SqliteJournal implements DiskJournal {
  readonly opened: Promise<void>;
  readonly #path: string;
  readonly #now: () => number;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  identity = '';
  /** Newest batch on disk. */
  #head = 0;
  #quarantined = 0;
  /** Number of quarantined values being written to disk. */
  #quarantining = 0;
  /** Acknowledgements to be written with the next batches: until then, a stored batch has its time of arrival. */
  #acknowledged: [number, number][] = [];
  #failure: Error | null = null;
  #damage: JournalDamage | null = null;
  /** Sequences of the damaged entries already reported. */
  readonly #reported = new Set<number>();
  readonly #onDamage: (entry: DamagedEntry) => void;

  constructor(path: string, now: () => number, onDamage: (entry: DamagedEntry) => void, lostLog: LostLog | null) {
    this.#path = path;
    this.#now = now;
    this.#onDamage = onDamage;
    this.#worker = new Worker(new URL('./sqlite-journal.worker.ts', import.meta.url), {
      workerData: { path, now: now(), lostLog } satisfies JournalWorkerData,
    });
    this.opened = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve: () => resolve(), reject });
    });
    this.#worker.on('message', (reply: JournalReply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', () => this.#fail(new Error('its thread has ended')));
  }

  async write(batches: readonly PlacedBatch[]): Promise<number> {
    const encoded = batches.map(({ sequence, blocks, receivedAt, acceptedAt, quarantined }) => {
      return { sequence, payload: encodeBlocks(blocks), receivedAt: acceptedAt ?? receivedAt, quarantined };
    });
    const quarantining = batches.reduce((sum, { quarantined }) => sum + quarantined.length, 0);
    this.#quarantining += quarantining;
    try {
      const payloads = encoded.map(({ payload }) => payload.buffer);
      await this.#ask({ type: 'write', batches: encoded, acknowledged: this.#acknowledged.splice(0) }, payloads);
      this.#head = Math.max(this.#head, ...batches.map(({ sequence }) => sequence));
      const now = this.#now();
      for (const { sequence, acceptedAt } of batches) {
        if (acceptedAt === undefined) this.#acknowledged.push([sequence, now]);
      }
      return now;
    } finally {
      this.#quarantining -= quarantining;
    }
  }

  async read(after: number, maxBytes: number): Promise<AcceptedBatch[]> {
    const rows = (await this.#ask({ type: 'read', after, maxBytes })) as JournalRow[];
    const batches = rows.map(toBatch);
    await this.#keepDamaged(batches);
    return batches;
  }

  damage(): JournalDamage | null {
    return this.#damage;
  }

  /** A damaged entry must not prevent the delivery of later ones. */
  async #keepDamaged(batches: readonly AcceptedBatch[]): Promise<void> {
    const entries = batches.flatMap(({ sequence, damage: reason }) =>
      reason === undefined || this.#reported.has(sequence) ? [] : [{ sequence, reason }],
    );
    if (entries.length === 0) return;
    this.#damage = (await this.#ask({ type: 'damaged', entries, now: this.#now() })) as JournalDamage;
    for (const entry of entries) {
      this.#reported.add(entry.sequence);
      this.#onDamage(entry);
    }
  }

  async verify(): Promise<void> {
    await this.#ask({ type: 'verify' });
  }

  async copyTo(path: string): Promise<void> {
    await this.#ask({ type: 'copy', to: path });
  }

  async cursors(): Promise<Map<string, number>> {
    const rows = (await this.#ask({ type: 'cursors' })) as { store: string; sequence: number }[];
    return new Map(rows.map((row) => [row.store, row.sequence]));
  }

  async origin(): Promise<JournalOrigin> {
    return (await this.#ask({ type: 'origin' })) as JournalOrigin;
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

  #settle({ id, result, error, ofDisk, gone, quarantined }: JournalReply): void {
    if (quarantined !== undefined) this.#quarantined = quarantined;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (id === 0) {
      const { head, identity, damage } = result as { head: number; identity: string; damage: JournalDamage | null };
      this.#head = head;
      this.#damage = damage;
      this.identity = identity;
    }
    if (error === undefined) waiting?.resolve(result);
    else if (gone) waiting?.reject(new JournalGone(failureText(this.#path, error)));
    else waiting?.reject(ofDisk ? this.#unavailable(new Error(error)) : new Error(error));
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(messageOf(error));
    for (const { reject } of this.#waiting.values()) reject(this.#unavailable(this.#failure));
    this.#waiting.clear();
  }

  #unavailable(cause: Error): Unavailable {
    return new Unavailable(failureText(this.#path, cause.message), { cause });
  }
}

function failureText(path: string, what: string): string {
  return `the journal in ${path} does not work: ${what}. Check that the folder exists, that the disk has free space and that no other program locks the file.`;
}

function toBatch({ sequence, acceptedAt, payload }: JournalRow): AcceptedBatch {
  try {
    return { sequence, acceptedAt, blocks: decodeBlocks(payload) };
  } catch (error) {
    if (!(error instanceof Corrupt)) throw error;
    return { sequence, acceptedAt, blocks: [], damage: error.message };
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
