import type { AcceptedBatch, Batch } from '../domain/columns/batch.ts';
import { decodeBlocks, encodeBlocks } from '../domain/columns/batch-codec.ts';
import { Corrupt } from '../domain/errors.ts';
import { FILE_GONE, fileIdentity } from '../domain/file-identity.ts';
import { WorkerCalls } from '../domain/worker-calls.ts';
import {
  type Journal,
  type JournalDamage,
  JournalGone,
  type JournalOrigin,
  type JournalStats,
  journalFailure,
  type Quarantined,
  type QuarantineEntry,
} from './journal.ts';
import type { LostLog } from './lost-log.ts';
import type { JournalMethods } from './sqlite-journal.worker.ts';
import type { DamagedEntry, JournalRow, QuarantineRow } from './sqlite-journal-file.ts';

/** Quarantined values that wait for a decision; about 20 MB. */
export const MAX_QUARANTINED = 100_000;

/** A batch with its place in the order, on its way to the disk. */
export interface PlacedBatch extends Batch {
  readonly quarantined: readonly Quarantined[];
  /** When it arrived, epoch milliseconds. */
  readonly receivedAt: number;
  /** When it was acknowledged, where that was before it reached the disk. */
  readonly acceptedAt?: number;
}

/** The part of a journal that is on disk. Whoever writes decides on the order: `FallbackJournal`. */
export interface DiskJournal extends Omit<Journal, 'append' | 'durable' | 'trouble'> {
  /** Of the file that it writes, see `fileIdentity`. */
  readonly identity: string;

  /**
   * Writes batches with one sync of the disk, all or nothing. One that is there already is replaced: a commit that was reported as failed may
   * have happened all the same. Answers when they were on disk, epoch milliseconds, which is when those without `acceptedAt` are acknowledged.
   * @throws Unavailable when the disk or the file on it fails; anything else where a batch is at fault
   */
  write(batches: readonly PlacedBatch[]): Promise<number>;

  /** Writes the whole database to a new file, also after its own file was removed. */
  copyTo(path: string): Promise<void>;

  /** @throws JournalGone when the file is no longer where it was opened, so that nobody would find what is written to it */
  verify(): Promise<void>;
}

/**
 * Opens the journal in `wattkeeper.db` of this node, wherever the records are, on a thread of its own so that syncing the disk never holds up the service.
 * Rejects with `Unavailable` when the file cannot be opened or is not a database, with `JournalGone` when it is not the one with the identity given.
 * @param onDamage called once for each entry that cannot be read
 * @param lostLog what the file's log had lost before it was opened, to be reported with those entries
 */
export async function openSqliteJournal(
  path: string,
  now: () => number,
  identity: string | null = null,
  onDamage: (entry: DamagedEntry) => void = () => {},
  lostLog: LostLog | null = null,
): Promise<DiskJournal> {
  if (identity !== null && fileIdentity(path) !== identity) throw new JournalGone(journalFailure(path, FILE_GONE));
  const calls = new WorkerCalls<JournalMethods>(
    new URL('./sqlite-journal.worker.ts', import.meta.url),
    `the journal in ${path}`,
    { JournalGone },
    (reason) => journalFailure(path, `its thread ${reason}`),
  );
  try {
    return new SqliteJournal(calls, await calls.call('open', [path, now(), lostLog]), now, onDamage);
  } catch (error) {
    await calls.terminate();
    throw error;
  }
}

class SqliteJournal implements DiskJournal {
  readonly identity: string;
  readonly #calls: WorkerCalls<JournalMethods>;
  readonly #now: () => number;
  /** Newest batch on disk. */
  #head: number;
  #quarantined: number;
  /** Quarantined values on their way to the disk. */
  #quarantining = 0;
  /** Acknowledgements that go to the disk with the next batches: until then, a batch has the instant at which it arrived. */
  #acknowledged: [number, number][] = [];
  #closing: Promise<void> | null = null;
  #damage: JournalDamage | null;
  /** Damaged entries that were reported. */
  readonly #reported = new Set<number>();
  readonly #onDamage: (entry: DamagedEntry) => void;

  constructor(
    calls: WorkerCalls<JournalMethods>,
    { identity, head, quarantined, damage }: Awaited<ReturnType<JournalMethods['open']>>['value'],
    now: () => number,
    onDamage: (entry: DamagedEntry) => void,
  ) {
    this.#calls = calls;
    this.identity = identity;
    this.#head = head;
    this.#quarantined = quarantined;
    this.#damage = damage;
    this.#now = now;
    this.#onDamage = onDamage;
  }

  async write(batches: readonly PlacedBatch[]): Promise<number> {
    const encoded = batches.map(({ sequence, blocks, receivedAt, acceptedAt, quarantined }) => {
      return { sequence, payload: encodeBlocks(blocks), receivedAt: acceptedAt ?? receivedAt, quarantined };
    });
    const quarantining = batches.reduce((sum, { quarantined }) => sum + quarantined.length, 0);
    this.#quarantining += quarantining;
    try {
      const transfer = encoded.map(({ payload }) => payload.buffer);
      const acknowledged = this.#acknowledged.splice(0);
      this.#quarantined = (await this.#calls.call('write', [encoded, acknowledged], { transfer })) ?? this.#quarantined;
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
    const batches = (await this.#calls.call('read', [after, maxBytes])).map(toBatch);
    await this.#keepDamaged(batches);
    return batches;
  }

  damage(): JournalDamage | null {
    return this.#damage;
  }

  /** One damaged entry must not keep those after it from the stores. */
  async #keepDamaged(batches: readonly AcceptedBatch[]): Promise<void> {
    const entries = batches.flatMap(({ sequence, damage: reason }) =>
      reason === undefined || this.#reported.has(sequence) ? [] : [{ sequence, reason }],
    );
    if (entries.length === 0) return;
    this.#damage = await this.#calls.call('damaged', [entries, this.#now()]);
    for (const entry of entries) {
      this.#reported.add(entry.sequence);
      this.#onDamage(entry);
    }
  }

  async verify(): Promise<void> {
    await this.#calls.call('verify', []);
  }

  async copyTo(path: string): Promise<void> {
    await this.#calls.call('copy', [path]);
  }

  async cursors(): Promise<Map<string, number>> {
    const rows = await this.#calls.call('cursors', []);
    return new Map(rows.map((row) => [row.store, row.sequence]));
  }

  origin(): Promise<JournalOrigin> {
    return this.#calls.call('origin', []);
  }

  async advance(cursors: ReadonlyMap<string, number>): Promise<void> {
    await this.#calls.call('advance', [[...cursors]]);
  }

  head(): number {
    return this.#head;
  }

  stats(): Promise<JournalStats> {
    return this.#calls.call('stats', []);
  }

  quarantineRoom(): number {
    return Math.max(MAX_QUARANTINED - this.#quarantined - this.#quarantining, 0);
  }

  async quarantined(limit: number, before: number | null): Promise<QuarantineEntry[]> {
    return toEntries(await this.#calls.call('quarantined', [limit, before]));
  }

  async findQuarantined(ids: readonly number[]): Promise<QuarantineEntry[]> {
    return toEntries(await this.#calls.call('find', [ids]));
  }

  async dropQuarantined(ids: readonly number[]): Promise<void> {
    this.#quarantined = await this.#calls.call('drop', [ids]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (!this.#calls.hasEnded) await this.#calls.call('close', []);
    } finally {
      await this.#calls.terminate();
    }
  }
}

function toBatch({ sequence, acceptedAt, payload }: JournalRow): AcceptedBatch {
  try {
    return { sequence, acceptedAt, blocks: decodeBlocks(payload) };
  } catch (error) {
    if (!(error instanceof Corrupt)) throw error;
    return { sequence, acceptedAt, blocks: [], damage: error.message };
  }
}

function toEntries(rows: readonly QuarantineRow[]): QuarantineEntry[] {
  return rows.map((row) => ({
    id: row.id,
    deviceId: row.device_id,
    metric: row.metric,
    timestamp: row.timestamp,
    value: row.value,
    reason: row.reason,
    receivedAt: row.received_at,
  }));
}
