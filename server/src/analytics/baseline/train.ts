import type { Basis } from './basis.ts';
import { type BalancePoint, fitChangePoint, SHAPES, type Shape, searchGrid } from './change-point.ts';
import { type Observations, rowsOf } from './conditions.ts';
import { predict } from './deviation.ts';
import { type Diagnostics, diagnose } from './diagnostics.ts';
import { leastSquares, type Regression } from './least-squares.ts';
import { fitTimeOfWeek, type TimeOfWeekFit } from './time-of-week.ts';
import type { Unfit } from './unfit.ts';

export type ModelType = 'linear' | 'change_point' | 'time_of_week_temperature';

export interface TrainingInput {
  readonly type: ModelType | 'auto';
  /** Without a temperature: that comes below. Hours of the week are null for days. */
  readonly observations: Observations;
  /** Outdoors, °C, by how many hours ago it was, from 0; empty for a linear model, and where nothing measures it. */
  readonly temperatures: readonly Float64Array[];
}

/** A model that was fitted, and how well it tells what it has not seen. */
export interface Fitted {
  readonly basis: Basis;
  readonly regression: Regression;
  readonly balancePoints: readonly BalancePoint[];
  /** p of the hours of the week and of the temperature, each as a whole; null where every term stands by itself. */
  readonly jointP: TimeOfWeekFit['jointP'] | null;
}

/** One of the models that were held against each other. */
export interface Candidate {
  readonly name: 'linear' | Shape | 'time_of_week_temperature' | 'time_of_week_temperature_season';
  readonly adjustedRSquared: number | null;
  /** √(mean squared error) ÷ mean, on weeks that were left out of the fit; null where it cannot be had. */
  readonly cvRmseOutOfSample: number | null;
}

export interface Training extends Fitted {
  readonly name: Candidate['name'];
  readonly cvRmseOutOfSample: number | null;
  readonly candidates: readonly Candidate[];
  readonly diagnostics: Diagnostics;
}

const FOLDS = 5;
/** A slope whose p is greater may as well be none. */
const IDLE_P = 0.05;
const WEEK_MS = 7 * 86_400_000;
/** Less than nearly a year shows no season. */
const SEASON_MS = 330 * 86_400_000;

type Fit = (observations: Observations) => Fitted | Unfit;

/**
 * Fits the model that is asked for. Where there is a choice, the one with the least CV(RMSE) out of sample is taken: weeks are dealt
 * to five parts, and each part is predicted from the others.
 */
export function trainBaseline(input: TrainingInput): Training | Unfit {
  const tried = namesFor(input).map((name) => attempt(name, input));
  const candidates = tried.map(({ candidate }) => candidate);
  const n = input.observations.kwh.length;
  let best: Attempt | undefined;
  for (const one of tried) if (!('reason' in one.fitted) && isBetter(one.candidate, best?.candidate, n)) best = one;
  if (best === undefined || 'reason' in best.fitted) return (tried[0] as Attempt).fitted as Unfit;
  const { name, cvRmseOutOfSample } = best.candidate;
  const diagnostics = diagnose(best.fitted, best.observations);
  return { ...best.fitted, name, cvRmseOutOfSample, candidates, diagnostics };
}

function namesFor({ type, observations, temperatures }: TrainingInput): Candidate['name'][] {
  if (type === 'linear') return ['linear'];
  if (type === 'change_point') return [...SHAPES];
  if (type === 'time_of_week_temperature') return ['time_of_week_temperature'];
  const linear = observations.columns.length + temperatures.length > 0 ? (['linear'] as const) : [];
  if (temperatures.length === 0) return [...linear];
  if (observations.hourOfWeek === null) return [...linear, ...SHAPES];
  const seasonal = spanOf(observations) >= SEASON_MS ? (['time_of_week_temperature_season'] as const) : [];
  return [...linear, ...SHAPES, 'time_of_week_temperature', ...seasonal];
}

interface Attempt {
  readonly fitted: Fitted | Unfit;
  readonly candidate: Candidate;
  readonly observations: Observations;
}

function attempt(name: Candidate['name'], input: TrainingInput): Attempt {
  const { fit, observations } = prepared(name, input);
  const fitted = bending(fit(observations));
  if ('reason' in fitted)
    return { fitted, observations, candidate: { name, adjustedRSquared: null, cvRmseOutOfSample: null } };
  const { adjustedRSquared } = fitted.regression;
  return {
    fitted,
    observations,
    candidate: { name, adjustedRSquared, cvRmseOutOfSample: outOfSample(fit, observations) },
  };
}

/** Only slopes that tell something make a change point. */
function bending(fitted: Fitted | Unfit): Fitted | Unfit {
  if ('reason' in fitted || fitted.basis.type !== 'change_point') return fitted;
  const { heating, cooling } = fitted.basis;
  const bends = (heating === null ? 0 : 1) + (cooling === null ? 0 : 1);
  const slopes = fitted.regression.coefficients.slice(0, bends);
  if (slopes.every(({ pValue }) => pValue < IDLE_P)) return fitted;
  return { basis: fitted.basis, reason: { kind: 'no_change_point' } };
}

/** A way to fit, with the temperature of as many hours ago as tells most. */
function prepared(
  name: Candidate['name'],
  { observations, temperatures }: TrainingInput,
): { fit: Fit; observations: Observations } {
  if (name === 'linear') {
    const columns = [...observations.columns, ...temperatures.slice(0, 1)];
    return { fit: fitLinear, observations: { ...observations, columns } };
  }
  const lagged = temperatures.map((temperature) => ({ ...observations, temperature }));
  if (name === 'time_of_week_temperature' || name === 'time_of_week_temperature_season') {
    const season = name === 'time_of_week_temperature_season';
    const lag = leastIndex(lagged.map((one) => errorOf(fitTimeOfWeek(one, 0, season))));
    return { fit: (one) => withoutBends(fitTimeOfWeek(one, lag, season)), observations: lagged[lag] as Observations };
  }
  const lag = leastIndex(lagged.map((one) => searchGrid(one, name)?.sse ?? Number.POSITIVE_INFINITY));
  return { fit: (one) => withoutJoint(fitChangePoint(one, name, lag)), observations: lagged[lag] as Observations };
}

function spanOf({ starts }: Observations): number {
  return (starts.at(-1) ?? 0) - (starts[0] ?? 0);
}

function fitLinear({ columns, kwh }: Observations): Fitted | Unfit {
  const basis: Basis = { type: 'linear' };
  const regression = leastSquares(columns, kwh);
  if ('kind' in regression) return { basis, reason: regression };
  return { basis, regression, balancePoints: [], jointP: null };
}

function withoutBends(fit: TimeOfWeekFit | Unfit): Fitted | Unfit {
  return 'reason' in fit ? fit : { ...fit, balancePoints: [] };
}

function withoutJoint(fit: ReturnType<typeof fitChangePoint>): Fitted | Unfit {
  return 'reason' in fit ? fit : { ...fit, jointP: null };
}

function errorOf(fit: TimeOfWeekFit | Unfit): number {
  return 'reason' in fit ? Number.POSITIVE_INFINITY : fit.regression.rmse;
}

function leastIndex(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

/** Whole weeks stay together, so that no hour is told by its neighbour; each part has weeks of every season. */
function outOfSample(fit: Fit, observations: Observations): number | null {
  const parts = Uint8Array.from(observations.starts, (start) => Math.floor(start / WEEK_MS) % FOLDS);
  const rowsWhere = (isWanted: (part: number) => boolean) =>
    rowsOf(
      observations,
      Uint32Array.from(parts.keys()).filter((row) => isWanted(parts[row] as number)),
    );
  let [squares, sum, count] = [0, 0, 0];
  for (const part of new Set(parts)) {
    const unseen = rowsWhere((own) => own === part);
    const seen = fit(rowsWhere((own) => own !== part));
    if ('reason' in seen) return null;
    const slopes = seen.regression.coefficients.map(({ value }) => value);
    const predicted = predict({ ...seen.regression, slopes, basis: seen.basis }, unseen, unseen.kwh.length).kwh;
    for (const [i, expected] of predicted.entries()) {
      if (Number.isNaN(expected)) continue;
      squares += ((unseen.kwh[i] as number) - expected) ** 2;
      sum += unseen.kwh[i] as number;
      count++;
    }
  }
  return count === 0 ? null : Math.sqrt(squares / count) / (sum / count);
}

/**
 * A model of more parts has to gain more out of sample than a part that tells nothing costs there: 1/n of the squared error, half of
 * that of its root.
 */
function isBetter(one: Candidate, best: Candidate | undefined, n: number): boolean {
  if (best === undefined) return true;
  if (one.cvRmseOutOfSample === null) return false;
  return best.cvRmseOutOfSample === null || one.cvRmseOutOfSample < best.cvRmseOutOfSample * (1 - 0.5 / n);
}
