import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { AcceptedBatch } from '../../domain/columns/batch.ts';
import { decodeBlocks, encodeBlocks } from '../../domain/columns/batch-codec.ts';
import { Corrupt, messageOf } from '../../domain/errors.ts';

/** A batch of the journal history. */
export interface HistoryBatch extends AcceptedBatch {
  /**
   * Sequence number of the previous batch: a reader that has not seen it detects missing batches. null when the previous batch is unknown:
   * at the start of the history or after an interruption. In batches of earlier versions it is null, and `sequence` is `UNKNOWN_SEQUENCE`.
   */
  readonly follows: number | null;
}

/** File name of the open segment. */
export const OPEN_SEGMENT = 'open.segment';
export const UNKNOWN_SEQUENCE = -1;

/** Bytes of a file that are not a whole record; `end` is exclusive. */
export interface DamagedBytes {
  readonly start: number;
  readonly end: number;
}

/**
 * Records of the open segment (docs/formats/journal.md): mark, CRC-32 of the header after it, length of the entry, 4 bytes of zero,
 * sequence number, sequence number of the previous batch (NaN: unknown), instant of the acknowledgement; then the entry, which has its own
 * CRC.
 */
const MARK = Buffer.from('WKH2');
const HEADER_BYTES = 40;
/** Earlier versions wrote the length, 4 bytes of zero and an instant before each entry. */
const ENTRY_MARK = Buffer.from('WTK1');
const FORMER_HEADER_BYTES = 16;

/** Encodes records to append to the open segment. */
export function encodeRecords(batches: readonly HistoryBatch[]): Buffer {
  return Buffer.concat(
    batches.flatMap(({ sequence, follows, acceptedAt, blocks }) => {
      const entry = encodeBlocks(blocks);
      const header = Buffer.alloc(HEADER_BYTES);
      MARK.copy(header);
      header.writeUInt32LE(entry.length, 8);
      header.writeDoubleLE(sequence, 16);
      header.writeDoubleLE(follows ?? Number.NaN, 24);
      header.writeDoubleLE(acceptedAt, 32);
      header.writeUInt32LE(crc32(header.subarray(8)), 4);
      return [header, entry];
    }),
  );
}

/** Every whole record, in order, and the damaged bytes between them. */
export function scanRecords(bytes: Buffer): { batches: HistoryBatch[]; damaged: DamagedBytes[] } {
  const batches: HistoryBatch[] = [];
  const damaged: DamagedBytes[] = [];
  for (let at = 0; at < bytes.length; ) {
    const record = recordAt(bytes, at);
    if (record !== null) {
      batches.push(record.batch);
      at = record.end;
      continue;
    }
    const start = at;
    do at = nextMark(bytes, at + 1);
    while (at < bytes.length && recordAt(bytes, at) === null);
    damaged.push({ start, end: at });
  }
  return { batches, damaged };
}

/** The whole batches of the open segment; `error` is the reason when it cannot be read. */
export async function readOpenSegment(folder: string) {
  const path = join(folder, OPEN_SEGMENT);
  try {
    return { ...scanRecords(await readFile(path)), error: null };
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return { batches: [], damaged: [], error: isMissing ? null : `${path} cannot be read: ${messageOf(error)}` };
  }
}

function recordAt(bytes: Buffer, at: number): { batch: HistoryBatch; end: number } | null {
  const isCurrent = bytes.subarray(at, at + MARK.length).equals(MARK);
  const entryAt = at + (isCurrent ? HEADER_BYTES : FORMER_HEADER_BYTES);
  if (entryAt > bytes.length) return null;
  if (isCurrent && crc32(bytes.subarray(at + 8, entryAt)) !== bytes.readUInt32LE(at + 4)) return null;
  const end = entryAt + bytes.readUInt32LE(isCurrent ? at + 8 : at);
  if (end > bytes.length) return null;
  try {
    const blocks = decodeBlocks(bytes.subarray(entryAt, end));
    if (!isCurrent) {
      const acceptedAt = bytes.readDoubleLE(at + 8);
      return Number.isSafeInteger(acceptedAt)
        ? { batch: { sequence: UNKNOWN_SEQUENCE, follows: null, acceptedAt, blocks }, end }
        : null;
    }
    const follows = bytes.readDoubleLE(at + 24);
    const batch = {
      sequence: bytes.readDoubleLE(at + 16),
      follows: Number.isNaN(follows) ? null : follows,
      acceptedAt: bytes.readDoubleLE(at + 32),
      blocks,
    };
    return { batch, end };
  } catch (error) {
    if (error instanceof Corrupt) return null;
    throw error;
  }
}

/** Possible start of the next record of either version. */
function nextMark(bytes: Buffer, from: number): number {
  const current = bytes.indexOf(MARK, from);
  const former = bytes.indexOf(ENTRY_MARK, from + FORMER_HEADER_BYTES) - FORMER_HEADER_BYTES;
  const found = [current, former].filter((at) => at >= from);
  return Math.min(bytes.length, ...found);
}
