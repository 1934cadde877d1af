import type { Normal } from './normal.ts';
import { medianOf } from './robust.ts';

/** Consecutive slots, half-open, in which a quantity deviates. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Its deviation in units of σ, the usual deviation of stretches of this length; negative: too low. */
  readonly strength: number;
  /** Minimum absolute strength for a stretch of this length to be reported. */
  readonly limit: number;
}

/** Lengths of the stretches that are tested, in slots of 15 minutes: up to 2.7 days. */
const LENGTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/** Deviations are clipped to this many σ, so that one slot cannot dominate a stretch. */
const MAX_Z = 8;
/** Deviations are clipped to this many σ where the autocorrelation is estimated. */
const CORRELATION_Z = 2.5;
const MAX_CORRELATION = 0.98;
/** Minimum share of a stretch for which values are known. */
const MIN_KNOWN = 0.4;
/** Minimum number of stretches of one length from which their spread is estimated. */
const MIN_STRETCHES = 50;
const MAD_TO_SIGMA = 1.4826;
/** Within this many slots of a stronger stretch nothing else is reported; a deviation of the same sign there is part of it. */
const MARGIN = 4;

/**
 * Minimum strength that is reported, by length. A day has fewer long stretches than short ones, so fewer of them deviate that much by
 * chance; and single slots have heavier tails than sums of many slots.
 */
function limitOf(length: number, factor: number): number {
  return factor * Math.max(4.2, 6 - 0.25 * Math.log2(length));
}

/**
 * Finds stretches of any length in which a quantity deviates in one direction.
 *
 * Each stretch is tested for a level shift by generalised least squares. Deviations are correlated with their neighbours (first-order
 * autoregression, its coefficient estimated from the slots), so a sudden step is stronger evidence than a drift to the same mean, and a run
 * of equal deviations is weaker evidence than its length suggests (Fox, J. Roy. Stat. Soc. B 34 (1972) 350, type II; Tsay, J. Forecasting 7
 * (1988) 1, level shifts, here with an end). The spread of the test is the median absolute deviation over all stretches of the same length,
 * and never less than the theoretical one.
 *
 * @param factor multiplies the limits: a greater factor reports fewer stretches
 * @returns ascending, without overlaps
 */
export function deviatingStretches({ z, isCalm }: Pick<Normal, 'z' | 'isCalm'>, factor = 1): Stretch[] {
  const steps = innovations(z, isCalm);
  const calm = prefixSum(isCalm);
  const found = LENGTHS.flatMap((length) => ofLength(steps, calm, length, limitOf(length, factor)));
  found.sort((a, b) => Math.abs(b.strength) - Math.abs(a.strength) || a.from - b.from);
  const taken = new Uint8Array(z.length);
  const kept: Stretch[] = [];
  for (const one of found) {
    if (taken.subarray(one.from, one.to).includes(1)) continue;
    taken.fill(1, Math.max(0, one.from - MARGIN), one.to + MARGIN);
    kept.push(one);
  }
  return fittedAll(z, joined(kept.sort((a, b) => a.from - b.from)));
}

/** A slot at the edge belongs to a stretch if it deviates by at least this share of the stretch's median deviation. */
const EDGE_SHARE = 0.5;
/** Maximum growth of a stretch at each end, as a share of its length: the tested lengths are this far apart. */
const MAX_GROWTH = 0.5;

/** Longer stretches, in slots, contain idle times without deviation: their ends are not moved. */
const MAX_FITTED_SLOTS = 32;

/** Fits the ends of each stretch between the end of the previous one and the start of the next. */
function fittedAll(z: Float64Array, stretches: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = [];
  for (const [i, one] of stretches.entries()) {
    all.push(fitted(z, one, { start: all.at(-1)?.to ?? 0, end: stretches[i + 1]?.from ?? z.length }));
  }
  return all;
}

/** Moves the ends of a stretch to the first and the last deviating slot, within bounds. */
function fitted(z: Float64Array, stretch: Stretch, bounds: { readonly start: number; readonly end: number }): Stretch {
  if (stretch.to - stretch.from >= MAX_FITTED_SLOTS) return stretch;
  const side = Math.sign(stretch.strength);
  const minimum = EDGE_SHARE * medianOf(z.subarray(stretch.from, stretch.to).map((one) => side * one));
  const belongs = (i: number) => side * z[i]! >= minimum;
  const maxGrowth = Math.ceil(MAX_GROWTH * (stretch.to - stretch.from));
  let { from, to } = stretch;
  while (to - from > 1 && !belongs(from)) from++;
  while (to - from > 1 && !belongs(to - 1)) to--;
  while (from > Math.max(bounds.start, stretch.from - maxGrowth) && belongs(from - 1)) from--;
  while (to < Math.min(bounds.end, stretch.to + maxGrowth) && belongs(to)) to++;
  return { ...stretch, from, to };
}

/** A sensor deviates if its value differs from the expected one by this many σ for at least this many slots. */
const SENSOR_LIMIT = 5;
const MIN_SENSOR_SLOTS = 2;

/** Runs of slots that deviate by more than a multiple of σ in the same direction. */
export function runsBeyondLimit(z: Float64Array, factor = 1): Stretch[] {
  const limit = SENSOR_LIMIT * factor;
  const side = (i: number) => (Math.abs(z[i]!) >= limit ? Math.sign(z[i]!) : 0);
  const runs: Stretch[] = [];
  for (let from = 0; from < z.length; ) {
    let to = from + 1;
    while (to < z.length && side(to) === side(from)) to++;
    if (side(from) !== 0 && to - from >= MIN_SENSOR_SLOTS) {
      const strength = z.subarray(from, to).reduce((sum, one) => sum + one, 0) / (to - from);
      runs.push({ from, to, strength, limit });
    }
    from = to;
  }
  return joined(runs);
}

/** Slots without the part that the previous known slot predicts; the longer the gap between them, the smaller this part. */
interface Innovations {
  readonly isKnown: Uint8Array;
  /** Innovations of unit variance. */
  readonly w: Float64Array;
  /** The share of a level shift in the innovation of a slot: where it begins, where it lasts, and in the first known slot after its end. */
  readonly begins: Float64Array;
  readonly lasts: Float64Array;
  readonly ended: Float64Array;
}

function innovations(z: Float64Array, isCalm: Uint8Array): Innovations {
  const clipped = z.map((one) => Math.max(-MAX_Z, Math.min(MAX_Z, one)));
  const correlation = correlationOf(z, isCalm);
  const { length } = z;
  const [w, begins, lasts, ended] = [0, 0, 0, 0].map(() => new Float64Array(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const isKnown = new Uint8Array(length);
  let last = -1;
  for (let i = 0; i < length; i++) {
    const value = clipped[i]!;
    if (value !== value) continue;
    const carried = last < 0 ? 0 : correlation ** (i - last);
    const scale = 1 / Math.sqrt(1 - carried * carried);
    isKnown[i] = 1;
    w[i] = (value - (last < 0 ? 0 : carried * clipped[last]!)) * scale;
    begins[i] = scale;
    lasts[i] = (1 - carried) * scale;
    ended[i] = -carried * scale;
    last = i;
  }
  return { isKnown, w, begins, lasts, ended };
}

function correlationOf(z: Float64Array, isCalm: Uint8Array): number {
  const clip = (value: number) => Math.max(-CORRELATION_Z, Math.min(CORRELATION_Z, value));
  let [products, squares] = [0, 0];
  for (let i = 1; i < z.length; i++) {
    const [before, now] = [clip(z[i - 1]!), clip(z[i]!)];
    if (before !== before || now !== now || isCalm[i] === 1 || isCalm[i - 1] === 1) continue;
    products += before * now;
    squares += before * before;
  }
  return squares === 0 ? 0 : Math.max(0, Math.min(MAX_CORRELATION, products / squares));
}

function ofLength(
  { isKnown, w, begins, lasts, ended }: Innovations,
  calm: Float64Array,
  length: number,
  limit: number,
): Stretch[] {
  const count = w.length;
  const known = prefixSum(isKnown);
  const inner = prefixSum(w.map((one, i) => one * lasts[i]!));
  const power = prefixSum(lasts.map((one) => one * one));
  const next = nextKnown(isKnown);
  const tests = new Float64Array(Math.max(0, count - length + 1)).fill(Number.NaN);
  const between = (sums: Float64Array, from: number, to: number) => sums[to]! - sums[from]!;
  for (let from = 0; from < tests.length; from++) {
    const to = from + length;
    if (isKnown[from] === 0 || between(known, from, to) < MIN_KNOWN * length) continue;
    const first = begins[from]!;
    let product = first * w[from]! + between(inner, from + 1, to);
    let square = first * first + between(power, from + 1, to);
    const after = next[to]!;
    if (after < count) {
      product += ended[after]! * w[after]!;
      square += ended[after]! ** 2;
    }
    tests[from] = product / Math.sqrt(square);
  }
  const independent = tests.filter((test, from) => test === test && between(calm, from, from + length) < length / 2);
  if (independent.length < MIN_STRETCHES) return [];
  const spread = Math.max(1, MAD_TO_SIGMA * medianOf(independent.map(Math.abs)));
  return Array.from(tests, (test, from) => ({ from, to: from + length, strength: test / spread, limit })).filter(
    ({ strength }) => Math.abs(strength) >= limit,
  );
}

/** Merges neighbouring stretches that deviate in the same direction. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = [];
  for (const one of stretches) {
    const before = all.at(-1);
    const isNear = before !== undefined && one.from - before.to <= 2 * MARGIN;
    if (!isNear || before.strength > 0 !== one.strength > 0) {
      all.push(one);
      continue;
    }
    const stronger = Math.abs(one.strength) > Math.abs(before.strength) ? one : before;
    all[all.length - 1] = { ...stronger, from: before.from, to: one.to };
  }
  return all;
}

function prefixSum(values: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!;
  return sums;
}

/** The first known slot at or after each slot; the length where there is none. */
function nextKnown(isKnown: Uint8Array): Int32Array {
  const next = new Int32Array(isKnown.length + 1).fill(isKnown.length);
  for (let i = isKnown.length - 1; i >= 0; i--) next[i] = isKnown[i] === 1 ? i : next[i + 1]!;
  return next;
}
