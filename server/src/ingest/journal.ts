import type { AcceptedBatch, Block } from '../domain/columns/batch.ts';

/** A value that can be read but is implausible: kept apart until a person decides. */
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

/** Why the disk does not take batches, and since when (epoch milliseconds). */
export interface JournalTrouble {
  readonly error: string;
  readonly since: number;
  /** The data folder was removed or replaced. */
  readonly gone: boolean;
}

/** Batches that were acknowledged and cannot be read any more. Instants in epoch milliseconds. */
export interface JournalDamage {
  readonly batches: number;
  /** When the first and the last of them arrived. */
  readonly from: number;
  readonly until: number;
}

export interface JournalStats {
  /** Batches and bytes that some store has not taken yet. */
  readonly batches: number;
  readonly bytes: number;
  /** When the oldest of them was taken, epoch milliseconds; null when there is none. */
  readonly oldestAt: number | null;
}

export interface JournalOrigin {
  /** A random number, drawn when the journal was made: sequences of another journal mean nothing in this one. */
  readonly id: number;
  /** Batches up to this sequence are forgotten; all later ones are still here. */
  readonly trimmed: number;
}

/** Batches that were found damaged are kept and reported until the first start after this time. */
export const MAX_DAMAGE_AGE_DAYS = 30;

export interface Appended {
  /** The batch's place in the order of batches. */
  readonly sequence: number;
  /** It survives a crash of process and machine. */
  readonly durable: boolean;
  /** When it was acknowledged, epoch milliseconds. */
  readonly acceptedAt: number;
}

/**
 * Where accepted batches are until every store has taken them. Sequence numbers grow; several appends may share one commit. Appends resolve in
 * the order of their sequences: a batch that is readable is never followed by an earlier one.
 * Every method rejects with `Unavailable` when the journal cannot be written or read.
 */
export interface Journal {
  /** Appends at present survive a crash of process and machine before they resolve. */
  readonly durable: boolean;

  /** Why appends are held in memory at present although they belong on disk, or null. */
  readonly trouble: JournalTrouble | null;

  /** Takes blocks and quarantined values together, all or nothing. */
  append(blocks: readonly Block[], quarantined: readonly Quarantined[]): Promise<Appended>;

  /** Batches that were found damaged, or null; forgotten at the first start after `MAX_DAMAGE_AGE_DAYS`. */
  damage(): JournalDamage | null;

  /** Batches after `after`, ascending, until about `maxBytes`; none at the head. A damaged one is kept aside, and answered without blocks. */
  read(after: number, maxBytes: number): Promise<AcceptedBatch[]>;

  /** The last sequence that each store has confirmed. */
  cursors(): Promise<Map<string, number>>;

  /** Records what stores have confirmed, and forgets batches that every one of them has: `cursors` names all stores in use. */
  advance(cursors: ReadonlyMap<string, number>): Promise<void>;

  /** Which journal this is, and how far it has forgotten batches. */
  origin(): Promise<JournalOrigin>;

  /** Sequence of the newest batch, 0 before the first. */
  head(): number;

  stats(): Promise<JournalStats>;

  /** How many quarantined values it takes, beside those on their way to it, before somebody has to decide on what it holds. */
  quarantineRoom(): number;

  /** Quarantined values, newest first, with ids below `before`. */
  quarantined(limit: number, before: number | null): Promise<QuarantineEntry[]>;

  /** Those of the entries that are there. */
  findQuarantined(ids: readonly number[]): Promise<QuarantineEntry[]>;

  dropQuarantined(ids: readonly number[]): Promise<void>;

  close(): Promise<void>;
}
