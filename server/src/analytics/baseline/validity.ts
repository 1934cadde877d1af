import type { Criterion, Resolution, ZeroReadings } from '@wattkeeper/contract/analytics/baseline.ts';
import { isOfWeek, ownCount } from './basis.ts';
import type { Training } from './train.ts';

/** Minimum hours or days for a model, and for a model without a warning (days: a year minus 37, CalTRACK 2.2.1). */
export const MIN_SAMPLES_BY_RESOLUTION: Readonly<Record<Resolution, number>> = { hour: 500, day: 90 };
export const ENOUGH_SAMPLES: Readonly<Record<Resolution, number>> = { hour: 1000, day: 328 };

const PLANT_R_SQUARED = 0.8;
const PLANT_P = 0.05;

/** p of each driver and slope, and of time of week, temperature and the categories of a driver as a group. */
export function pValuesOf({
  regression: { coefficients },
  basis,
  jointP,
  categoryP,
}: Pick<Training, 'regression' | 'basis' | 'jointP' | 'categoryP'>): number[] {
  const together = new Map(categoryP.flatMap(({ terms, p }) => terms.map((term) => [term, p])));
  const all = coefficients.map(({ pValue }, t) => together.get(t) ?? pValue);
  if (!isOfWeek(basis) || jointP === null) return all;
  const ofTemperature = jointP.temperature === null ? [] : [jointP.temperature];
  return [jointP.timeOfWeek, ...ofTemperature, ...all.slice(ownCount(basis))];
}

/** The plant default: it alone decides whether a model replaces the active one. */
export function isValid(training: Training): boolean {
  return training.regression.rSquared > PLANT_R_SQUARED && pValuesOf(training).every((p) => p < PLANT_P);
}

/** The verdicts of all rules of measurement and verification. */
export function criteriaOf(training: Training, resolution: Resolution): Criterion[] {
  const { regression: fit, cvRmseOutOfSample, diagnostics } = training;
  const p = pValuesOf(training);
  const [lowest, highest] = [Math.min(...p), Math.max(...p)];
  const outside = cvRmseOutOfSample ?? Number.NaN;
  const enough = ENOUGH_SAMPLES[resolution];
  const { days, biasedMonths, durbinWatson, heteroscedasticityP, influential } = diagnostics;
  const scatter = heteroscedasticityP ?? Number.NaN;
  const cook = influential[0]?.cooksDistance ?? Number.NaN;
  const rule = (name: string, source: string, value: number, threshold: string, passed: boolean): Criterion => {
    const isKnown = Number.isFinite(value);
    return { rule: name, source, value: isKnown ? value : null, threshold, passed: isKnown ? passed : null };
  };
  return [
    rule('R²', 'plant default', fit.rSquared, '> 0.80', fit.rSquared > PLANT_R_SQUARED),
    rule('highest p of a driver', 'plant default', highest, '< 0.05', highest < PLANT_P),
    rule('overall F-test, p', 'DOE/LBNL EnPI, valid model', fit.fPValue, '< 0.10', fit.fPValue < 0.1),
    rule('every driver, p', 'DOE/LBNL EnPI, valid model', highest, '< 0.20', highest < 0.2),
    rule('at least one driver, p', 'DOE/LBNL EnPI, valid model', lowest, '< 0.10', lowest < 0.1),
    rule('floor of R²', 'DOE/LBNL EnPI', fit.rSquared, '≥ 0.50', fit.rSquared >= 0.5),
    rule('common practice R²', 'IPMVP', fit.rSquared, '≥ 0.75', fit.rSquared >= 0.75),
    rule('CV(RMSE)', 'California NMEC practice', fit.cvRmse, '< 25 %', Math.abs(fit.cvRmse) < 0.25),
    rule('CV(RMSE), out of sample', 'California NMEC practice', outside, '< 25 %', Math.abs(outside) < 0.25),
    rule('NMBE', 'California NMEC practice', fit.nmbe, 'within ± 0.5 %', Math.abs(fit.nmbe) <= 0.005),
    rule('CV(RMSE), hourly', 'ASHRAE Guideline 14-2014', fit.cvRmse, '< 30 %', Math.abs(fit.cvRmse) < 0.3),
    rule('NMBE, hourly', 'ASHRAE Guideline 14-2014', fit.nmbe, 'within ± 10 %', Math.abs(fit.nmbe) <= 0.1),
    rule('months biased by more than 1 %', 'CalTRACK 3.7.5.1', biasedMonths, '≤ 2', biasedMonths <= 2),
    rule('days with data', 'CalTRACK 2.2.1', days, `≥ ${ENOUGH_SAMPLES.day}`, days >= ENOUGH_SAMPLES.day),
    rule(
      'Durbin–Watson',
      'residuals, rule of thumb',
      durbinWatson,
      '1.5–2.5',
      durbinWatson >= 1.5 && durbinWatson <= 2.5,
    ),
    rule('constant variance, p', 'Breusch–Pagan', scatter, '≥ 0.05', scatter >= 0.05),
    rule('maximum Cook’s distance', 'Cook 1977', cook, '< 1', cook < 1),
    rule('samples', 'plant default', fit.n, `≥ ${enough}`, fit.n >= enough),
  ];
}

/** The number of excluded zero readings; no verdict if zeros are valid. */
export function zerosCriterion(zeros: number, zeroReadings: ZeroReadings): Criterion {
  const isJudged = zeroReadings === 'missing';
  return {
    rule: 'zero readings, left out',
    source: 'CalTRACK 2.2.1.4',
    value: isJudged ? zeros : null,
    threshold: isJudged ? '0' : 'zeros are valid',
    passed: isJudged ? zeros === 0 : null,
  };
}
