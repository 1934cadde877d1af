import { type Buckets, emptyBuckets } from '../../domain/columns/aggregate.ts';
import type { Block } from '../../domain/columns/batch.ts';
import type { Frame } from '../../domain/columns/frame.ts';

/** Aggregates in the order of the columns. */
const AGGREGATES = ['count', 'sum', 'min', 'max', 'first', 'last', 'integral', 'coveredMs', 'increase'] as const;
type Aggregate = (typeof AGGREGATES)[number];

/** Quantities of the rollups of some quantities: `power_kw__sum`. */
export function rollupQuantities(quantities: readonly string[]): string[] {
  return quantities.flatMap((quantity) => AGGREGATES.map((aggregate) => `${quantity}__${aggregate}`));
}

/** Rollups of one device: a row for each bucket, whose instant is the bucket's start. */
export interface RollupRows {
  readonly starts: Float64Array;
  /** By quantity. */
  readonly buckets: readonly Buckets[];
}

/**
 * Rows of non-empty buckets, and of empty ones that already have a row: it is overwritten as empty.
 * @param known starts that have a row
 */
export function toBlock(
  group: string,
  deviceId: string,
  quantities: readonly string[],
  { starts, buckets }: RollupRows,
  known: ReadonlySet<number>,
): Block {
  const rows = Array.from(starts.keys()).filter(
    (row) => known.has(starts[row]!) || buckets.some((of) => !isEmpty(of, row)),
  );
  const columns = buckets.flatMap((of) =>
    AGGREGATES.map((aggregate) => Float64Array.from(rows, (row) => cell(of, aggregate, row))),
  );
  return {
    group,
    quantities: rollupQuantities(quantities),
    devices: [deviceId],
    device: new Int32Array(rows.length),
    timestamps: Float64Array.from(rows, (row) => starts[row]!),
    columns,
  };
}

/** A quantity without samples has no growth either, which must be written where a value existed before. */
function cell(of: Buckets, aggregate: Aggregate, row: number): number {
  return aggregate === 'increase' && isEmpty(of, row) ? 0 : of[aggregate][row]!;
}

/** Reverses `toBlock`, from frames of the rows in ascending time. */
export function fromFrames(frames: readonly Frame[], quantityCount: number): RollupRows {
  const rows = frames.reduce((sum, { timestamps }) => sum + timestamps.length, 0);
  const starts = new Float64Array(rows);
  const buckets = Array.from({ length: quantityCount }, () => emptyBuckets(rows));
  let at = 0;
  for (const { timestamps, columns } of frames) {
    starts.set(timestamps, at);
    for (const [q, of] of buckets.entries()) {
      for (const [a, aggregate] of AGGREGATES.entries()) {
        of[aggregate].set(columns[q * AGGREGATES.length + a]!, at);
      }
      zeroMissing(of.count, at, timestamps.length);
      zeroMissing(of.coveredMs, at, timestamps.length);
    }
    at += timestamps.length;
  }
  return { starts, buckets };
}

/** Combines rows into buckets between edges: each row belongs to the bucket in which it starts. */
export function composeRows({ starts, buckets }: RollupRows, edges: Float64Array): Buckets[] {
  const count = Math.max(edges.length - 1, 0);
  return buckets.map((from) => {
    const into = emptyBuckets(count);
    let bucket = 0;
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row]!;
      while (bucket < count && edges[bucket + 1]! <= start) bucket++;
      if (bucket === count) break;
      if (start >= edges[bucket]!) addBucket(into, bucket, from, row);
    }
    return into;
  });
}

/** Adds a bucket to an earlier or empty one. */
export function addBucket(into: Buckets, at: number, from: Buckets, row: number): void {
  const value = (of: Buckets, aggregate: Aggregate, i: number) => of[aggregate][i]!;
  const set = (aggregate: Aggregate, result: number) => {
    into[aggregate][at] = result;
  };
  const total = (aggregate: Aggregate) => {
    const [a, b] = [value(into, aggregate, at), value(from, aggregate, row)];
    if (b === b) set(aggregate, a === a ? a + b : b);
  };
  if (value(from, 'count', row) > 0) {
    const first = value(into, 'count', at) === 0;
    set('min', first ? value(from, 'min', row) : Math.min(value(into, 'min', at), value(from, 'min', row)));
    set('max', first ? value(from, 'max', row) : Math.max(value(into, 'max', at), value(from, 'max', row)));
    if (first) set('first', value(from, 'first', row));
    set('last', value(from, 'last', row));
    total('sum');
    total('count');
  }
  if (value(from, 'coveredMs', row) > 0) {
    total('integral');
    total('coveredMs');
  }
  total('increase');
}

/** Replaces a known bucket, whose samples were deleted, by its late samples if these are more. */
export function takeLate(known: Buckets, at: number, late: Buckets, row: number): void {
  if (late.count[row]! <= known.count[at]!) return;
  for (const aggregate of AGGREGATES) known[aggregate][at] = late[aggregate][row]!;
}

function isEmpty({ count, coveredMs, increase }: Buckets, row: number): boolean {
  const grown = increase[row]!;
  return count[row] === 0 && coveredMs[row] === 0 && grown !== grown;
}

function zeroMissing(column: Float64Array, from: number, rows: number): void {
  for (let i = from; i < from + rows; i++) if (column[i] !== column[i]) column[i] = 0;
}
