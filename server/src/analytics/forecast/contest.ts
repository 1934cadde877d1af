import { type Accuracy, accuracyOf, meanAbsoluteError } from './accuracy.ts';
import type { BacktestTask } from './backtest.ts';
import { CANDIDATES, type Candidate, type CandidateName } from './candidates.ts';
import { type Horizon, originsOf } from './horizons.ts';
import { type Calibration, calibrate, type Trials } from './intervals.ts';
import type { Slots } from './slots.ts';

/** Forecasts of back-tests, or the reason for their absence. */
export type BacktestOutcome = { readonly predicted: Float64Array } | { readonly failed: string };
export type RunBacktest = (task: BacktestTask) => Promise<BacktestOutcome>;

/** Result of one model. */
export interface Entry {
  readonly candidate: CandidateName;
  /** kW, over the back-tests common to all models; null if the model is not ranked. */
  readonly mae: number | null;
  readonly reason: string | null;
}

export interface ContestTask {
  /** At least a horizon longer than `values`. */
  readonly slots: Slots;
  /** kW; NaN is missing. */
  readonly values: Float64Array;
  readonly horizon: Horizon;
  /** Default: all models. */
  readonly names?: readonly CandidateName[];
}

/** The selected model of a series and its accuracy: plain data. */
export interface Contest {
  readonly best: CandidateName;
  /** The better of the two seasonal naive forecasts, over the same back-tests as the accuracy. */
  readonly naive: { readonly candidate: CandidateName; readonly mae: number };
  readonly accuracy: Accuracy;
  /** Forecast skill: 1 − MAE ÷ MAE of the naive forecast; 0 or less is no better than naive. */
  readonly skill: number;
  readonly calibration: Calibration;
  readonly origins: number;
  /** Best first. */
  readonly entries: readonly Entry[];
}

const CANDIDATE_NAMES = Object.keys(CANDIDATES) as CandidateName[];
const NAIVE: readonly CandidateName[] = ['naive_day', 'naive_week'];
/** Every fourth back-test is used to select the finalists. */
const QUALIFYING_EVERY = 4;
const FINALISTS = 2;

/**
 * Selects a model by back-tests: all models with enough history at a few origins, then the best of them at all origins. The criterion is
 * the mean absolute error alone.
 * @returns null if the history is too short for a back-test
 */
export async function contest(
  { slots, values, horizon, names = CANDIDATE_NAMES }: ContestTask,
  run: RunBacktest,
  progress: (share: number, candidate: CandidateName) => void = () => {},
): Promise<Contest | null> {
  const { steps } = horizon;
  const origins = originsOf(horizon, slots.perDay, values.length);
  if (origins.length === 0) return null;
  const days = origins[0]! / slots.perDay;
  const trial = async (candidate: CandidateName, at: readonly number[]) => {
    const outcome = await run({ candidate, slots, values, steps, origins: at });
    if ('failed' in outcome) return outcome;
    const trials: Trials = { slots, values, steps, origins: at, predicted: outcome.predicted };
    const mae = meanAbsoluteError(trials);
    return Number.isNaN(mae) ? { failed: 'its forecast has missing values' } : { trials, mae };
  };
  const qualifying = origins.filter((_, i) => (origins.length - 1 - i) % QUALIFYING_EVERY === 0);
  const entries: Entry[] = [];
  for (const [i, candidate] of names.entries()) {
    progress(i / (names.length + FINALISTS), candidate);
    const { minDays, title }: Candidate = CANDIDATES[candidate];
    const found =
      days < minDays ? { failed: `${title} requires ${minDays} days of history` } : await trial(candidate, qualifying);
    entries.push(
      'failed' in found ? { candidate, mae: null, reason: found.failed } : { candidate, mae: found.mae, reason: null },
    );
  }
  entries.sort((a, b) => (a.mae ?? Number.POSITIVE_INFINITY) - (b.mae ?? Number.POSITIVE_INFINITY));
  const ranked = entries.filter(({ mae }) => mae !== null).map(({ candidate }) => candidate);
  const finalists = new Set([
    ...ranked.slice(0, FINALISTS),
    ...ranked.filter((candidate) => NAIVE.includes(candidate)),
  ]);
  const finals: { candidate: CandidateName; trials: Trials; mae: number }[] = [];
  for (const [i, candidate] of [...finalists].entries()) {
    progress((names.length + Math.min(i, FINALISTS - 1)) / (names.length + FINALISTS), candidate);
    const found = await trial(candidate, origins);
    if (!('failed' in found)) finals.push({ candidate, ...found });
  }
  return outcomeOf(finals, entries, slots.perDay);
}

function outcomeOf(
  finals: readonly { candidate: CandidateName; trials: Trials; mae: number }[],
  entries: readonly Entry[],
  perDay: number,
): Contest | null {
  const ranked = finals.toSorted((a, b) => a.mae - b.mae);
  const [best, naive] = [ranked[0], ranked.find(({ candidate }) => NAIVE.includes(candidate))];
  if (best === undefined || naive === undefined) return null;
  return {
    best: best.candidate,
    naive: { candidate: naive.candidate, mae: naive.mae },
    accuracy: accuracyOf(best.trials, perDay === 1 ? 7 : perDay),
    skill: naive.mae > 0 ? 1 - best.mae / naive.mae : 0,
    calibration: calibrate(best.trials),
    origins: best.trials.origins.length,
    entries,
  };
}
