import { calibrate, intervalOf, LEVELS, type Level, type Limits, type Trials } from './intervals.ts';

/** Accuracy of forecasts in back-tests. */
export interface Accuracy {
  /** Slots with a forecast and a measurement. */
  readonly samples: number;
  /** Mean absolute error, kW. */
  readonly mae: number;
  /** Mean absolute percentage error over slots whose measured value is not near zero, %; null without such slots. */
  readonly mape: number | null;
  /** Mean absolute error ÷ that of the naive forecast within the history (Hyndman and Koehler 2006); null if the latter is zero. */
  readonly mase: number | null;
  /** Mean error, kW; positive when the forecast is too high. */
  readonly bias: number;
  /**
   * Share of slots within the interval, per level. Intervals are cross-validated: they are calibrated on other back-tests than those they
   * are checked against.
   */
  readonly coverage: readonly { readonly level: Level; readonly share: number }[];
  /** For the peak slot: share of back-tests that predicted it within one slot, and the mean absolute error of its power, kW. */
  readonly peak: { readonly hitRate: number; readonly mae: number };
}

/** Measured values below this share of the mean are excluded from percentages. */
const NEAR_ZERO = 0.01;
const FOLDS = 5;
/** Margin above the highest measured load. */
const HEADROOM = 0.25;

/** Accuracy of back-tests. @param seasonSlots period of the naive forecast for MASE */
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

/** Mean absolute error of back-tests, kW; NaN without comparable slots, or if a measured slot has no forecast. */
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

/** Cross-validated coverage: intervals of each fifth of consecutive back-tests are calibrated on the others. */
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

/** Only back-tests with every slot measured count. */
function peakAccuracy({ origins, steps, values, predicted }: Trials): Accuracy['peak'] {
  const pairs = origins.flatMap((origin, row) => {
    const actual = values.subarray(origin, origin + steps);
    if (actual.some(Number.isNaN)) return [];
    const [forecast, actualPeak] = [predicted.subarray(row * steps, (row + 1) * steps), actual].map(peakOf) as [
      Peak,
      Peak,
    ];
    return [
      { distance: Math.abs(forecast.step - actualPeak.step), error: Math.abs(forecast.value - actualPeak.value) },
    ];
  });
  if (pairs.length === 0) return { hitRate: 0, mae: 0 };
  return {
    hitRate: pairs.filter(({ distance }) => distance <= 1).length / pairs.length,
    mae: meanOf(pairs.map(({ error }) => error)),
  };
}

interface Peak {
  readonly step: number;
  readonly value: number;
}

/** The maximum and its position. */
export function peakOf(values: Float64Array): Peak {
  let step = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[step]!) step = k;
  return { step, value: values[step]! };
}

/** Limits of a load, kW: not negative unless measured below zero, and not far above the highest measured value. */
export function limitsOf(values: Float64Array): Limits {
  let [min, max] = [0, 0];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min: min < 0 ? (1 + HEADROOM) * min : 0, max: (1 + HEADROOM) * max };
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
