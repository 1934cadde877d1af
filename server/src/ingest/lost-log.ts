import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs';
import { messageOf } from '../domain/errors.ts';

/** The part of a write-ahead log that SQLite would drop silently. */
export interface LostLog {
  /** Number of transactions from the damage on. */
  readonly transactions: number;
  /** Time of the last write to the log, epoch milliseconds. */
  readonly writtenAt: number;
  /** Path of the copy of the damaged log, or the reason why there is none. */
  readonly copy: string;
}

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;
/** Logs are far smaller: SQLite restarts them after some megabytes. */
const MAX_LOG_BYTES = 1024 ** 3;

/**
 * Checks the write-ahead log of a database that no process has open for damage. SQLite ends a log at the first frame with a wrong
 * checksum, since a transaction that a crash cut off looks like this. But frames after a transaction were written after it had been
 * synced: if complete transactions follow a bad frame, that frame was complete once, and all of them are lost. The log is then copied
 * before SQLite opens and overwrites it.
 *
 * Damage in the last transaction, and a truncated or removed log, cannot be distinguished from a crash.
 * Format: https://sqlite.org/fileformat2.html#the_write_ahead_log
 * @param copyTo destination of the copy of a damaged log
 */
export function findLostLog(database: string, copyTo: string): LostLog | null {
  const path = `${database}-wal`;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size <= HEADER_BYTES || size > MAX_LOG_BYTES) return null;
  const transactions = lostTransactions(readFileSync(path));
  if (transactions === 0) return null;
  const writtenAt = statSync(path).mtimeMs;
  return { transactions, writtenAt: Math.round(writtenAt), copy: copied(path, copyTo) };
}

/** A full disk must not prevent the service from starting. */
function copied(path: string, to: string): string {
  try {
    copyFileSync(path, to);
    return to;
  } catch (error) {
    rmSync(to, { force: true });
    return `not copied (${messageOf(error)})`;
  }
}

type Sums = readonly [number, number];

interface Layout {
  readonly page: number;
  readonly isBigEndian: boolean;
}

const LAYOUTS: readonly Layout[] = [512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536].flatMap((page) => [
  { page, isBigEndian: false },
  { page, isBigEndian: true },
]);

/** Number of synced transactions of a log that SQLite drops. */
export function lostTransactions(log: Buffer): number {
  if (log.length < HEADER_BYTES) return 0;
  const isBigEndian = (log.readUInt32BE(0) & 1) === 1;
  const [a, b] = checksum(log, 0, 24, [0, 0], isBigEndian);
  const isWhole = (log.readUInt32BE(0) & ~1) === MAGIC && a === log.readUInt32BE(24) && b === log.readUInt32BE(28);
  if (isWhole) return lostFrom(log, { page: log.readUInt32BE(8), isBigEndian }, true);
  // SQLite ignores the whole log. The layout is derived from its frames.
  return Math.max(...LAYOUTS.map((layout) => lostFrom(log, layout, false)));
}

function lostFrom(log: Buffer, { page, isBigEndian }: Layout, headerIsWhole: boolean): number {
  const sumsAt = (at: number): Sums => [log.readUInt32BE(at), log.readUInt32BE(at + 4)];
  const frameBytes = FRAME_HEADER_BYTES + page;
  const frames = Math.floor((log.length - HEADER_BYTES) / frameBytes);
  if (frames === 0) return 0;
  const salts = headerIsWhole ? 16 : HEADER_BYTES + 8;
  /** Whether a frame is intact, assuming that the preceding frame has the stored checksum. */
  const follows = (i: number): boolean => {
    const at = HEADER_BYTES + i * frameBytes;
    if (log.compare(log, salts, salts + 8, at + 8, at + 16) !== 0) return false;
    const before = sumsAt(i === 0 ? 24 : at - frameBytes + 16);
    const head = checksum(log, at, 8, before, isBigEndian);
    const [a, b] = checksum(log, at + FRAME_HEADER_BYTES, page, head, isBigEndian);
    const [writtenA, writtenB] = sumsAt(at + 16);
    return a === writtenA && b === writtenB;
  };
  const commits = (i: number) => log.readUInt32BE(HEADER_BYTES + i * frameBytes + 4) !== 0;
  let first = 0;
  while (headerIsWhole && first < frames && follows(first)) first++;
  if (first === frames) return 0;
  // The bad frame may have been the last one of its transaction.
  let ended = commits(first) ? 1 : 0;
  let lost = 0;
  for (let i = first + 1; i < frames; i++) {
    if (!follows(i)) continue;
    const wasEnded = ended > 0;
    if (commits(i)) ended++;
    if (wasEnded) lost = ended;
  }
  return lost;
}

function checksum(log: Buffer, from: number, length: number, [a, b]: Sums, isBigEndian: boolean): Sums {
  let [s0, s1] = [a, b];
  for (let at = from; at < from + length; at += 8) {
    s0 = (s0 + (isBigEndian ? log.readUInt32BE(at) : log.readUInt32LE(at)) + s1) >>> 0;
    s1 = (s1 + (isBigEndian ? log.readUInt32BE(at + 4) : log.readUInt32LE(at + 4)) + s0) >>> 0;
  }
  return [s0, s1];
}
