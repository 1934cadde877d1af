import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';

/** A price stands until the next one, but a feed that fell silent must not be believed for ever. */
const MAX_STANDING_MS = 25 * HOUR_MS;
const MIN_STANDING_MS = HOUR_MS;
const SILENCES = 2.5;

/** How far before a window prices and intensities must be known that stand into it. */
export const STANDING_MARGIN_MS = MAX_STANDING_MS;

/**
 * Mean by slot, weighted by time, of what a feed publishes: prices, carbon intensities. A value stands until the next one, at most
 * 2.5 times the feed's median spacing, held to 1–25 hours; feeds that publish a day in advance stand beyond now. NaN for slots
 * of which nothing is known.
 */
export function standingMeans({ timestamps, values }: Series, edges: Float64Array): Float64Array {
  const holdMs = Math.max(MIN_STANDING_MS, Math.min(MAX_STANDING_MS, SILENCES * medianSpacing(timestamps)));
  const means = new Float64Array(edges.length - 1).fill(Number.NaN);
  for (let s = 0; s < means.length; s++) {
    const start = edges[s]!;
    const end = edges[s + 1]!;
    let weighted = 0;
    let known = 0;
    for (let i = Math.max(lowerBound(timestamps, start + 1) - 1, 0); i < timestamps.length; i++) {
      const from = timestamps[i]!;
      if (from >= end) break;
      const until = Math.min(timestamps[i + 1] ?? Number.POSITIVE_INFINITY, from + holdMs, end);
      const ms = until - Math.max(from, start);
      if (ms <= 0) continue;
      weighted += values[i]! * ms;
      known += ms;
    }
    if (known > 0) means[s] = weighted / known;
  }
  return means;
}

function medianSpacing(timestamps: Float64Array): number {
  if (timestamps.length < 2) return MAX_STANDING_MS;
  const spacings = timestamps.subarray(1).map((instant, i) => instant - timestamps[i]!);
  return spacings.sort()[spacings.length >> 1]!;
}
