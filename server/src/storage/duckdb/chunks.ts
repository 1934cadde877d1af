import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound, type Rows, sliceRows } from '../../domain/columns/frame.ts';

/**
 * Number of rows up to which days are joined in a chunk. Longer chunks pack better, shorter ones are cheaper to rewrite when a day is
 * added. A chunk stays within a calendar month (UTC), so that slow devices rewrite little as well.
 */
const MAX_CHUNK_ROWS = 1_500;

/** The extent of a settled chunk. */
export interface ChunkSpan {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
  readonly rowId: number;
}

/**
 * Selects the chunks of a device that are rewritten when some of its days change: chunks that contain such a day, and the chunk before such
 * a day if it has room, is in the same month and is not a part of a longer day.
 * @param spans ascending, from the start of the first day's month
 * @param days ascending
 */
export function chunkSpans(
  spans: readonly ChunkSpan[],
  days: readonly number[],
): { taken: ChunkSpan[]; kept: ChunkSpan[] } {
  const taken = new Set<ChunkSpan>();
  for (const day of days) {
    let before: ChunkSpan | undefined;
    let isPart = false;
    let held = false;
    for (const span of spans) {
      if (dayOf(span.last) < day) {
        isPart = before !== undefined && dayOf(before.last) === dayOf(span.first);
        before = span;
      } else if (dayOf(span.first) <= day) {
        taken.add(span);
        held = true;
      } else break;
    }
    if (
      !held &&
      !isPart &&
      before !== undefined &&
      before.rows < MAX_CHUNK_ROWS &&
      monthOf(dayOf(before.last)) === monthOf(day)
    ) {
      taken.add(before);
    }
  }
  return { taken: [...taken], kept: spans.filter((span) => !taken.has(span)) };
}

/** Cuts ascending rows at midnight into chunks: each within a month, none across a chunk that is kept. */
export function cutIntoChunks(rows: Rows, kept: readonly ChunkSpan[]): Rows[] {
  const spans: { readonly first: number; last: number; rows: number }[] = [];
  for (const [day, { timestamps }] of splitByDay(rows)) {
    const first = timestamps[0]!;
    const last = timestamps[timestamps.length - 1]!;
    const open = spans.at(-1);
    if (
      open !== undefined &&
      open.rows + timestamps.length <= MAX_CHUNK_ROWS &&
      monthOf(dayOf(open.last)) === monthOf(day) &&
      !kept.some((span) => span.first > open.last && span.first < first)
    ) {
      open.last = last;
      open.rows += timestamps.length;
    } else spans.push({ first, last, rows: timestamps.length });
  }
  return spans.map(({ first, last }) => sliceRows(rows, first, last + 1));
}

/** Cuts ascending rows at midnight UTC. */
export function* splitByDay(rows: Rows): Iterable<[day: number, rows: Rows]> {
  const { timestamps } = rows;
  for (let from = 0; from < timestamps.length; ) {
    const day = dayOf(timestamps[from]!);
    const end = (day + 1) * UTC_DAY_MS;
    yield [day, sliceRows(rows, timestamps[from]!, end)];
    from = lowerBound(timestamps, end);
  }
}

/** The UTC day of an instant, counted from 1970. */
export function dayOf(instant: number): number {
  return Math.floor(instant / UTC_DAY_MS);
}

function monthOf(day: number): number {
  const date = new Date(day * UTC_DAY_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
