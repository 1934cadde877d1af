import { calibrate, intervalOf, LEVELS, type Level, type Limits, type Trials } from './intervals.ts';

/** How good forecasts were in back-tests. */
export interface Accuracy {
  /** Slots that were foretold and measured. */
  readonly samples: number;
  /** Mean absolute error, kW. */
  readonly mae: number;
  /** Mean absolute error in percent of what was measured, where that was not near zero; null: nowhere. */
  readonly mape: number | null;
  /** Mean absolute error ÷ that of the naive forecast within the history (Hyndman and Koehler 2006); null: it makes none. */
  readonly mase: number | null;
  /** Mean error, kW: above zero it foretells too much. */
  readonly bias: number;
  /** Share of slots that lay within the interval, for each level; intervals learnt from other back-tests than those they are held against. */
  readonly coverage: readonly { readonly level: Level; readonly share: number }[];
  /** Of the greatest slot: share of back-tests in which it came within a slot of where it was foretold, and the mean absolute error of its kW. */
  readonly peak: { readonly hitRate: number; readonly mae: number };
}

/** A measured value below this share of the mean is too near zero for a percentage. */
const NEAR_ZERO = 0.01;
const FOLDS = 5;
/** How much more than ever before a load may take: its connection has room. */
const HEADROOM = 0.25;

/** Errors of back-tests. @param seasonSlots period of the naive forecast that MASE is scaled by */
export function accuracyOf(trials: Trials, seasonSlots: number): Accuracy {
  const pairs = pairsOf(trials);
  const known = trials.values.filter((value) => value === value);
  const typical = meanOf([...known].map(Math.abs));
  const mae = meanOf(pairs.map(({ actual, predicted }) => Math.abs(actual - predicted)));
  const ratios = pairs
    .filter(({ actual }) => Math.abs(actual) > NEAR_ZERO * typical)
    .map(({ actual, predicted }) => Math.abs((actual - predicted) / actual));
  const scale = naiveScale(trials.values, seasonSlots);
  return {
    samples: pairs.length,
    mae,
    mape: ratios.length === 0 ? null : 100 * meanOf(ratios),
    mase: scale > 0 ? mae / scale : null,
    bias: meanOf(pairs.map(({ actual, predicted }) => predicted - actual)),
    peak: peakAccuracy(trials),
    coverage: LEVELS.map((level) => ({ level, share: coverageOf(trials, level) })),
  };
}

/** Mean absolute error of back-tests, kW; NaN when nothing can be compared, or a forecast is missing where there is a measurement. */
export function meanAbsoluteError(trials: Trials): number {
  const { origins, steps, values, predicted } = trials;
  const isIncomplete = origins.some((origin, row) =>
    Array.from({ length: steps }, (_, k) => k).some(
      (k) => !Number.isNaN(values[origin + k]) && !Number.isFinite(predicted[row * steps + k]),
    ),
  );
  return isIncomplete
    ? Number.NaN
    : meanOf(pairsOf(trials).map(({ actual, predicted: value }) => Math.abs(actual - value)));
}

/** Held against back-tests that the interval was not learnt from: a fifth at a time, neighbours together. */
function coverageOf(trials: Trials, level: Level): number {
  const { origins, steps, predicted, slots, values } = trials;
  let [inside, all] = [0, 0];
  for (let fold = 0; fold < FOLDS; fold++) {
    const isHeld = (row: number) => Math.floor((row * FOLDS) / origins.length) === fold;
    const rows = [...origins.keys()];
    const calibration = calibrate(
      trials,
      rows.filter((row) => !isHeld(row)),
    );
    for (const row of rows.filter(isHeld)) {
      const from = origins[row]!;
      const own = predicted.subarray(row * steps, (row + 1) * steps);
      const { lower, upper } = intervalOf(calibration, level, {
        slots,
        from,
        predicted: own,
        limits: limitsOf(values.subarray(0, from)),
      });
      for (let k = 0; k < steps; k++) {
        const actual = values[from + k]!;
        if (Number.isNaN(actual)) continue;
        all++;
        if (actual >= lower[k]! && actual <= upper[k]!) inside++;
      }
    }
  }
  return all === 0 ? 0 : inside / all;
}

/** Back-tests in which every slot was measured count. */
function peakAccuracy({ origins, steps, values, predicted }: Trials): Accuracy['peak'] {
  const pairs = origins.flatMap((origin, row) => {
    const actual = values.subarray(origin, origin + steps);
    if (actual.some(Number.isNaN)) return [];
    const [foretold, came] = [predicted.subarray(row * steps, (row + 1) * steps), actual].map(peakOf) as [Peak, Peak];
    return [{ apart: Math.abs(foretold.step - came.step), error: Math.abs(foretold.value - came.value) }];
  });
  if (pairs.length === 0) return { hitRate: 0, mae: 0 };
  return {
    hitRate: pairs.filter(({ apart }) => apart <= 1).length / pairs.length,
    mae: meanOf(pairs.map(({ error }) => error)),
  };
}

interface Peak {
  readonly step: number;
  readonly value: number;
}

/** The greatest value and where it is. */
export function peakOf(values: Float64Array): Peak {
  let step = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[step]!) step = k;
  return { step, value: values[step]! };
}

/** What a load stays between, kW: above zero unless it was seen below it, and not far above the most that was seen. */
export function limitsOf(values: Float64Array): Limits {
  let [least, most] = [0, 0];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { least: least < 0 ? (1 + HEADROOM) * least : 0, most: (1 + HEADROOM) * most };
}

function pairsOf({ origins, steps, values, predicted }: Trials): { actual: number; predicted: number }[] {
  return origins
    .flatMap((origin, row) =>
      Array.from({ length: steps }, (_, k) => ({
        actual: values[origin + k]!,
        predicted: predicted[row * steps + k]!,
      })),
    )
    .filter((pair) => pair.actual === pair.actual && pair.predicted === pair.predicted);
}

function naiveScale(values: Float64Array, seasonSlots: number): number {
  const steps = [...values.keys()]
    .slice(seasonSlots)
    .map((s) => Math.abs(values[s]! - values[s - seasonSlots]!))
    .filter((step) => step === step);
  return meanOf(steps);
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
