import { CANDIDATES, type Candidate, type CandidateName } from './candidates.ts';
import type { ForecastEngines } from './engines.ts';
import { type Slots, slotsFrom } from './slots.ts';

export interface ForecastTask {
  readonly candidate: CandidateName;
  /** At least `steps` longer than `values`. */
  readonly slots: Slots;
  /** kW; NaN is missing. */
  readonly values: Float64Array;
  readonly steps: number;
}

export interface BacktestTask extends ForecastTask {
  /** First slots of the forecasts; each forecast uses earlier slots only. */
  readonly origins: readonly number[];
}

/** Forecast for the slots after the history, kW. */
export function forecast({ candidate, slots, values, steps }: ForecastTask, engines: ForecastEngines): Float64Array {
  const { maxDays, fit }: Candidate = CANDIDATES[candidate];
  const from = Math.max(0, values.length - maxDays * slots.perDay);
  return fit({ slots: slotsFrom(slots, from), values: values.subarray(from) }, { steps, engines }).predict(steps);
}

/** Rolling-origin evaluation: the model is refitted at each origin. Returns a row of `steps` forecasts per origin. */
export function backtest({ origins, ...task }: BacktestTask, engines: ForecastEngines): Float64Array {
  const { steps, values } = task;
  const rows = new Float64Array(origins.length * steps);
  for (const [i, origin] of origins.entries()) {
    rows.set(forecast({ ...task, values: values.subarray(0, origin) }, engines), i * steps);
  }
  return rows;
}
