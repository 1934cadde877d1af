import type { Basis } from './basis.ts';
import { type BalancePoint, fitChangePoint, SHAPES, type Shape, searchGrid } from './change-point.ts';
import { type Observations, rowsOf } from './conditions.ts';
import { predict } from './deviation.ts';
import { type Diagnostics, diagnose } from './diagnostics.ts';
import { leastSquares, type Regression } from './least-squares.ts';
import {
  type Beside,
  bestSmooth,
  fitTimeOfWeek,
  jointPOf,
  NOTHING_BESIDE,
  type TimeOfWeekFit,
} from './time-of-week.ts';
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
}

type TimeOfWeekName =
  | 'time_of_week_temperature'
  | 'time_of_week_temperature_season'
  | 'time_of_week_temperature_smooth';

/** One of the models that were held against each other. */
export interface Candidate {
  readonly name: 'linear' | Shape | TimeOfWeekName;
  readonly adjustedRSquared: number | null;
  /** √(mean squared error) ÷ mean, on weeks that were left out of the fit; null where it cannot be had. */
  readonly cvRmseOutOfSample: number | null;
}

export interface Training extends Fitted {
  readonly name: Candidate['name'];
  readonly cvRmseOutOfSample: number | null;
  readonly candidates: readonly Candidate[];
  /** p of the hours of the week and of the temperature, each as a whole; null where every term stands by itself. */
  readonly jointP: ReturnType<typeof jointPOf> | null;
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
  const fits = tried.filter((one): one is Attempt<Fitted> => !('reason' in one.fitted));
  const [first, ...others] = fits;
  if (first === undefined) return (tried[0] as Attempt).fitted as Unfit;
  const best = others.reduce((least, one) => (isBetter(one, least) ? one : least), first);
  const { name, cvRmseOutOfSample } = best.candidate;
  const { fitted, observations } = best;
  const jointP = isOfWeeks(fitted) ? jointPOf(fitted, observations) : null;
  const diagnostics = diagnose(fitted, observations);
  return { ...fitted, name, cvRmseOutOfSample, candidates, jointP, diagnostics };
}

function isOfWeeks(fitted: Fitted): fitted is Fitted & TimeOfWeekFit {
  return fitted.basis.type === 'time_of_week_temperature';
}

function namesFor({ type, observations, temperatures }: TrainingInput): Candidate['name'][] {
  if (type === 'linear') return ['linear'];
  if (type === 'change_point') return [...SHAPES];
  if (type === 'time_of_week_temperature') return ['time_of_week_temperature'];
  const linear = observations.columns.length + temperatures.length > 0 ? (['linear'] as const) : [];
  if (temperatures.length === 0) return [...linear];
  if (observations.hourOfWeek === null) return [...linear, ...SHAPES];
  const seasonal = showsSeasons(observations) ? (['time_of_week_temperature_season'] as const) : [];
  return [...linear, ...SHAPES, 'time_of_week_temperature', ...seasonal, 'time_of_week_temperature_smooth'];
}

interface Attempt<T = Fitted | Unfit> {
  readonly fitted: T;
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
  if (isShape(name)) {
    const lag = leastIndex(lagged.map((one) => searchGrid(one, name)?.sse ?? Number.POSITIVE_INFINITY));
    return { fit: (one) => fitChangePoint(one, name, lag), observations: lagged[lag] as Observations };
  }
  const lagHours = leastIndex(lagged.map((one) => errorOf(fitTimeOfWeek(one))));
  const own = lagged[lagHours] as Observations;
  const beside = { ...besideOf(name, own), lagHours };
  return { fit: (one) => withoutBends(fitTimeOfWeek(one, beside)), observations: own };
}

function isShape(name: Candidate['name']): name is Shape {
  return (SHAPES as readonly string[]).includes(name);
}

function besideOf(name: TimeOfWeekName, observations: Observations): Beside {
  if (name === 'time_of_week_temperature') return NOTHING_BESIDE;
  if (name === 'time_of_week_temperature_season') return { ...NOTHING_BESIDE, season: true };
  const beside = { ...NOTHING_BESIDE, season: showsSeasons(observations) };
  return { ...beside, smooth: bestSmooth(observations, beside, weeksOf(observations)) };
}

function showsSeasons({ starts }: Observations): boolean {
  return (starts.at(-1) ?? 0) - (starts[0] ?? 0) >= SEASON_MS;
}

/** Whole weeks stay together, so that no hour is told by its neighbour; each part has weeks of every season. */
function weeksOf({ starts }: Observations): Uint8Array {
  return Uint8Array.from(starts, (start) => Math.floor(start / WEEK_MS) % FOLDS);
}

function fitLinear({ columns, kwh }: Observations): Fitted | Unfit {
  const basis: Basis = { type: 'linear' };
  const regression = leastSquares(columns, kwh);
  if ('kind' in regression) return { basis, reason: regression };
  return { basis, regression, balancePoints: [] };
}

function withoutBends(fit: TimeOfWeekFit | Unfit): Fitted | Unfit {
  return 'reason' in fit ? fit : { ...fit, balancePoints: [] };
}

function errorOf(fit: TimeOfWeekFit | Unfit): number {
  return 'reason' in fit ? Number.POSITIVE_INFINITY : fit.regression.rmse;
}

function leastIndex(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

function outOfSample(fit: Fit, observations: Observations): number | null {
  const parts = weeksOf(observations);
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
 * Parts that tell nothing cost 1/n of the squared error each out of sample, half of that of its root: a model of more parts has to gain as
 * much beyond that, lest it be chosen by chance.
 */
function isBetter(one: Attempt<Fitted>, best: Attempt<Fitted>): boolean {
  const [own, least] = [one.candidate.cvRmseOutOfSample, best.candidate.cvRmseOutOfSample];
  if (own === null) return false;
  const { n, freedom } = one.fitted.regression;
  const more = Math.max(best.fitted.regression.freedom - freedom, 1);
  return least === null || own < least * (1 - (0.5 * more) / n);
}
