import { boost } from './boosted-trees.ts';
import {
  type CalendarFrame,
  type CalendarOptions,
  calendarFrame,
  regressionRows,
  treeColumns,
} from './calendar-frame.ts';
import type { Fitted, History } from './slots.ts';
import { dot, fitAbsolute, fitSquares } from './weighted-fit.ts';

/** Days of residuals from which their decay is estimated. */
const FADE_DAYS = 120;
const MIN_FADE_ROWS = 30;
const BOOST = { rounds: 70, learningRate: 0.08, depth: 4, minRows: 20 };

/**
 * Median regression on the calendar (Fourier terms of the clock by kind of day, weekdays, holidays), temperature, and the load at the same
 * clock time on earlier days. The newest residuals are carried forward and decay as they did in the past.
 */
export function fitCalendarRegression(history: History, options: CalendarOptions): Fitted {
  const frame = calendarFrame(history, options);
  return withResiduals(frame, regression(frame));
}

/** The mean of two models with different kinds of errors: the regression, and trees on the median of the newest seven days. */
export function fitMixture(history: History, options: CalendarOptions): Fitted {
  const frame = calendarFrame(history, options);
  const { columns, median } = treeColumns(frame);
  const parts = [withResiduals(frame, regression(frame)), withResiduals(frame, withTrees(frame, median, columns))];
  return {
    predict: (steps) => {
      const [first, second] = parts.map((part) => part.predict(steps)) as [Float64Array, Float64Array];
      return first.map((value, k) => (value + second[k]!) / 2);
    },
  };
}

/** kW of every row, by the regression. */
function regression(frame: CalendarFrame): Float64Array {
  const x = regressionRows(frame);
  const slopes = fitAbsolute({ ...x, rows: frame.known }, knownOf(frame), frame.weights);
  return Float64Array.from({ length: x.rows }, (_, r) => dot(x, r, slopes));
}

function withTrees(frame: CalendarFrame, base: Float64Array, columns: readonly Float64Array[]): Float64Array {
  const errors = knownOf(frame).map((value, r) => value - base[r]!);
  const added = boost(columns, errors, frame.weights, BOOST);
  return base.map((value, r) => value + added[r]!);
}

function knownOf({ filled, first }: CalendarFrame): Float64Array {
  return filled.subarray(first);
}

function withResiduals(frame: CalendarFrame, fitted: Float64Array): Fitted {
  const { known, steps, weights, slots } = frame;
  const errors = knownOf(frame).map((value, r) => (weights[r] === 0 ? 0 : value - fitted[r]!));
  const carried = fade(errors, slots.perDay, steps);
  return {
    predict: (asked) =>
      Float64Array.from({ length: Math.min(asked, steps) }, (_, k) => fitted[known + k]! + carried[k]!),
  };
}

/** Forecast of the residuals from the newest one and the mean of the last day, step by step: least squares on past residuals. */
function fade(errors: Float64Array, perDay: number, steps: number): Float64Array {
  const n = errors.length;
  const from = Math.max(perDay, n - FADE_DAYS * perDay);
  const means = new Float64Array(n);
  let sum = 0;
  for (let r = 0; r < n; r++) {
    sum += errors[r]! - (r >= perDay ? errors[r - perDay]! : 0);
    means[r] = sum / Math.min(perDay, r + 1);
  }
  return Float64Array.from({ length: steps }, (_, k) => {
    const rows = n - from - k - 1;
    if (rows < MIN_FADE_ROWS) return 0;
    const values = new Float64Array(3 * rows);
    for (let r = 0; r < rows; r++) values.set([1, errors[from + r]!, means[from + r]!], 3 * r);
    const followed = errors.subarray(from + k + 1);
    const [, ofLast, ofMean] = fitSquares({ rows, columns: 3, values }, followed, new Float64Array(rows).fill(1));
    return (ofLast as number) * errors[n - 1]! + (ofMean as number) * means[n - 1]!;
  });
}
