import { boost } from '../forecast/boosted-trees.ts';
import { medianOf, quantileOf } from './robust.ts';

/** Slots of one quantity with what it depends on. All columns are of one length; NaN is missing. */
export interface Conditions {
  readonly values: Float64Array;
  /** What a model expects of each slot; null where there is none. */
  readonly guess: Float64Array | null;
  /** What else may tell how large the quantity is: mode, hour of the day, day of the week, temperature … */
  readonly features: readonly Float64Array[];
  /** 1: the operating mode changed within the slot or beside it, so that its mean is of neither mode. */
  readonly isMixed: Uint8Array;
  /** Smaller deviations matter to nobody, in the quantity's unit. */
  readonly leastSigma: number;
}

/** What a quantity should be slot by slot, and how far it usually is from that. */
export interface Normal {
  readonly expected: Float64Array;
  readonly sigma: Float64Array;
  /** (value − expected) ÷ σ; NaN where the value is missing or of mixed mode. */
  readonly z: Float64Array;
  /** 1: the usual spread is below the least σ, which stands in for it. */
  readonly isCalm: Uint8Array;
}

const CENTRE = { rounds: 60, learningRate: 0.15, depth: 4, leastRows: 24 };
/** Median absolute deviation of a normal distribution to its σ. */
const MAD_TO_SIGMA = 1.4826;
const LEAST_SHARE_OF_SPREAD = 0.1;

/**
 * Learns what is normal from the slots themselves: the median given the conditions, and around it the median absolute deviation, both by
 * boosted trees. Medians hardly move for the few slots that are out of the ordinary, so these need not be known beforehand.
 */
export function learnNormal({ values, guess, features, isMixed, leastSigma }: Conditions): Normal {
  const middle = medianOf(values);
  const first = values.map((_, i) => (guess?.[i] === guess?.[i] ? (guess?.[i] ?? middle) : middle));
  const known = values.map((value, i) => (value === value && isMixed[i] === 0 ? 1 : 0));
  const left = values.map((value, i) => (known[i] === 1 ? value - first[i]! : 0));
  const added = boost([first, ...features], left, known, CENTRE);
  const rest = left.map((value, i) => (known[i] === 1 ? value - added[i]! : Number.NaN));
  const bias = medianOf(rest);
  const sizes = rest.map((value) => (value === value ? Math.abs(value - bias) : 0));
  const usual = medianOf(sizes.filter((_, i) => known[i] === 1));
  const lift = boost(
    [first, ...features],
    sizes.map((size) => size - usual),
    known,
    CENTRE,
  );
  const spread = lift.map((more) => MAD_TO_SIGMA * Math.max(more + usual, LEAST_SHARE_OF_SPREAD * usual));
  const sigma = spread.map((one) => Math.max(one, leastSigma));
  return {
    expected: first.map((one, i) => one + added[i]! + (bias === bias ? bias : 0)),
    sigma,
    z: rest.map((value, i) => (value - bias) / sigma[i]!),
    isCalm: Uint8Array.from(spread, (one) => (one < leastSigma ? 1 : 0)),
  };
}

/** Share of what a quantity reaches when it is high below which deviations do not matter. */
const IMMATERIAL = 0.03;

/** The least σ that matters of a power: 3 % of its 95th percentile. */
export function leastSigmaOf(values: Float64Array): number {
  const sizes = values.filter((value) => value === value).map(Math.abs);
  return Math.max(IMMATERIAL * (sizes.length === 0 ? 0 : quantileOf(sizes, 0.95)), Number.MIN_VALUE);
}

/** Change of the share of a slot that is worked, or of a status, from which on the mode counts as another. */
const MODE_CHANGE = { status: 0.01, worked: 0.25 };

/**
 * Slots at which the operating mode changes, and those before.
 * @param status code of the mode, mean of the slot; null where it is not reported
 * @param worked share of the slot in which the machine worked, 0–1; null where it is not reported
 */
export function mixedSlots(length: number, status: Float64Array | null, worked: Float64Array | null): Uint8Array {
  const isMixed = new Uint8Array(length);
  const step = (column: Float64Array | null, i: number) =>
    column === null ? 0 : Math.abs(column[i]! - column[i - 1]!);
  for (let i = 1; i < length; i++) {
    if (step(status, i) > MODE_CHANGE.status || step(worked, i) > MODE_CHANGE.worked) {
      isMixed[i - 1] = 1;
      isMixed[i] = 1;
    }
  }
  return isMixed;
}
