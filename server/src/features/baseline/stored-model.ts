import {
  type BaselineModel,
  Criterion,
  ModelName,
  ModelType,
  Resolution,
  ZeroReadings,
} from '@wattkeeper/contract/analytics/baseline.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import { DAYS_OF_WEEK, HOURS_OF_WEEK, penaltiesOf, termNames } from '../../analytics/baseline/basis.ts';
import type { BaselineFit } from '../../analytics/baseline/deviation.ts';
import type { Training } from '../../analytics/baseline/train.ts';
import { criteriaOf, isValid, zerosCriterion } from '../../analytics/baseline/validity.ts';
import { Corrupt } from '../../domain/errors.ts';
import { periodOf } from '../../domain/time/asked-window.ts';
import type { Window } from '../../domain/time/window.ts';
import type { BaselineRecord } from '../../storage/records/analytics/baselines.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { Driver } from './driver-loader.ts';
import type { Loaded } from './observations.ts';
import type { SuspiciousDriver } from './suspicious-drivers.ts';

const Estimates = z.object({ value: z.number(), standardError: z.number(), t: z.number(), pValue: z.number() });
const Range = z.object({ min: z.number(), max: z.number(), mean: z.number().optional() });
type MinMax = { min: number; max: number };
const StoredDriver = z.object({
  name: z.string(),
  metric: z.string(),
  deviceId: z.string(),
  category: z.object({ source: z.string(), value: z.string(), among: z.array(z.string()) }).optional(),
});
const lagHours = z.number();

/** Base64 of 64-bit floats, little-endian, since courses by hour have tens of thousands; plain numbers in earlier versions. */
const Floats = z.union([z.array(z.number()), z.string()]);

const StoredBasis = z.discriminatedUnion('type', [
  z.object({ type: z.literal('linear') }),
  z.object({
    type: z.literal('change_point'),
    heating: z.number().nullable(),
    cooling: z.number().nullable(),
    lagHours,
  }),
  z.object({
    type: z.literal('time_of_week_temperature'),
    occupied: z.array(z.number()),
    occupiedKnots: z.array(z.number()),
    unoccupiedKnots: z.array(z.number()),
    season: z.boolean().default(false),
    smooth: z.object({ restraint: z.number(), middle: z.number() }).nullable().default(null),
    lagHours,
  }),
  z.object({
    type: z.literal('day_of_week'),
    daysOff: z.array(z.number()),
    holidays: z.boolean(),
    knots: z.array(z.number()),
    offKnots: z.array(z.number()).nullable(),
    season: z.boolean(),
    apart: z.array(z.number()),
    lagHours,
  }),
]);

/** A stored model. Fields with a default were added after the linear model. */
const StoredModel = z.object({
  name: ModelName.default('linear'),
  requested: z.union([ModelType, z.literal('auto')]).default('linear'),
  resolution: Resolution.default('hour'),
  /** Earlier versions learnt zeros. */
  zeroReadings: ZeroReadings.default('valid'),
  basis: StoredBasis.default({ type: 'linear' }),
  drivers: z.array(StoredDriver),
  temperature: StoredDriver.extend({ range: Range }).nullable().default(null),
  window: z.object({ start: z.number(), end: z.number() }),
  n: z.number(),
  freedom: z.number().optional(),
  intercept: Estimates,
  coefficients: z.array(Estimates.extend({ vif: z.number() })),
  levels: z.array(z.number().nullable()).default([]),
  counts: z.array(z.number()).default([]),
  means: Floats,
  inverse: Floats,
  ranges: z.array(Range),
  balancePoints: z
    .array(z.object({ kind: z.enum(['heating', 'cooling']), value: z.number(), standardError: z.number() }))
    .default([]),
  jointP: z.object({ timeOfWeek: z.number(), temperature: z.number().nullable() }).nullable().default(null),
  categoryP: z.array(z.object({ terms: z.array(z.number()), p: z.number() })).default([]),
  candidates: z
    .array(
      z.object({
        name: ModelName,
        adjustedRSquared: z.number().nullable(),
        cvRmseOutOfSample: z.number().nullable(),
      }),
    )
    .default([]),
  rSquared: z.number(),
  adjustedRSquared: z.number(),
  rmse: z.number(),
  mae: z.number(),
  cvRmse: z.number(),
  cvRmseOutOfSample: z.number().nullable().default(null),
  nmbe: z.number(),
  diagnostics: z
    .object({
      durbinWatson: z.number(),
      heteroscedasticityP: z.number().nullable(),
      influential: z.array(z.object({ start: z.number(), cooksDistance: z.number() })),
      days: z.number(),
      biasedMonths: z.number(),
      months: z.number(),
    })
    .nullable()
    .default(null),
  fValue: z.number(),
  fPValue: z.number(),
  autocorrelation: z.number(),
  effectiveN: z.number(),
  valid: z.boolean(),
  criteria: z.array(Criterion),
  suspicious: z.array(z.object({ name: z.string(), rSquared: z.number(), reason: z.string() })).default([]),
  warnings: z.array(z.string()),
});
export type StoredModel = z.infer<typeof StoredModel>;

/** z for 95 %. */
const CONFIDENCE_95 = 1.96;

export interface TrainedWith {
  readonly requested: StoredModel['requested'];
  readonly resolution: Resolution;
  readonly zeroReadings: ZeroReadings;
  readonly drivers: readonly Driver[];
  readonly temperature: Driver | null;
  readonly window: Window;
  readonly warnings: readonly string[];
  readonly suspicious: readonly SuspiciousDriver[];
}

/** The stored data of a training. */
export function toStored(
  training: Training,
  { observations, temperatures, zeros }: Loaded,
  given: TrainedWith,
): StoredModel {
  const { regression, basis, name, balancePoints, jointP, candidates, cvRmseOutOfSample } = training;
  const { fitted: _, residuals: __, means, inverse, coefficients, levels, counts, ...statistics } = regression;
  const { drivers, temperature, warnings, suspicious, ...stored } = given;
  const outdoors = temperature && temperatures[0] && { ...temperature, range: rangeOf(temperatures[0]) };
  // A linear model uses the temperature as another driver.
  const isDriver = basis.type === 'linear' && outdoors !== null && outdoors !== undefined;
  return {
    ...statistics,
    ...stored,
    name,
    basis: mutable(basis),
    coefficients: [...coefficients],
    drivers: [...drivers, ...(isDriver ? [temperature as Driver] : [])].map(mutableDriver),
    categoryP: training.categoryP.map(({ terms, p }) => ({ terms: [...terms], p })),
    temperature: isDriver || !outdoors ? null : { ...mutableDriver(outdoors), range: outdoors.range },
    levels: Array.from(levels, (level) => (Number.isNaN(level) ? null : level)),
    counts: [...counts],
    means: packed(means),
    inverse: packed(inverse),
    ranges: [...observations.columns.map(rangeOf), ...(isDriver ? [outdoors.range] : [])],
    balancePoints: [...balancePoints],
    jointP,
    candidates: [...candidates],
    cvRmseOutOfSample,
    diagnostics: { ...training.diagnostics, influential: [...training.diagnostics.influential] },
    valid: isValid(training),
    criteria: [...criteriaOf(training, given.resolution), zerosCriterion(zeros, given.zeroReadings)],
    warnings: [...warnings],
    suspicious: [...suspicious],
  };
}

function mutableDriver({ category, ...driver }: Driver): z.infer<typeof StoredDriver> {
  return { ...driver, ...(category && { category: { ...category, among: [...category.among] } }) };
}

function packed(values: Float64Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function unpacked(floats: z.infer<typeof Floats>): ArrayLike<number> {
  if (typeof floats !== 'string') return floats;
  const bytes = Uint8Array.from(Buffer.from(floats, 'base64'));
  return new Float64Array(bytes.buffer);
}

function mutable(basis: Training['basis']): StoredModel['basis'] {
  if (basis.type === 'day_of_week') {
    const { daysOff, knots, offKnots, apart } = basis;
    return {
      ...basis,
      daysOff: [...daysOff],
      knots: [...knots],
      offKnots: offKnots && [...offKnots],
      apart: [...apart],
    };
  }
  if (basis.type !== 'time_of_week_temperature') return basis;
  const { occupied, occupiedKnots, unoccupiedKnots } = basis;
  return {
    ...basis,
    occupied: [...occupied],
    occupiedKnots: [...occupiedKnots],
    unoccupiedKnots: [...unoccupiedKnots],
  };
}

function rangeOf(column: Float64Array): MinMax & { mean: number } {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of column) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min, max, mean: sum / column.length };
}

/** Whether the record can be read again: JSON has no infinite numbers. */
export function isStorable(model: StoredModel): boolean {
  const floats = [model.means, model.inverse].map(unpacked);
  return StoredModel.safeParse(model).success && floats.every((values) => Array.from(values).every(Number.isFinite));
}

/** Throws Corrupt for an invalid record. */
export function storedModel({ id, model }: BaselineRecord): StoredModel {
  const parsed = StoredModel.safeParse(model);
  if (parsed.success) return parsed.data;
  throw new Corrupt(`the baseline ${id} cannot be read: ${parsed.error.issues[0]?.message}`, { cause: parsed.error });
}

export function fitOf(model: StoredModel): BaselineFit {
  const { basis, intercept, coefficients, means, inverse, rmse, n, effectiveN } = model;
  const slopes = coefficients.map(({ value }) => value);
  const isOne = model.levels.length === 0;
  return {
    basis,
    levels: isOne ? [intercept.value] : model.levels.map((level) => level ?? Number.NaN),
    counts: isOne ? [n] : model.counts,
    slopes,
    means: unpacked(means),
    inverse: unpacked(inverse),
    rmse,
    n,
    freedom: model.freedom ?? n - slopes.length - 1,
    effectiveN,
  };
}

/** A model in its API form. */
export function toModel(record: BaselineRecord, machine: DeviceRecord): BaselineModel {
  const model = storedModel(record);
  const terms = termNames(
    model.basis,
    model.drivers.map(({ name }) => name),
  );
  // Courses by hour have many slopes that are not significant individually.
  const penalties = penaltiesOf(model.basis, model.drivers.length);
  const shown = [...terms.keys()].filter((t) => (penalties[t] ?? 0) === 0);
  const ofTerm = (key: 'value' | 'standardError' | 't' | 'pValue' | 'vif') =>
    Object.fromEntries(shown.map((t) => [terms[t]!, model.coefficients[t]![key]]));
  return {
    model_id: record.id,
    machine_id: machine.id,
    machine_name: machine.name,
    model_version: record.version,
    is_active: record.isActive,
    trained_at: formatInstant(record.trainedAt),
    time_period: periodOf(model.window),
    model_type: model.basis.type,
    model_name: model.name,
    resolution: model.resolution,
    zero_readings: model.zeroReadings,
    training_samples: model.n,
    r_squared: model.rSquared,
    adjusted_r_squared: model.adjustedRSquared,
    rmse: model.rmse,
    mae: model.mae,
    cv_rmse: model.cvRmse,
    cv_rmse_out_of_sample: model.cvRmseOutOfSample,
    nmbe: model.nmbe,
    f_value: model.fValue,
    f_p_value: model.fPValue,
    autocorrelation: model.autocorrelation,
    effective_samples: model.effectiveN,
    intercept: model.intercept.value,
    coefficients: ofTerm('value'),
    standard_errors: ofTerm('standardError'),
    t_values: ofTerm('t'),
    p_values: ofTerm('pValue'),
    vif: ofTerm('vif'),
    ...shapeOf(model),
    categorical_drivers: categoricalOf(model, terms.length),
    diagnostics: model.diagnostics && {
      durbin_watson: model.diagnostics.durbinWatson,
      heteroscedasticity_p: model.diagnostics.heteroscedasticityP,
      influential: model.diagnostics.influential.map(({ start, cooksDistance }) => ({
        at: formatInstant(start),
        cooks_distance: cooksDistance,
      })),
    },
    driver_ranges: driverRanges(model),
    valid: model.valid,
    criteria: model.criteria,
    suspicious_drivers: model.suspicious.map(({ name, rSquared, reason }) => ({ name, r_squared: rSquared, reason })),
    warnings: model.warnings,
  };
}

/** Fields that only models of the temperature have. */
function shapeOf({ basis, balancePoints, candidates, levels, jointP }: StoredModel) {
  return {
    balance_points: balancePoints.map(({ kind, value, standardError }) => ({
      kind,
      temperature_c: value,
      standard_error_c: standardError,
      lower_c: value - CONFIDENCE_95 * standardError,
      upper_c: value + CONFIDENCE_95 * standardError,
    })),
    lag_hours: basis.type === 'linear' ? null : basis.lagHours,
    time_of_week:
      basis.type === 'time_of_week_temperature' && jointP !== null
        ? {
            levels_kwh: levels,
            occupied: Array.from({ length: HOURS_OF_WEEK }, (_, hour) => basis.occupied.includes(hour)),
            p_value: jointP.timeOfWeek,
            temperature_p_value: jointP.temperature,
          }
        : null,
    day_of_week:
      basis.type === 'day_of_week' && jointP !== null
        ? {
            levels_kwh: levels.slice(0, DAYS_OF_WEEK),
            holiday_level_kwh: basis.holidays ? (levels[DAYS_OF_WEEK] ?? null) : null,
            in_use: Array.from({ length: DAYS_OF_WEEK }, (_, day) => !basis.daysOff.includes(day)),
            p_value: jointP.timeOfWeek,
            temperature_p_value: jointP.temperature,
          }
        : null,
    candidates: candidates.map(({ name, adjustedRSquared, cvRmseOutOfSample }) => ({
      model_name: name,
      adjusted_r_squared: adjustedRSquared,
      cv_rmse_out_of_sample: cvRmseOutOfSample,
    })),
  };
}

function categoricalOf({ drivers, categoryP }: StoredModel, terms: number) {
  const first = terms - drivers.length;
  const bySource = Map.groupBy(
    drivers.flatMap(({ category }, d) => (category ? [{ ...category, term: first + d }] : [])),
    ({ source }) => source,
  );
  return [...bySource].map(([name, some]) => ({
    name,
    base: some[0]!.among.find((one) => some.every(({ value }) => value !== one))!,
    categories: some[0]!.among,
    p_value: categoryP.find(({ terms: own }) => own.includes(some[0]!.term))?.p ?? null,
  }));
}

/** For each driver, and for the temperature. */
function driverRanges({ drivers, ranges, means: packedMeans, temperature }: StoredModel) {
  const means = unpacked(packedMeans);
  const ofDrivers = drivers.map(({ name }, d) => [name, { mean: means[d]!, ...ranges[d]! }]);
  const outdoors = temperature ? [[temperature.name, { mean: Number.NaN, ...temperature.range }]] : [];
  return Object.fromEntries([...ofDrivers, ...outdoors]);
}
