import { type Basis, groupsOf, penaltiesOf, temperatureCount, termsOf, type WeekBasis } from './basis.ts';
import type { Observations } from './conditions.ts';
import { knotsOf } from './knots.ts';
import { type Degenerate, leastSquares, type Regression, upperTail } from './least-squares.ts';

export interface JointP {
  /** For equal levels of all hours or days of the week. */
  readonly timeOfWeek: number;
  /** For no effect of the temperature; null for a model without a temperature. */
  readonly temperature: number | null;
}

/** p of the F-tests of effects that consist of several terms. */
export function jointPOf(
  { basis, regression }: { readonly basis: WeekBasis; readonly regression: Regression },
  observations: Observations,
): JointP {
  const terms = termsOf(basis, observations);
  const penalties = penaltiesOf(basis, observations.columns.length);
  const groups = groupsOf(basis, observations, observations.kwh.length);
  const warm = temperatureCount(basis);
  const withoutLevels = leastSquares(
    termsOf(alike(basis, observations), observations),
    observations.kwh,
    undefined,
    penalties,
  );
  const withoutTemperature = leastSquares(terms.slice(warm), observations.kwh, groups, penalties.slice(warm));
  return {
    timeOfWeek: jointP(regression, withoutLevels),
    temperature: warm === 0 ? null : jointP(regression, withoutTemperature),
  };
}

/** Terms that are tested together. */
export interface TogetherP {
  readonly terms: readonly number[];
  readonly p: number;
}

/** p of the F-test for no effect of some drivers, such as the categories of one, neither on working days nor on days off. */
export function togetherP(
  { basis, regression }: { readonly basis: Basis; readonly regression: Regression },
  observations: Observations,
  columns: readonly number[],
): TogetherP {
  const terms = termsOf(basis, observations);
  const first = terms.length - observations.columns.length;
  const own = columns.map((c) => first + c);
  const onDaysOff = basis.type === 'day_of_week' ? basis.apart : [];
  const apart = onDaysOff.flatMap((c, a) => (columns.includes(c) ? [first - onDaysOff.length + a] : []));
  const rest = [...terms.keys()].filter((t) => !own.includes(t) && !apart.includes(t));
  const penalties = penaltiesOf(basis, observations.columns.length);
  const reduced = leastSquares(
    rest.map((t) => terms[t]!),
    observations.kwh,
    groupsOf(basis, observations, observations.kwh.length),
    penalties.length === 0 ? [] : rest.map((t) => penalties[t]!),
  );
  return { terms: own, p: jointP(regression, reduced) };
}

/** The same basis without separate effects on days off. */
function alike(basis: WeekBasis, { temperature }: Observations): WeekBasis {
  if (basis.type !== 'day_of_week' || basis.offKnots === null || temperature === null) return basis;
  return { ...basis, knots: knotsOf(temperature), offKnots: null, apart: [] };
}

/**
 * p of the F-test of a model against a smaller one without some of its terms; 0 if the smaller one cannot be fitted. With penalised slopes the
 * smaller model may fit better or have as many degrees of freedom: then the terms explain nothing.
 */
function jointP(full: Regression, reduced: Regression | Degenerate): number {
  if ('kind' in reduced) return 0;
  const left = full.rmse ** 2;
  const parts = reduced.freedom - full.freedom;
  if (!(parts > 0)) return 1;
  return upperTail((reduced.rmse ** 2 * reduced.freedom - left * full.freedom) / parts / left, parts, full.freedom);
}
