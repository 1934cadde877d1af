import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { type Basis, isOfWeek, type WeekBasis } from './basis.ts';
import { fitChangePoint, SHAPES, type Shape, searchGrid } from './change-point.ts';
import type { Observations } from './conditions.ts';
import { fitDayOfWeek, hasHolidays } from './day-of-week.ts';
import { type Diagnostics, diagnose } from './diagnostics.ts';
import type { Fitted } from './fitted.ts';
import { type JointP, jointPOf, type TogetherP, togetherP } from './joint-p.ts';
import { leastSquares } from './least-squares.ts';
import { isBetter, outOfSample, partsOf } from './out-of-sample.ts';
import { type Beside, bestSmooth, fitTimeOfWeek, NOTHING_BESIDE, type TimeOfWeekFit } from './time-of-week.ts';
import type { Unfit } from './unfit.ts';

export type ModelType = 'linear' | 'change_point' | 'time_of_week_temperature' | 'day_of_week';

export interface TrainingInput {
  readonly type: ModelType | 'auto';
  /** Observations without the temperature, which is a separate property. Hours of the week are null for days. */
  readonly observations: Observations;
  /** Outdoor temperature, °C, by its age in hours, from 0; empty for a linear model and if it is not measured. */
  readonly temperatures: readonly Float64Array[];
  /** Columns that are categories of one driver, which are tested together. */
  readonly categories?: readonly (readonly number[])[] | undefined;
}

type TimeOfWeekName =
  | 'time_of_week_temperature'
  | 'time_of_week_temperature_season'
  | 'time_of_week_temperature_smooth';

const DAY_NAMES = ['day_of_week', 'day_of_week_season', 'day_of_week_groups', 'day_of_week_groups_season'] as const;
type DayName = (typeof DAY_NAMES)[number];

/** One of the models that were compared. */
export interface Candidate {
  readonly name: 'linear' | Shape | TimeOfWeekName | DayName;
  readonly adjustedRSquared: number | null;
  /** Cross-validated √(mean squared error) ÷ mean; null if it cannot be computed. */
  readonly cvRmseOutOfSample: number | null;
}

export interface Training extends Fitted {
  readonly name: Candidate['name'];
  readonly cvRmseOutOfSample: number | null;
  readonly candidates: readonly Candidate[];
  /** p of the hours or days of the week and of the temperature, each as a group; null for models without levels of the week. */
  readonly jointP: JointP | null;
  readonly diagnostics: Diagnostics;
  /** p of each of the categories of the input, and their terms. */
  readonly categoryP: readonly TogetherP[];
}

/** Maximum p of a significant slope. */
const IDLE_P = 0.05;
/** A shorter history does not identify the season. */
const SEASON_MS = 330 * UTC_DAY_MS;

type Fit = (observations: Observations) => Fitted | Unfit;

/**
 * Fits the requested model. Among several candidates, selects the smallest CV(RMSE) out of sample: the weeks are divided into five folds, and
 * each fold is predicted from the others.
 */
export function trainBaseline(input: TrainingInput): Training | Unfit {
  const tried = namesFor(input).map((name) => attempt(name, input));
  const candidates = tried.map(({ candidate }) => candidate);
  const fits = tried.filter((one): one is Attempt<Fitted> => !('reason' in one.fitted));
  const [first, ...others] = fits;
  if (first === undefined) return tried[0]!.fitted as Unfit;
  const best = others.reduce((best, one) => (isBetter(scoreOf(one), scoreOf(best)) ? one : best), first);
  const { name, cvRmseOutOfSample } = best.candidate;
  const { fitted, observations } = best;
  const jointP = hasLevels(fitted) ? jointPOf(fitted, observations) : null;
  const diagnostics = diagnose(fitted, observations);
  const categoryP = (input.categories ?? []).map((columns) => togetherP(fitted, observations, columns));
  return { ...fitted, name, cvRmseOutOfSample, candidates, jointP, diagnostics, categoryP };
}

function hasLevels(fitted: Fitted): fitted is Fitted & { readonly basis: WeekBasis } {
  return isOfWeek(fitted.basis);
}

function namesFor({ type, observations, temperatures }: TrainingInput): Candidate['name'][] {
  if (type === 'linear') return ['linear'];
  if (type === 'change_point') return [...SHAPES];
  if (type === 'time_of_week_temperature') return ['time_of_week_temperature'];
  const byDay = DAY_NAMES.filter((name) => !isSeasonal(name) || showsSeasons(observations));
  if (type === 'day_of_week') return byDay;
  const linear = observations.columns.length + temperatures.length > 0 ? (['linear'] as const) : [];
  if (observations.dayOfWeek !== null) return [...linear, ...(temperatures.length > 0 ? SHAPES : []), ...byDay];
  if (temperatures.length === 0) return [...linear];
  const seasonal = showsSeasons(observations) ? (['time_of_week_temperature_season'] as const) : [];
  return [...linear, ...SHAPES, 'time_of_week_temperature', ...seasonal, 'time_of_week_temperature_smooth'];
}

function scoreOf({ candidate, fitted }: Attempt<Fitted>) {
  const { n, freedom } = fitted.regression;
  return { error: candidate.cvRmseOutOfSample, n, freedom };
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

/** A change point requires significant slopes. */
function bending(fitted: Fitted | Unfit): Fitted | Unfit {
  if ('reason' in fitted || fitted.basis.type !== 'change_point') return fitted;
  const { heating, cooling } = fitted.basis;
  const bends = (heating === null ? 0 : 1) + (cooling === null ? 0 : 1);
  const slopes = fitted.regression.coefficients.slice(0, bends);
  if (slopes.every(({ pValue }) => pValue < IDLE_P)) return fitted;
  return { basis: fitted.basis, reason: { kind: 'no_change_point' } };
}

/** A candidate model, with the temperature lag that explains most. */
function prepared(
  name: Candidate['name'],
  { observations, temperatures }: TrainingInput,
): { fit: Fit; observations: Observations } {
  if (name === 'linear') {
    const columns = [...observations.columns, ...temperatures.slice(0, 1)];
    return { fit: fitLinear, observations: { ...observations, columns } };
  }
  if (isDayName(name)) return preparedDays(name, { ...observations, temperature: temperatures[0] ?? null });
  const lagged = temperatures.map((temperature) => ({ ...observations, temperature }));
  if (isShape(name)) {
    const lag = leastIndex(lagged.map((one) => searchGrid(one, name)?.sse ?? Number.POSITIVE_INFINITY));
    return { fit: (one) => fitChangePoint(one, name, lag), observations: lagged[lag]! };
  }
  const lagHours = leastIndex(lagged.map((one) => errorOf(fitTimeOfWeek(one))));
  const own = lagged[lagHours]!;
  const beside = { ...besideOf(name, own), lagHours };
  return { fit: (one) => withoutBends(fitTimeOfWeek(one, beside)), observations: own };
}

/** Public holidays get a separate level if that lowers the error out of sample. */
function preparedDays(name: DayName, observations: Observations): { fit: Fit; observations: Observations } {
  const parts = { groups: name.startsWith('day_of_week_groups'), season: isSeasonal(name) };
  const fitWith = (holidays: boolean) => (one: Observations) => withoutBends(fitDayOfWeek(one, { ...parts, holidays }));
  const [plain, apart] = [fitWith(false), fitWith(true)];
  if (!hasHolidays(observations)) return { fit: plain, observations };
  const [without, own] = [plain, apart].map((fit) => outOfSample(fit, observations) ?? Number.POSITIVE_INFINITY);
  return { fit: own! < without! ? apart : plain, observations };
}

function isDayName(name: Candidate['name']): name is DayName {
  return (DAY_NAMES as readonly string[]).includes(name);
}

function isSeasonal(name: DayName): boolean {
  return name.endsWith('_season');
}

function isShape(name: Candidate['name']): name is Shape {
  return (SHAPES as readonly string[]).includes(name);
}

function besideOf(name: TimeOfWeekName, observations: Observations): Beside {
  if (name === 'time_of_week_temperature') return NOTHING_BESIDE;
  if (name === 'time_of_week_temperature_season') return { ...NOTHING_BESIDE, season: true };
  const beside = { ...NOTHING_BESIDE, season: showsSeasons(observations) };
  return { ...beside, smooth: bestSmooth(observations, beside, partsOf(observations)) };
}

function showsSeasons({ starts }: Observations): boolean {
  return (starts.at(-1) ?? 0) - (starts[0] ?? 0) >= SEASON_MS;
}

function fitLinear({ columns, kwh }: Observations): Fitted | Unfit {
  const basis: Basis = { type: 'linear' };
  const regression = leastSquares(columns, kwh);
  if ('kind' in regression) return { basis, reason: regression };
  return { basis, regression, balancePoints: [] };
}

function withoutBends(fit: Omit<Fitted, 'balancePoints'> | Unfit): Fitted | Unfit {
  return 'reason' in fit ? fit : { ...fit, balancePoints: [] };
}

function errorOf(fit: TimeOfWeekFit | Unfit): number {
  return 'reason' in fit ? Number.POSITIVE_INFINITY : fit.regression.rmse;
}

function leastIndex(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}
