import type { Normal } from './normal.ts';
import { medianOf } from './robust.ts';

/** A stretch of slots, half-open, that stands out. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** How far it stands out, in σ of what stretches as long usually deviate; negative: too low. */
  readonly strength: number;
  /** The least strength that is told of a stretch so long. */
  readonly limit: number;
}

/** Lengths that are looked for, in slots of a quarter of an hour: up to two and a half days. */
const LENGTHS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/** One wild slot says no more than this. */
const MOST_Z = 8;
/** What is beyond this tells nothing of how slots resemble their neighbours. */
const CORRELATION_Z = 2.5;
const MOST_CORRELATION = 0.98;
/** Share of a stretch that has to be known. */
const LEAST_KNOWN = 0.4;
/** Stretches of one length, at the least, from which their spread is learnt. */
const LEAST_STRETCHES = 50;
const MAD_TO_SIGMA = 1.4826;
/** Nothing is told within so many slots of what stands out more; what goes the same way there belongs to it. */
const MARGIN = 4;

/**
 * The least strength that is told. There are fewer long stretches in a day than short ones, so chance brings fewer of them that deviate by as
 * much; and single slots have heavier tails than sums of many.
 */
function limitOf(length: number, factor: number): number {
  return factor * Math.max(4.2, 6 - 0.25 * Math.log2(length));
}

/**
 * Finds stretches of any length in which a quantity deviates the same way.
 *
 * Each stretch is tested for a lasting shift by generalised least squares: deviations resemble their neighbours (a first-order autoregression
 * whose coefficient is read off the slots), so a sudden step says more than the same mean reached by drifting, and a run of equal
 * deviations less than its length suggests (Fox, J. Roy. Stat. Soc. B 34 (1972) 350, type II; Tsay, J. Forecasting 7 (1988) 1, level
 * shifts, here with an end). The spread of the test by length is the median absolute deviation over all stretches so long, never less than theory's.
 *
 * @param factor times the usual limits: greater tells less
 * @returns ascending, apart from each other
 */
export function standOut({ z, isCalm }: Pick<Normal, 'z' | 'isCalm'>, factor = 1): Stretch[] {
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

/** Share of the usual deviation within a stretch that a slot at its edge must have to belong to it. */
const EDGE_SHARE = 0.5;
/** A stretch grows by this share of its length at most: the lengths that are looked for lie so far apart. */
const MOST_GROWTH = 0.5;

/** Longer stretches hold rests, in which nothing deviates: their ends stay as they were found. */
const MOST_FITTED = 32;

/** Fits each stretch between the end of the one before it and the start of the next. */
function fittedAll(z: Float64Array, stretches: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = [];
  for (const [i, one] of stretches.entries()) {
    all.push(fitted(z, one, { start: all.at(-1)?.to ?? 0, end: stretches[i + 1]?.from ?? z.length }));
  }
  return all;
}

/** Moves the ends of a stretch to where the deviation begins and ends, within bounds. */
function fitted(z: Float64Array, stretch: Stretch, bounds: { readonly start: number; readonly end: number }): Stretch {
  if (stretch.to - stretch.from >= MOST_FITTED) return stretch;
  const side = Math.sign(stretch.strength);
  const least = EDGE_SHARE * medianOf(z.subarray(stretch.from, stretch.to).map((one) => side * one));
  const belongs = (i: number) => side * z[i]! >= least;
  const most = Math.ceil(MOST_GROWTH * (stretch.to - stretch.from));
  let { from, to } = stretch;
  while (to - from > 1 && !belongs(from)) from++;
  while (to - from > 1 && !belongs(to - 1)) to--;
  while (from > Math.max(bounds.start, stretch.from - most) && belongs(from - 1)) from--;
  while (to < Math.min(bounds.end, stretch.to + most) && belongs(to)) to++;
  return { ...stretch, from, to };
}

/** What a sensor's value has to be away from what is expected, in σ, and for how many slots. */
const SENSOR_LIMIT = 5;
const SENSOR_SLOTS = 2;

/** Runs of slots that lie beyond a multiple of σ on the same side. */
export function beyond(z: Float64Array, factor = 1): Stretch[] {
  const limit = SENSOR_LIMIT * factor;
  const side = (i: number) => (Math.abs(z[i]!) >= limit ? Math.sign(z[i]!) : 0);
  const runs: Stretch[] = [];
  for (let from = 0; from < z.length; ) {
    let to = from + 1;
    while (to < z.length && side(to) === side(from)) to++;
    if (side(from) !== 0 && to - from >= SENSOR_SLOTS) {
      const strength = z.subarray(from, to).reduce((sum, one) => sum + one, 0) / (to - from);
      runs.push({ from, to, strength, limit });
    }
    from = to;
  }
  return joined(runs);
}

/** Slots freed from what the one before foretells of them. Where slots are missing between, it foretells less. */
interface Innovations {
  readonly isKnown: Uint8Array;
  /** Innovations of unit variance. */
  readonly w: Float64Array;
  /** What a shift that begins with a slot, and one that lasts, puts into its innovation; and one that ended with the known slot before. */
  readonly begins: Float64Array;
  readonly lasts: Float64Array;
  readonly ended: Float64Array;
}

function innovations(z: Float64Array, isCalm: Uint8Array): Innovations {
  const clipped = z.map((one) => Math.max(-MOST_Z, Math.min(MOST_Z, one)));
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
  return squares === 0 ? 0 : Math.max(0, Math.min(MOST_CORRELATION, products / squares));
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
    if (isKnown[from] === 0 || between(known, from, to) < LEAST_KNOWN * length) continue;
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
  const telling = tests.filter((test, from) => test === test && between(calm, from, from + length) < length / 2);
  if (telling.length < LEAST_STRETCHES) return [];
  const spread = Math.max(1, MAD_TO_SIGMA * medianOf(telling.map(Math.abs)));
  return Array.from(tests, (test, from) => ({ from, to: from + length, strength: test / spread, limit })).filter(
    ({ strength }) => Math.abs(strength) >= limit,
  );
}

/** Neighbours that go the same way are one. */
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

/** The first known slot at or behind each; the length where there is none. */
function nextKnown(isKnown: Uint8Array): Int32Array {
  const next = new Int32Array(isKnown.length + 1).fill(isKnown.length);
  for (let i = isKnown.length - 1; i >= 0; i--) next[i] = isKnown[i] === 1 ? i : next[i + 1]!;
  return next;
}
