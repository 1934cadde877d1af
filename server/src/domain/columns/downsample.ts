import { InvalidInput } from '../errors.ts';
import type { Series } from './frame.ts';

/**
 * Keeps the shape of a series in at most `maxPoints` of its samples: of every equal span of time the first, the least, the
 * greatest and the last sample (M4: Jugel et al., VLDB 2014, section 4), so that a line through them covers the same pixels.
 * Extremes stay, and so do the edges of gaps wider than a span; no sample is made up, and a series that is short enough comes back as it is.
 *
 * @param maxPoints at least 2; with fewer than four only the first and the last sample stay
 */
export function downsample(series: Series, maxPoints: number): Series {
  if (!Number.isInteger(maxPoints) || maxPoints < 2) {
    throw new InvalidInput(`max_points must be a whole number of at least 2; got ${maxPoints}`);
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
    let least = from;
    let greatest = from;
    for (; to < length && binOf(timestamps[to]!, start, span, bins) === bin; to++) {
      if (values[to]! < values[least]!) least = to;
      if (values[to]! > values[greatest]!) greatest = to;
    }
    const [earlier, later] = least < greatest ? [least, greatest] : [greatest, least];
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
