import { type BaselineModel, Criterion } from '@wattkeeper/contract/baseline.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { z } from 'zod';
import type { BaselineFit } from '../../analytics/baseline/deviation.ts';
import type { Regression } from '../../analytics/baseline/least-squares.ts';
import { criteriaOf, isValid } from '../../analytics/baseline/validity.ts';
import { Corrupt } from '../../domain/errors.ts';
import type { Window } from '../../domain/window.ts';
import type { BaselineRecord } from '../../storage/records/baselines.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import type { Driver } from './driver-loader.ts';

const Estimates = z.object({ value: z.number(), standardError: z.number(), t: z.number(), pValue: z.number() });

/** A model as it is kept. */
const StoredModel = z.object({
  drivers: z.array(z.object({ name: z.string(), metric: z.string(), deviceId: z.string() })),
  window: z.object({ start: z.number(), end: z.number() }),
  n: z.number(),
  intercept: Estimates,
  coefficients: z.array(Estimates.extend({ vif: z.number() })),
  means: z.array(z.number()),
  inverse: z.array(z.number()),
  ranges: z.array(z.object({ min: z.number(), max: z.number() })),
  rSquared: z.number(),
  adjustedRSquared: z.number(),
  rmse: z.number(),
  mae: z.number(),
  cvRmse: z.number(),
  nmbe: z.number(),
  fValue: z.number(),
  fPValue: z.number(),
  autocorrelation: z.number(),
  effectiveN: z.number(),
  valid: z.boolean(),
  criteria: z.array(Criterion),
  warnings: z.array(z.string()),
});
export type StoredModel = z.infer<typeof StoredModel>;

/** What is kept of a regression. */
export function toStored(
  fit: Regression,
  columns: readonly Float64Array[],
  { drivers, window, warnings }: { drivers: readonly Driver[]; window: Window; warnings: readonly string[] },
): StoredModel {
  const { fitted: _, residuals: __, means, inverse, coefficients, ...statistics } = fit;
  return {
    ...statistics,
    coefficients: [...coefficients],
    drivers: [...drivers],
    window,
    means: [...means],
    inverse: [...inverse],
    ranges: columns.map((column) =>
      column.reduce((range, value) => ({ min: Math.min(range.min, value), max: Math.max(range.max, value) }), {
        min: Number.POSITIVE_INFINITY,
        max: Number.NEGATIVE_INFINITY,
      }),
    ),
    valid: isValid(fit),
    criteria: criteriaOf(fit),
    warnings: [...warnings],
  };
}

/** Throws Corrupt for a record that no version of this program wrote. */
export function storedModel({ id, model }: BaselineRecord): StoredModel {
  const parsed = StoredModel.safeParse(model);
  if (parsed.success) return parsed.data;
  throw new Corrupt(`the baseline ${id} cannot be read: ${parsed.error.issues[0]?.message}`, { cause: parsed.error });
}

export function fitOf({
  intercept,
  coefficients,
  means,
  inverse,
  ranges,
  rmse,
  n,
  effectiveN,
}: StoredModel): BaselineFit {
  const slopes = coefficients.map(({ value }) => value);
  return { intercept: intercept.value, slopes, means, inverse, ranges, rmse, n, effectiveN };
}

/** A model as the API shows it. */
export function toModel(record: BaselineRecord, machine: DeviceRecord): BaselineModel {
  const model = storedModel(record);
  const byDriver = <T>(pick: (index: number) => T): Record<string, T> =>
    Object.fromEntries(model.drivers.map(({ name }, d) => [name, pick(d)]));
  const ofCoefficient = (key: 'value' | 'standardError' | 't' | 'pValue' | 'vif') =>
    byDriver((d) => model.coefficients[d]?.[key] as number);
  return {
    model_id: record.id,
    machine_id: machine.id,
    machine_name: machine.name,
    model_version: record.version,
    is_active: record.isActive,
    trained_at: formatInstant(record.trainedAt),
    time_period: { start: formatInstant(model.window.start), end: formatInstant(model.window.end) },
    training_samples: model.n,
    r_squared: model.rSquared,
    adjusted_r_squared: model.adjustedRSquared,
    rmse: model.rmse,
    mae: model.mae,
    cv_rmse: model.cvRmse,
    nmbe: model.nmbe,
    f_value: model.fValue,
    f_p_value: model.fPValue,
    autocorrelation: model.autocorrelation,
    effective_samples: model.effectiveN,
    intercept: model.intercept.value,
    coefficients: ofCoefficient('value'),
    standard_errors: ofCoefficient('standardError'),
    t_values: ofCoefficient('t'),
    p_values: ofCoefficient('pValue'),
    vif: ofCoefficient('vif'),
    driver_ranges: byDriver((d) => ({
      ...(model.ranges[d] as { min: number; max: number }),
      mean: model.means[d] as number,
    })),
    valid: model.valid,
    criteria: model.criteria,
    warnings: model.warnings,
  };
}
