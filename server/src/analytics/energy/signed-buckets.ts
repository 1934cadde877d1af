import type { Buckets } from '../../domain/columns/aggregate.ts';
import type { SignedEnergy } from './steps.ts';

/** The signs of a power as far as aggregates determine them. */
export interface SignedBuckets {
  /** Correct where `mixed` is 0. */
  readonly energy: SignedEnergy;
  /** 1 where the power may have had both signs: separating import from export there requires raw samples. */
  readonly mixed: Uint8Array;
}

/**
 * Splits integrals by sign without raw samples where possible: if all samples of a bucket, and the last sample before it, have the same
 * sign, the bucket is all import or all export.
 *
 * @param power consecutive buckets; the first must start early enough that no earlier sample is still valid in it
 */
export function signedBuckets(power: Buckets): SignedBuckets {
  const length = power.count.length;
  const positive = new Float64Array(length).fill(Number.NaN);
  const negative = new Float64Array(length).fill(Number.NaN);
  const mixed = new Uint8Array(length);
  let carried = Number.NaN;
  for (let i = 0; i < length; i++) {
    const sampled = power.count[i]! > 0;
    const min = sampled ? Math.min(power.min[i]!, carried === carried ? carried : Infinity) : carried;
    const max = sampled ? Math.max(power.max[i]!, carried === carried ? carried : -Infinity) : carried;
    if (sampled) carried = power.last[i]!;
    if (power.coveredMs[i] === 0) continue;
    if (min < 0 && max > 0) mixed[i] = 1;
    const integral = power.integral[i]!;
    positive[i] = Math.max(integral, 0);
    negative[i] = Math.max(-integral, 0);
  }
  return { energy: { positive, negative, coveredMs: power.coveredMs }, mixed };
}

/** Runs of consecutive mixed buckets, as `[first, afterLast)` indices. */
export function mixedRuns(mixed: Uint8Array): { readonly from: number; readonly to: number }[] {
  const runs: { from: number; to: number }[] = [];
  for (let i = 0; i < mixed.length; i++) {
    if (mixed[i] === 0) continue;
    const last = runs.at(-1);
    if (last?.to === i) last.to = i + 1;
    else runs.push({ from: i, to: i + 1 });
  }
  return runs;
}
