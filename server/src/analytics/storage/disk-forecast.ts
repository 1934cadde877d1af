import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';

/** What a data folder held at an instant. */
export interface DiskSample {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly usedBytes: number;
}

export interface DiskForecast {
  /** Robust slope of what the folder holds; null while less than a day is known. */
  readonly growthBytesPerDay: number | null;
  /** Days until the free space is used up at this rate; null where it does not grow or is not known. */
  readonly fullInDays: number | null;
}

/** Less does not tell a trend from a day's ups and downs. */
const MIN_SPAN_MS = UTC_DAY_MS;
/** Samples whose slopes are taken lie this share of the known time apart, at least. */
const MIN_APART_SHARE = 1 / 4;
/** Of more samples only some are looked at, evenly: the work grows with the square. */
const MAX_SAMPLES = 250;

/**
 * How fast a disk fills: the median of the slopes between samples that lie at least a quarter of the known time apart (Theil, 1950; Sen, 1968),
 * which a compaction or a big import in between moves little.
 *
 * @param all samples, in ascending order
 */
export function diskForecast(all: readonly DiskSample[], freeBytes: number): DiskForecast {
  const step = Math.ceil(all.length / MAX_SAMPLES);
  const samples = all.filter((_, i) => (all.length - 1 - i) % step === 0);
  const unknown = { growthBytesPerDay: null, fullInDays: null };
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.at - first.at < MIN_SPAN_MS) return unknown;
  const apart = (last.at - first.at) * MIN_APART_SHARE;
  const slopes: number[] = [];
  for (const [i, earlier] of samples.entries()) {
    for (let j = i + 1; j < samples.length; j++) {
      const later = samples[j]!;
      if (later.at - earlier.at >= apart) slopes.push((later.usedBytes - earlier.usedBytes) / (later.at - earlier.at));
    }
  }
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  const median = slopes.length % 2 === 1 ? slopes[middle]! : (slopes[middle - 1]! + slopes[middle]!) / 2;
  const growthBytesPerDay = median * UTC_DAY_MS;
  return { growthBytesPerDay, fullInDays: growthBytesPerDay > 0 ? freeBytes / growthBytesPerDay : null };
}
