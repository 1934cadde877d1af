import { type Degenerate, leastSquares, type Regression } from './least-squares.ts';

/** Hours of a machine: energy, and what may drive it, column by column, without NaN. */
export interface TrainingInput {
  readonly kwh: Float64Array;
  readonly columns: readonly Float64Array[];
}

/** Fits a baseline. */
export function trainBaseline({ kwh, columns }: TrainingInput): Regression | Degenerate {
  return leastSquares(columns, kwh);
}
