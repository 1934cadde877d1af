import { boost } from '../forecast/boosted-trees.ts';
import { medianOf, quantileOf } from './robust.ts';

/** Slots of one quantity with its influences. All columns have the same length; NaN is missing. */
export interface Conditions {
  readonly values: Float64Array;
  /** A model's expected value of each slot; null without a model. */
  readonly guess: Float64Array | null;
  /** Other influences: mode, hour of the day, day of the week, temperature … */
  readonly features: readonly Float64Array[];
  /** 1: the operating mode changed in the slot or in a neighbouring one, so its mean belongs to neither mode. */
  readonly isMixed: Uint8Array;
  /** Lower bound of σ, in the quantity's unit: smaller deviations do not matter. */
  readonly minSigma: number;
}

/** The expected value of a quantity slot by slot, and its usual deviation. */
export interface Normal {
  readonly expected: Float64Array;
  readonly sigma: Float64Array;
  /** (value − expected) ÷ σ; NaN where the value is missing or of mixed mode. */
  readonly z: Float64Array;
  /** 1: the usual spread is below the minimum σ, which is used instead. */
  readonly isCalm: Uint8Array;
}

const CENTRE = { rounds: 60, learningRate: 0.15, depth: 4, minRows: 24 };
/** σ of a normal distribution ÷ its median absolute deviation. */
const MAD_TO_SIGMA = 1.4826;
const MIN_SHARE_OF_SPREAD = 0.1;

/**
 * Learns normal values from the slots themselves: the conditional median and the conditional median absolute deviation around it, both with
 * boosted trees. A few anomalous slots hardly change a median, so they need not be known beforehand.
 */
export function learnNormal({ values, guess, features, isMixed, minSigma }: Conditions): Normal {
  const middle = medianOf(values);
  const first = values.map((_, i) => (guess?.[i] === guess?.[i] ? (guess?.[i] ?? middle) : middle));
  const known = values.map((value, i) => (value === value && isMixed[i] === 0 ? 1 : 0));
  const residuals = values.map((value, i) => (known[i] === 1 ? value - first[i]! : 0));
  const added = boost([first, ...features], residuals, known, CENTRE);
  const rest = residuals.map((value, i) => (known[i] === 1 ? value - added[i]! : Number.NaN));
  const bias = medianOf(rest);
  const sizes = rest.map((value) => (value === value ? Math.abs(value - bias) : 0));
  const usual = medianOf(sizes.filter((_, i) => known[i] === 1));
  const lift = boost(
    [first, ...features],
    sizes.map((size) => size - usual),
    known,
    CENTRE,
  );
  const spread = lift.map((more) => MAD_TO_SIGMA * Math.max(more + usual, MIN_SHARE_OF_SPREAD * usual));
  const sigma = spread.map((one) => Math.max(one, minSigma));
  return {
    expected: first.map((one, i) => one + added[i]! + (bias === bias ? bias : 0)),
    sigma,
    z: rest.map((value, i) => (value - bias) / sigma[i]!),
    isCalm: Uint8Array.from(spread, (one) => (one < minSigma ? 1 : 0)),
  };
}

/** Deviations below this share of a quantity's 95th percentile do not matter. */
const IMMATERIAL_SHARE = 0.03;

/** Minimum σ of a power: 3 % of its 95th percentile. */
export function minSigmaOf(values: Float64Array): number {
  const sizes = values.filter((value) => value === value).map(Math.abs);
  return Math.max(IMMATERIAL_SHARE * (sizes.length === 0 ? 0 : quantileOf(sizes, 0.95)), Number.MIN_VALUE);
}

/** The mode has changed when the status, or the worked share of a slot, changes by more than this. */
const MODE_CHANGE = { status: 0.01, worked: 0.25 };

/**
 * Marks the slots in which the operating mode changes, and the slot before each.
 * @param status code of the mode, mean of the slot; null if not reported
 * @param worked share of the slot in which the machine worked, 0–1; null if not reported
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
