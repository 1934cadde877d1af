import { Corrupt, messageOf } from '../../domain/errors.ts';
import type { BackupKeys } from '../backup/backup-file.ts';
import { readKnownDevices } from './history-devices.ts';
import type { JournalReader } from './journal-reader.ts';
import { type HistoryBatch, readOpenSegment } from './open-segment.ts';
import {
  describeHole,
  type HistoryDevice,
  type Hole,
  holeBetween,
  isWhole,
  readSegment,
  type Segment,
  segmentsIn,
} from './segments.ts';

export interface HistoryReadOptions {
  /** Sequence number of the last batch that the reader already has; absent: unknown. */
  readonly sequence?: number | undefined;
  /** Called for each hole; without it, the first hole ends the reading with `Corrupt`. */
  readonly onHole?: (hole: Hole) => void;
  readonly onDevices?: (devices: ReadonlyMap<string, HistoryDevice>) => void;
  /** The journal that feeds the history: its batches come last. */
  readonly journal?: JournalReader | null;
  /** Path of an undamaged copy of a segment, or null. */
  readonly copyOf?: (segment: Segment) => Promise<string | null>;
}

/**
 * Batches that were acknowledged from `after` to `until` (epoch milliseconds, both inclusive), in order of acceptance. After the first one,
 * none is omitted because its clock was slow.
 */
export async function* readJournalHistory(
  folder: string,
  keys: BackupKeys,
  after: number,
  until: number,
  {
    sequence,
    onHole = refuse,
    onDevices = () => {},
    journal = null,
    copyOf = async () => null,
  }: HistoryReadOptions = {},
): AsyncGenerator<HistoryBatch> {
  let before: Pick<HistoryBatch, 'sequence' | 'acceptedAt'> | null =
    sequence === undefined ? null : { sequence, acceptedAt: after };
  let isBegun = false;
  const note = (hole: Hole | null) => {
    if (hole !== null && (hole.from === null || hole.from <= until)) onHole(hole);
  };
  const isWanted = (batch: HistoryBatch) => {
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
        if ((before as HistoryBatch | null)?.sequence !== segment.last) note(damageOf(segment, before, error));
      }
    } else note(holeBetween(before, { ...segment, sequence: segment.last, acceptedAt: segment.start }));
    before = { sequence: segment.last, acceptedAt: segment.end };
  }
  onDevices(await readKnownDevices(folder));
  const { batches, error } = await readOpenSegment(folder);
  if (error !== null) note({ from: before?.acceptedAt ?? null, until: null, reason: error });
  for (const batch of batches) if (isWanted(batch)) yield batch;
  if (journal === null) return;
  for (const batch of journal.batches(note)) if (isWanted(batch)) yield batch;
  // Batches that the history had confirmed are missing when neither source has them.
  note(
    holeBetween(before, { follows: journal.confirmed() ?? 0, sequence: Number.POSITIVE_INFINITY, acceptedAt: until }),
  );
}

function damageOf({ name, end, last }: Segment, before: { acceptedAt: number } | null, error: unknown): Hole {
  const reason = `the segment ${name} cannot be read to its end, batch ${last}: ${messageOf(error)}`;
  return { from: before?.acceptedAt ?? null, until: end, reason };
}

function refuse(hole: Hole): never {
  throw new Corrupt(`the journal's history has a hole ${describeHole(hole)}`);
}
