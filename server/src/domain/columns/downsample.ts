import { InvalidInput } from '../errors.ts';
import type { Series } from './frame.ts';

/**
 * Reduces a series to at most `maxPoints` of its samples: the first, minimum, maximum and last sample of every equal span of time (M4:
 * Jugel et al., VLDB 2014, section 4), so that a line chart covers the same pixels. Extremes and the edges of gaps wider than a span
 * remain; no sample is added, and a short series is returned unchanged.
 *
 * @param maxPoints at least 2; below four only the first and the last sample remain
 */
export function downsample(series: Series, maxPoints: number): Series {
  if (!Number.isInteger(maxPoints) || maxPoints < 2) {
    throw new InvalidInput(`max_points must be an integer of at least 2; got ${maxPoints}`);
  }
  const { timestamps, values } = series;
  const length = timestamps.length;
  if (length <= maxPoints) return series;
  if (maxPoints < 4) return pick(series, Uint32Array.of(0, length - 1));

  const bins = Math.floor(maxPoints / 4);
  const start = timestamps[0]!;
  const span = timestamps[length - 1]! - start;
  const chosen = new Uint32Array(bins * 4);
  let used = 0;
  for (let from = 0; from < length; ) {
    const bin = binOf(timestamps[from]!, start, span, bins);
    let to = from;
    let min = from;
    let max = from;
    for (; to < length && binOf(timestamps[to]!, start, span, bins) === bin; to++) {
      if (values[to]! < values[min]!) min = to;
      if (values[to]! > values[max]!) max = to;
    }
    const [earlier, later] = min < max ? [min, max] : [max, min];
    for (const index of [from, earlier, later, to - 1]) {
      if (used === 0 || index > chosen[used - 1]!) chosen[used++] = index;
    }
    from = to;
  }
  return pick(series, chosen.subarray(0, used));
}

function binOf(instant: number, start: number, span: number, bins: number): number {
  return Math.min(Math.floor(((instant - start) / span) * bins), bins - 1);
}

function pick({ timestamps, values }: Series, indices: Uint32Array): Series {
  const kept: Series = { timestamps: new Float64Array(indices.length), values: new Float64Array(indices.length) };
  for (let i = 0; i < indices.length; i++) {
    kept.timestamps[i] = timestamps[indices[i]!]!;
    kept.values[i] = values[indices[i]!]!;
  }
  return kept;
}
