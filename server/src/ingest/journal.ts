import type { AcceptedBatch, Block } from '../domain/columns/batch.ts';
import { Unavailable } from '../domain/errors.ts';

/** A readable but implausible value: stored separately until a user decides. */
export interface Quarantined {
  readonly deviceId: string;
  readonly metric: string;
  readonly timestamp: number;
  readonly value: number;
  readonly reason: string;
}

export interface QuarantineEntry extends Quarantined {
  readonly id: number;
  readonly receivedAt: number;
}

/** Why the disk does not accept batches, and since when (epoch milliseconds). */
export interface JournalTrouble {
  readonly error: string;
  readonly since: number;
  /** The data folder was removed or replaced. */
  readonly gone: boolean;
}

/** Acknowledged batches that can no longer be read. Instants in epoch milliseconds. */
export interface JournalDamage {
  readonly batches: number;
  /** Arrival of the first and the last of them. */
  readonly from: number;
  readonly until: number;
}

export interface JournalStats {
  /** Number and size of the batches that at least one store has not taken yet. */
  readonly batches: number;
  readonly bytes: number;
  /** Arrival of the oldest of them, epoch milliseconds; null without any. */
  readonly oldestAt: number | null;
}

export interface JournalOrigin {
  /** A random number, drawn when the journal was created: sequences of another journal have no meaning in this one. */
  readonly id: number;
  /** Batches up to this sequence are deleted; all later ones are still present. */
  readonly trimmed: number;
}

/** Retention of damaged batches: they are reported until the first start after this time. */
export const MAX_DAMAGE_AGE_DAYS = 30;

export interface Appended {
  /** The batch's position in the order of batches. */
  readonly sequence: number;
  /** Whether it survives a crash of process and machine. */
  readonly durable: boolean;
  /** Time of acknowledgement, epoch milliseconds. */
  readonly acceptedAt: number;
}

/**
 * Stores accepted batches until every store has taken them. Sequence numbers increase; several appends may share one commit. Appends
 * resolve in the order of their sequences: a readable batch is never followed by an earlier one.
 * Every method rejects with `Unavailable` if the journal cannot be written or read.
 */
export interface Journal {
  /** Whether appends currently survive a crash of process and machine. */
  readonly durable: boolean;

  /** Why appends are currently held in memory although they should be on disk, or null. */
  readonly trouble: JournalTrouble | null;

  /** Stores blocks and quarantined values together, all or nothing. */
  append(blocks: readonly Block[], quarantined: readonly Quarantined[]): Promise<Appended>;

  /** Damaged batches, or null; deleted at the first start after `MAX_DAMAGE_AGE_DAYS`. */
  damage(): JournalDamage | null;

  /**
   * Batches after `after`, ascending, up to about `maxBytes`; none at the head. A damaged one is set aside and returned without blocks.
   */
  read(after: number, maxBytes: number): Promise<AcceptedBatch[]>;

  /** The last sequence that each store has confirmed. */
  cursors(): Promise<Map<string, number>>;

  /**
   * Records the sequences that stores have confirmed, and deletes batches that all of them have: `cursors` must include all active
   * stores.
   */
  advance(cursors: ReadonlyMap<string, number>): Promise<void>;

  /** The identity of the journal, and the sequence up to which batches were deleted. */
  origin(): Promise<JournalOrigin>;

  /** Sequence of the newest batch, 0 before the first. */
  head(): number;

  stats(): Promise<JournalStats>;

  /** Number of further quarantined values it accepts, in addition to pending ones, until a user decides on stored ones. */
  quarantineRoom(): number;

  /** Quarantined values, newest first, with ids below `before`. */
  quarantined(limit: number, before: number | null): Promise<QuarantineEntry[]>;

  /** The existing entries among these ids. */
  findQuarantined(ids: readonly number[]): Promise<QuarantineEntry[]>;

  dropQuarantined(ids: readonly number[]): Promise<void>;

  close(): Promise<void>;
}

/** The file of a journal is no longer where it was opened. */
export class JournalGone extends Unavailable {}

/** What is wrong with the journal in a file, and what to do. */
export function journalFailure(path: string, what: string): string {
  return `the journal in ${path} does not work: ${what}. Check that the folder is there, that the disk has room and that no other program holds the file.`;
}
