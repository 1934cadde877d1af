import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Corrupt, messageOf } from '../../domain/errors.ts';
import type { BackupKeys } from '../backup/backup-file.ts';
import { readOptional } from '../durable-file.ts';
import { readArchivedDevices } from './journal-devices.ts';
import { type ArchivedBatch, scanRecords } from './journal-frames.ts';
import {
  type ArchivedDevice,
  describeHole,
  type Hole,
  holeBetween,
  isWhole,
  readSegment,
  type Segment,
  segmentsIn,
} from './journal-segments.ts';
import type { JournalTail } from './journal-tail.ts';

/** Folder of the journal's history in the data folder. */
export const JOURNAL_ARCHIVE = 'journal-archive';
export const OPEN_SEGMENT = 'open.segment';
export const SINCE = 'since.json';

export interface HistoryReading {
  /** Sequence of the last batch that the reader has already; absent: unknown. */
  readonly sequence?: number | undefined;
  /** Called for each part that is missing; without it, the first one ends the reading with `Corrupt`. */
  readonly onHole?: (hole: Hole) => void;
  readonly onDevices?: (devices: ReadonlyMap<string, ArchivedDevice>) => void;
  /** Journal that the history was fed from: its batches come last. */
  readonly tail?: JournalTail | null;
  /** Path of an undamaged copy of a segment, or null. */
  readonly copyOf?: (segment: Segment) => Promise<string | null>;
}

/**
 * Batches that were acknowledged from `after` to `until` (epoch milliseconds, both included), in the order in which they were taken. From the
 * first one on none is left out because its clock was behind.
 */
export async function* readJournalArchive(
  folder: string,
  keys: BackupKeys,
  after: number,
  until: number,
  { sequence, onHole = refuse, onDevices = () => {}, tail = null, copyOf = async () => null }: HistoryReading = {},
): AsyncGenerator<ArchivedBatch> {
  let before: Pick<ArchivedBatch, 'sequence' | 'acceptedAt'> | null =
    sequence === undefined ? null : { sequence, acceptedAt: after };
  let isBegun = false;
  const note = (hole: Hole | null) => {
    if (hole !== null && (hole.from === null || hole.from <= until)) onHole(hole);
  };
  const isWanted = (batch: ArchivedBatch) => {
    note(holeBetween(before, batch));
    before = batch;
    isBegun ||= batch.acceptedAt >= after || (sequence !== undefined && batch.sequence > sequence);
    return isBegun && batch.acceptedAt <= until;
  };
  for (const segment of await segmentsIn(folder)) {
    const isKnown = sequence === undefined || segment.last <= sequence;
    if (!isBegun && isKnown && segment.end < after) continue;
    if (segment.start <= until) {
      const { path } = (await isWhole(segment).catch(() => false)) ? segment : { path: await copyOf(segment) };
      try {
        for await (const batch of readSegment(path ?? segment.path, keys, onDevices)) if (isWanted(batch)) yield batch;
        continue;
      } catch (error) {
        if ((before as ArchivedBatch | null)?.sequence !== segment.last) note(damageOf(segment, before, error));
      }
    } else note(holeBetween(before, { ...segment, sequence: segment.last, acceptedAt: segment.start }));
    before = { sequence: segment.last, acceptedAt: segment.end };
  }
  onDevices(await readArchivedDevices(folder));
  const { batches, error } = await readOpenSegment(folder);
  if (error !== null) note({ from: before?.acceptedAt ?? null, until: null, reason: error });
  for (const batch of batches) if (isWanted(batch)) yield batch;
  if (tail === null) return;
  for (const batch of tail.batches(note)) if (isWanted(batch)) yield batch;
  // What the history had confirmed is missing where neither has it.
  note(holeBetween(before, { follows: tail.confirmed() ?? 0, sequence: Number.POSITIVE_INFINITY, acceptedAt: until }));
}

/** The whole batches of the segment that grows; `error` says why it cannot be read. */
export async function readOpenSegment(folder: string) {
  const path = join(folder, OPEN_SEGMENT);
  try {
    return { ...scanRecords(await readFile(path)), error: null };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { batches: [], damaged: [], error: isMissing ? null : `${path} cannot be read: ${messageOf(error)}` };
  }
}

/**
 * From when on the history has every batch, epoch milliseconds; null where there is no history, or one that was interrupted and holds nothing
 * since.
 */
export async function archivedSince(folder: string): Promise<number | null> {
  const noted = await readSince(folder).catch(() => undefined);
  if (noted !== undefined) return noted.since;
  // Of an earlier version, or damaged: it has everything from its first batch on, if not for longer.
  return (await segmentsIn(folder))[0]?.start ?? null;
}

/** From when on the history has every batch (null: it was interrupted), and which batch it follows (null: unknown). */
export interface HistoryStart {
  readonly since: number | null;
  readonly follows: number | null;
}

/** The note of the start; undefined where there is none. Rejects where it cannot be read. */
export async function readSince(folder: string): Promise<HistoryStart | undefined> {
  const text = await readOptional(join(folder, SINCE));
  if (text === null) return undefined;
  const { since, follows = null } = JSON.parse(text) as { since: unknown; follows?: number | null };
  if (since === null || Number.isSafeInteger(since)) return { since: since as number | null, follows };
  throw new Corrupt(
    `${join(folder, SINCE)} holds ${text.slice(0, 80)}; "since" must be an instant in milliseconds or null`,
  );
}

function damageOf({ name, end, last }: Segment, before: { acceptedAt: number } | null, error: unknown): Hole {
  const reason = `the segment ${name} cannot be read to its end, batch ${last}: ${messageOf(error)}`;
  return { from: before?.acceptedAt ?? null, until: end, reason };
}

function refuse(hole: Hole): never {
  throw new Corrupt(`the journal's history has a hole ${describeHole(hole)}`);
}
