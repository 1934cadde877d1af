import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';

/** A counter that differs from complete power data by at least this factor is not used. */
export const CONTRADICTION_FACTOR = 2;
/** Resolution of coarse counters, kWh; smaller differences are ignored. */
const MIN_DIFFERENCE_KWH = 1;
/** Minimum covered share of the time for complete power data. */
const COMPLETE = 0.98;
/** Days with fewer samples of the counter are evaluated together with adjacent days, since growth is spread between samples. */
const MIN_SAMPLES_PER_DAY = 4;

/** Energy integrated from power by slot, with the known milliseconds of each slot. */
interface PowerEnergy {
  readonly kwh: Float64Array;
  readonly knownMs: Float64Array;
}

/**
 * Removes from a counter the slots of UTC days on which complete power data contradict it.
 * @param elapsedMs of each slot
 */
export function withoutContradicted(
  counter: Buckets,
  power: PowerEnergy,
  edges: Float64Array,
  elapsedMs: Float64Array,
): Buckets {
  let increase: Float64Array | null = null;
  for (const { from, to } of stretchesOf(counter, edges)) {
    if (!isContradicted(counter, power, elapsedMs, from, to)) continue;
    increase ??= counter.increase.slice();
    increase.fill(Number.NaN, from, to);
  }
  return increase === null ? counter : { ...counter, increase };
}

function isContradicted(
  { increase }: Buckets,
  { kwh, knownMs }: PowerEnergy,
  elapsedMs: Float64Array,
  from: number,
  to: number,
): boolean {
  let [counted, integrated, known, elapsed] = [0, 0, 0, 0];
  for (let s = from; s < to; s++) {
    if (increase[s] !== increase[s] || elapsedMs[s] === 0) continue;
    counted += increase[s]!;
    elapsed += elapsedMs[s]!;
    known += Math.min(knownMs[s]!, elapsedMs[s]!);
    if (knownMs[s]! > 0) integrated += kwh[s]!;
  }
  if (elapsed === 0 || known < COMPLETE * elapsed) return false;
  const [less, more] = [Math.min(counted, integrated), Math.max(counted, integrated)];
  return more - less > MIN_DIFFERENCE_KWH && more >= CONTRADICTION_FACTOR * less;
}

/** The slots `from … to` of each UTC day, or of consecutive days with few samples. */
function stretchesOf({ count }: Buckets, edges: Float64Array): { from: number; to: number }[] {
  const stretches: { from: number; to: number; samples: number }[] = [];
  for (let from = 0; from + 1 < edges.length; ) {
    const end = (Math.floor(edges[from]! / UTC_DAY_MS) + 1) * UTC_DAY_MS;
    let [to, samples] = [from, 0];
    for (; to + 1 < edges.length && edges[to]! < end; to++) samples += count[to]!;
    const before = stretches.at(-1);
    const isSparse = Math.min(samples, before?.samples ?? samples) < MIN_SAMPLES_PER_DAY;
    if (before && isSparse) Object.assign(before, { to, samples: Math.min(samples, before.samples) });
    else stretches.push({ from, to, samples });
    from = to;
  }
  return stretches;
}
