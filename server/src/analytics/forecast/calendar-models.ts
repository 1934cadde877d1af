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

/** Rows from which it is learnt how errors fade. */
const FADE_DAYS = 120;
const MIN_FADE_ROWS = 30;
const BOOST = { rounds: 70, learningRate: 0.08, depth: 4, leastRows: 20 };

/**
 * Median regression on the calendar (Fourier terms of the clock by kind of day, weekdays, holidays), temperature, and the load of the same
 * clock time on days before. What the newest errors tell is carried on and fades as it did in the past.
 */
export function fitCalendarRegression(history: History, options: CalendarOptions): Fitted {
  const frame = calendarFrame(history, options);
  return carriedOn(frame, regression(frame));
}

/** The mean of two models that err in different ways: the regression, and trees upon the median of the newest seven days. */
export function fitMixture(history: History, options: CalendarOptions): Fitted {
  const frame = calendarFrame(history, options);
  const { columns, median } = treeColumns(frame);
  const parts = [carriedOn(frame, regression(frame)), carriedOn(frame, withTrees(frame, median, columns))];
  return {
    predict: (steps) => {
      const [first, second] = parts.map((part) => part.predict(steps)) as [Float64Array, Float64Array];
      return first.map((value, k) => (value + second[k]!) / 2);
    },
  };
}

/** kW of every row by the regression. */
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

function carriedOn(frame: CalendarFrame, fitted: Float64Array): Fitted {
  const { known, steps, weights, slots } = frame;
  const errors = knownOf(frame).map((value, r) => (weights[r] === 0 ? 0 : value - fitted[r]!));
  const carried = fade(errors, slots.perDay, steps);
  return {
    predict: (asked) =>
      Float64Array.from({ length: Math.min(asked, steps) }, (_, k) => fitted[known + k]! + carried[k]!),
  };
}

/** How the newest error and the mean error of the last day go on, step by step: by least squares on what followed such errors before. */
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
