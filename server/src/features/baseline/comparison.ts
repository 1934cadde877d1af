import type { Resolution } from '@wattkeeper/contract/analytics/baseline.ts';
import { formatInstant } from '@wattkeeper/contract/common.ts';
import { groupsOf, isOfWeek, ownCount, temperatureCount, termNames } from '../../analytics/baseline/basis.ts';
import { type Observations, rowsOf } from '../../analytics/baseline/conditions.ts';
import {
  type BaselineFit,
  extrapolated,
  type Predictions,
  predict,
  savingsUncertainty,
  severityOf,
  totalSigma,
} from '../../analytics/baseline/deviation.ts';
import { judgeSavings, type SavingsEvidence } from '../../analytics/baseline/savings.ts';
import type { Loaded } from './observations.ts';
import { fitOf, type StoredModel } from './stored-model.ts';

/** A model's prediction for hours or days, by part, in its API form. */
export interface Predicted extends Predictions {
  readonly intercept: number;
  readonly parts: Readonly<Record<string, number[]>>;
}

/** Hours or days of a window that the model can predict, with their conditions. */
export function conditionsOf(loaded: Loaded, { basis, counts }: BaselineFit): { known: Observations; rows: number[] } {
  const all = { ...loaded.observations, temperature: loaded.temperatures[0] ?? null };
  const { of: levels } = groupsOf(basis, all, all.kwh.length);
  const rows = [...all.kwh.keys()].filter((i) => counts[levels[i]!]! > 0);
  return { known: rowsOf(all, rows), rows };
}

/** Predictions with their parts: the intercept and the parts add up to each prediction. */
export function predictParts(model: StoredModel, known: Observations): Predicted {
  const fit = fitOf(model);
  const predictions = predict(fit, known, known.kwh.length);
  const terms = termNames(
    model.basis,
    model.drivers.map(({ name }) => name),
  );
  const { contributions } = predictions;
  const intercept = model.intercept.value;
  const each = (from: number) =>
    Object.fromEntries(terms.map((name, t) => [name, Array.from(contributions[t]!)]).slice(from));
  const { basis } = model;
  if (!isOfWeek(basis)) return { ...predictions, intercept, parts: each(0) };
  const [warm, own] = [temperatureCount(basis), ownCount(basis)];
  const apart = basis.type === 'day_of_week' ? basis.apart.length : 0;
  const added = (from: number, to: number) =>
    Array.from(known.kwh, (_, i) => contributions.slice(from, to).reduce((sum, part) => sum + part[i]!, 0));
  const { of: levels } = groupsOf(basis, known, known.kwh.length);
  const parts = {
    [basis.type === 'day_of_week' ? 'day_of_week' : 'time_of_week']: Array.from(
      known.kwh,
      (_, i) => fit.levels[levels[i]!]! - intercept,
    ),
    ...(warm > 0 && { temperature: added(0, warm) }),
    ...(basis.season && { season: added(warm, own - apart) }),
    ...each(own - apart),
  };
  return { ...predictions, intercept, parts };
}

/** Actual energy compared with the prediction, by hour or day, and in total. */
export function compare(model: StoredModel, loaded: Loaded) {
  const fit = fitOf(model);
  const { known, rows } = conditionsOf(loaded, fit);
  const missing = loaded.total - loaded.excluded - rows.length;
  const { kwh: predicted, intercept, parts } = predictParts(model, known);
  const adjusted = rows.map((row) => loaded.adjustedKwh[row]!);
  const isAdjusted = adjusted.some((kwh) => kwh !== 0);
  const beyond = extrapolatedRows(model, known);
  let [actualSum, predictedSum, sum] = [0, 0, 0];
  const cusum: number[] = [];
  const hourly = Array.from(known.starts, (start, i) => {
    const [actual, expected] = [known.kwh[i]!, predicted[i]! + adjusted[i]!];
    actualSum += actual;
    predictedSum += expected;
    sum += actual - expected;
    cusum.push(sum);
    return {
      hour: formatInstant(start),
      actual_kwh: actual,
      predicted_kwh: expected,
      deviation_kwh: actual - expected,
      severity: severityOf(actual - expected, fit.rmse),
    };
  });
  const count = hourly.length;
  const slot = model.resolution;
  const totals = totalsOf(fit, { actual: actualSum, predicted: predictedSum, count });
  return {
    resolution: slot,
    ...totals,
    savings: savingsOf(totals, model, known, { compared: count, missing, extrapolated: beyond }),
    reason: count === 0 ? noDataReason(loaded, slot) : null,
    adjustment_kwh: adjusted.reduce((all, kwh) => all + kwh, 0),
    excluded_hours: loaded.excluded,
    hours: count,
    missing_hours: missing,
    zero_hours: loaded.zeros,
    coverage: coverageOf(count, missing),
    extrapolated_hours: beyond,
    intercept,
    contributions_kwh: { ...parts, ...(isAdjusted && { adjustments: adjusted }) },
    hourly_deviations: hourly,
    cusum,
    warnings: [
      ...(missing > 0 ? [`${missing} of ${loaded.total} ${slot}s lack energy or a driver and are excluded`] : []),
      ...(loaded.zeros > 0 ? [`${loaded.zeros} ${slot}s of 0 kWh count as missing, as in the training`] : []),
      ...(beyond > 0 ? [`${beyond} ${slot}s are outside the range of the training`] : []),
    ],
  };
}

interface Sums {
  readonly actual: number;
  readonly predicted: number;
  readonly count: number;
}

/** Sums over hours or days; without any, the sums are unknown rather than 0 kWh. */
function totalsOf(fit: BaselineFit, { actual, predicted, count }: Sums) {
  if (count === 0) {
    return {
      total_actual_kwh: null,
      total_predicted_kwh: null,
      deviation_kwh: null,
      deviation_percent: null,
      deviation_severity: 'no_data' as const,
      uncertainty_kwh: null,
      fractional_savings_uncertainty: null,
    };
  }
  const difference = actual - predicted;
  const uncertainty = savingsUncertainty(fit, count);
  return {
    total_actual_kwh: actual,
    total_predicted_kwh: predicted,
    deviation_kwh: difference,
    deviation_percent: predicted === 0 ? null : (100 * difference) / predicted,
    deviation_severity: severityOf(difference, totalSigma(fit, count)),
    uncertainty_kwh: uncertainty,
    fractional_savings_uncertainty: difference === 0 ? null : uncertainty / Math.abs(difference),
  };
}

/** The savings, with a verdict. */
function savingsOf(
  { deviation_kwh, uncertainty_kwh, fractional_savings_uncertainty }: ReturnType<typeof totalsOf>,
  model: StoredModel,
  known: Observations,
  counts: Pick<SavingsEvidence, 'compared' | 'missing' | 'extrapolated'>,
) {
  const { window, criteria, resolution } = model;
  const kwh = deviation_kwh === null ? null : 0 - deviation_kwh;
  const judged = judgeSavings({
    ...counts,
    savedKwh: kwh ?? 0,
    uncertaintyKwh: uncertainty_kwh ?? 0,
    resolution,
    trainedOn: known.starts.filter((start) => start >= window.start && start < window.end).length,
    meansOutside: meansOutside(model, known),
    criteria,
  });
  return { kwh, uncertainty_kwh, fractional_uncertainty: fractional_savings_uncertainty, ...judged };
}

/** Drivers whose mean over the window is outside the range of the training. */
function meansOutside(model: StoredModel, known: Observations): string[] {
  const { drivers, temperature } = model;
  const { ranges, columns } = conditionColumns(model, known);
  const names = [...drivers, ...(temperature ? [temperature] : [])].map(({ name }) => name);
  const means = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
  return extrapolated(ranges, means).map((d) => names[d]!);
}

/** Ranges and values of drivers and of the temperature. */
function conditionColumns({ ranges, temperature: outdoors }: StoredModel, { columns, temperature }: Observations) {
  const isMeasured = outdoors !== null && temperature !== null;
  return {
    ranges: [...ranges, ...(isMeasured ? [outdoors.range] : [])],
    columns: [...columns, ...(isMeasured ? [temperature] : [])],
  };
}

function noDataReason({ total, excluded }: Loaded, slot: Resolution): string {
  if (total === 0) return `no complete ${slot} of this window has passed`;
  if (excluded === total) return `non-routine adjustments exclude every ${slot} of this window`;
  return `no ${slot} of this window has energy and every driver of the model`;
}

/** Share of the hours or days of the window for which energy and drivers are known. */
function coverageOf(count: number, missing: number): number {
  return count + missing === 0 ? 0 : count / (count + missing);
}

function extrapolatedRows(model: StoredModel, known: Observations): number {
  const { ranges, columns } = conditionColumns(model, known);
  return [...known.kwh.keys()].filter(
    (i) =>
      extrapolated(
        ranges,
        columns.map((column) => column[i]!),
      ).length > 0,
  ).length;
}
