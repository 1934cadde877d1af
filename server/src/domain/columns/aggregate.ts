import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { Counter } from '../counters/counter.ts';
import { eachGrowth } from '../counters/growth.ts';
import { type Reporting, validUntil } from '../time/cadence.ts';
import type { Series } from './frame.ts';

/** Aggregates of one series by bucket: each array has one element per bucket. */
export interface Buckets {
  /** Samples in the bucket. */
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly first: Float64Array;
  readonly last: Float64Array;
  /** Value × hours: each sample counts for its validity within the bucket, including a sample before the bucket. */
  readonly integral: Float64Array;
  /** Milliseconds of the bucket covered by samples. */
  readonly coveredMs: Float64Array;
  /** Growth of a counter, see `eachGrowth`; NaN if the series is not a counter. */
  readonly increase: Float64Array;
}

export interface AggregateOptions extends Reporting {
  /** Samples are not valid beyond this instant (normally now); Infinity for windows entirely in the past. */
  readonly asOf: number;
  /** Properties of the series as a counter; null if it is not one. */
  readonly counter?: Counter | null;
}

/**
 * The reference for all aggregates: native implementations of backends must give equal results. Buckets are half-open between adjacent
 * edges. In an empty bucket, count and coveredMs are 0 and the others NaN; integral is NaN without a valid sample. The time-weighted mean
 * is `integral / hours covered`.
 *
 * @param series samples in and around the edges: those in the `decidingWindow` of the outer edges and in their `counterWindow`
 * @param edges epoch milliseconds, strictly ascending, one edge more than buckets
 */
export function aggregateSeries(series: Series, edges: Float64Array, options: AggregateOptions): Buckets {
  const buckets = emptyBuckets(Math.max(edges.length - 1, 0));
  collectSamples(series, edges, buckets);
  collectStands(series, edges, buckets, options);
  const { counter = null } = options;
  if (counter !== null) collectIncrease(series, edges, counter, buckets);
  return buckets;
}

/** Buckets without samples. Their columns share memory, which is allocated and transferred to another thread as a whole. */
export function emptyBuckets(count: number): Buckets {
  const memory = new Float64Array(9 * count);
  const column = (place: number) => memory.subarray(place * count, (place + 1) * count);
  memory.fill(Number.NaN, 2 * count);
  return {
    count: column(0),
    coveredMs: column(1),
    sum: column(2),
    min: column(3),
    max: column(4),
    first: column(5),
    last: column(6),
    integral: column(7),
    increase: column(8),
  };
}

/** Time-weighted means by bucket; NaN without a valid sample. */
export function meansOf(buckets: Buckets): Float64Array {
  return buckets.integral.map((integral, i) => (integral * HOUR_MS) / buckets.coveredMs[i]!);
}

function collectSamples({ timestamps, values }: Series, edges: Float64Array, out: Buckets): void {
  const { count, sum, min, max, first, last } = out;
  let bucket = 0;
  for (let i = 0; i < timestamps.length; i++) {
    const instant = timestamps[i]!;
    while (bucket < count.length && edges[bucket + 1]! <= instant) bucket++;
    if (bucket === count.length) return;
    if (instant < edges[bucket]!) continue;
    const value = values[i]!;
    if (count[bucket] === 0) {
      count[bucket] = 1;
      sum[bucket] = min[bucket] = max[bucket] = first[bucket] = last[bucket] = value;
      continue;
    }
    count[bucket] = count[bucket]! + 1;
    sum[bucket] = sum[bucket]! + value;
    if (value < min[bucket]!) min[bucket] = value;
    if (value > max[bucket]!) max[bucket] = value;
    last[bucket] = value;
  }
}

function collectStands(series: Series, edges: Float64Array, out: Buckets, options: AggregateOptions): void {
  const { timestamps, values } = series;
  const { integral, coveredMs } = out;
  const ends = validUntil(series, options);
  let bucket = 0;
  for (let i = 0; i < timestamps.length; i++) {
    let from = timestamps[i]!;
    const until = Math.min(ends[i]!, options.asOf);
    while (bucket < coveredMs.length && edges[bucket + 1]! <= from) bucket++;
    for (let b = bucket; b < coveredMs.length && from < until; b++) {
      const end = Math.min(until, edges[b + 1]!);
      const covered = end - Math.max(from, edges[b]!);
      if (covered <= 0) {
        if (end === until) break;
        continue;
      }
      const before = integral[b]!;
      integral[b] = (before === before ? before : 0) + (values[i]! * covered) / HOUR_MS;
      coveredMs[b] = coveredMs[b]! + covered;
      from = end;
    }
  }
}

/** Growth of a counter in every bucket: see `eachGrowth`. */
function collectIncrease(series: Series, edges: Float64Array, counter: Counter, out: Buckets): void {
  if (edges.length < 2) return;
  let bucket = 0;
  eachGrowth(series, counter, { start: edges[0]!, end: edges.at(-1)! }, (growth, since, until) => {
    if (edges[bucket]! > since) bucket = 0;
    while (bucket < out.increase.length && edges[bucket + 1]! <= since) bucket++;
    spread(growth, since, until, edges, out.increase, bucket);
  });
}

function spread(
  growth: number,
  from: number,
  until: number,
  edges: Float64Array,
  out: Float64Array,
  bucket: number,
): void {
  for (let b = bucket; b < out.length && edges[b]! < until; b++) {
    const share = Math.min(until, edges[b + 1]!) - Math.max(from, edges[b]!);
    if (share <= 0) continue;
    const before = out[b]!;
    out[b] = (before === before ? before : 0) + growth * (share / (until - from));
  }
}
