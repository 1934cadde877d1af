import type { Buckets } from '../../domain/columns/aggregate.ts';
import type { SignedEnergy } from './steps.ts';

/** What aggregates alone tell of the signs of a power. */
export interface SignedBuckets {
  /** Right wherever `mixed` is 0. */
  readonly energy: SignedEnergy;
  /** 1 where the power may have had both signs: there only raw samples tell import from export. */
  readonly mixed: Uint8Array;
}

/**
 * Splits integrals by sign without raw samples where that can be done: a bucket whose samples, and the sample that stands into it
 * from before, all have one sign was all import or all export.
 *
 * @param power neighbouring buckets; the first one must reach back far enough that nothing stands into it from before
 */
export function signedBuckets(power: Buckets): SignedBuckets {
  const length = power.count.length;
  const positive = new Float64Array(length).fill(Number.NaN);
  const negative = new Float64Array(length).fill(Number.NaN);
  const mixed = new Uint8Array(length);
  let carried = Number.NaN;
  for (let i = 0; i < length; i++) {
    const sampled = power.count[i]! > 0;
    const least = sampled ? Math.min(power.min[i]!, carried === carried ? carried : Infinity) : carried;
    const greatest = sampled ? Math.max(power.max[i]!, carried === carried ? carried : -Infinity) : carried;
    if (sampled) carried = power.last[i]!;
    if (power.coveredMs[i] === 0) continue;
    if (least < 0 && greatest > 0) mixed[i] = 1;
    const integral = power.integral[i]!;
    positive[i] = Math.max(integral, 0);
    negative[i] = Math.max(-integral, 0);
  }
  return { energy: { positive, negative, coveredMs: power.coveredMs }, mixed };
}

/** Stretches of neighbouring buckets that are mixed, as `[first, afterLast)` indices. */
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
