import { CANDIDATES, type Candidate, type CandidateName } from './candidates.ts';
import type { ForecastEngines } from './engines.ts';
import { type Slots, slotsFrom } from './slots.ts';

export interface ForecastTask {
  readonly candidate: CandidateName;
  /** At least `steps` longer than the values. */
  readonly slots: Slots;
  /** kW; NaN is missing. */
  readonly values: Float64Array;
  readonly steps: number;
}

export interface BacktestTask extends ForecastTask {
  /** Slots at which forecasts begin: each knows only what is before it. */
  readonly origins: readonly number[];
}

/** kW of the slots after the history. */
export function forecast({ candidate, slots, values, steps }: ForecastTask, engines: ForecastEngines): Float64Array {
  const { mostDays, fit }: Candidate = CANDIDATES[candidate];
  const from = Math.max(0, values.length - mostDays * slots.perDay);
  return fit({ slots: slotsFrom(slots, from), values: values.subarray(from) }, { steps, engines }).predict(steps);
}

/** Rolling origin: what the model would have foretold at each origin, fitted anew each time. A row of `steps` for each origin. */
export function backtest({ origins, ...task }: BacktestTask, engines: ForecastEngines): Float64Array {
  const { steps, values } = task;
  const rows = new Float64Array(origins.length * steps);
  for (const [i, origin] of origins.entries()) {
    rows.set(forecast({ ...task, values: values.subarray(0, origin) }, engines), i * steps);
  }
  return rows;
}
