import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';

/** Maximum validity of a published value, such as a price, without a successor. */
const MAX_VALIDITY_MS = 25 * HOUR_MS;
const MIN_VALIDITY_MS = HOUR_MS;
const SILENCES = 2.5;

/** Values published up to this long before a window may still be valid in it. */
export const HELD_MARGIN_MS = MAX_VALIDITY_MS;

/**
 * Time-weighted mean by slot of published values, such as prices or carbon intensities. A value is valid until the next one, but at most
 * 2.5 times the feed's median interval, limited to 1–25 hours; feeds that publish a day in advance extend into the future. NaN for slots
 * without a valid value.
 */
export function heldMeans({ timestamps, values }: Series, edges: Float64Array): Float64Array {
  const holdMs = Math.max(MIN_VALIDITY_MS, Math.min(MAX_VALIDITY_MS, SILENCES * medianSpacing(timestamps)));
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
  if (timestamps.length < 2) return MAX_VALIDITY_MS;
  const spacings = timestamps.subarray(1).map((instant, i) => instant - timestamps[i]!);
  return spacings.sort()[spacings.length >> 1]!;
}
