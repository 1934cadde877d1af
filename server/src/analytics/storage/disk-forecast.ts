import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';

/** Size of a data folder at an instant. */
export interface DiskSample {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly usedBytes: number;
}

export interface DiskForecast {
  /** Robust growth rate of the folder; null with less than one day of samples. */
  readonly growthBytesPerDay: number | null;
  /** Days until the free space is used up at this rate; null if the folder does not grow or the rate is unknown. */
  readonly fullInDays: number | null;
}

/** Minimum time span; over shorter ones daily variation hides the trend. */
const MIN_SPAN_MS = UTC_DAY_MS;
/** Minimum distance of two samples for a slope, as a share of the time span. */
const MIN_DISTANCE_SHARE = 1 / 4;
/** Larger sets are sampled evenly: the work grows with the square of their number. */
const MAX_SAMPLES = 250;

/**
 * Fill rate of a disk: the median of the slopes between samples at least a quarter of the time span apart (Theil, 1950; Sen, 1968), which is
 * robust against a compaction or a large import.
 *
 * @param all samples, in ascending order
 */
export function diskForecast(all: readonly DiskSample[], freeBytes: number): DiskForecast {
  const step = Math.ceil(all.length / MAX_SAMPLES);
  const samples = all.filter((_, i) => (all.length - 1 - i) % step === 0);
  const unknown = { growthBytesPerDay: null, fullInDays: null };
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < MIN_SPAN_MS) return unknown;
  const minDistanceMs = (last.at - first.at) * MIN_DISTANCE_SHARE;
  const slopes: number[] = [];
  for (const [i, earlier] of samples.entries()) {
    for (let j = i + 1; j < samples.length; j++) {
      const later = samples[j]!;
      if (later.at - earlier.at >= minDistanceMs)
        slopes.push((later.usedBytes - earlier.usedBytes) / (later.at - earlier.at));
    }
  }
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  const median = slopes.length % 2 === 1 ? slopes[middle]! : (slopes[middle - 1]! + slopes[middle]!) / 2;
  const growthBytesPerDay = median * UTC_DAY_MS;
  return { growthBytesPerDay, fullInDays: growthBytesPerDay > 0 ? freeBytes / growthBytesPerDay : null };
}
