import type { Criterion } from '@wattkeeper/contract/baseline.ts';
import type { Regression } from './least-squares.ts';

/** Fewer hours train no model; fewer than the second train one with a warning. */
export const LEAST_SAMPLES = 500;
export const ENOUGH_SAMPLES = 1000;

const PLANT_R_SQUARED = 0.8;
const PLANT_P = 0.05;

/** The plant default: it alone decides whether a model takes the place of the one in use. */
export function isValid({ rSquared, coefficients }: Regression): boolean {
  return rSquared > PLANT_R_SQUARED && coefficients.every(({ pValue }) => pValue < PLANT_P);
}

/** Every rule of measurement and verification with its verdict, none of which hides another. */
export function criteriaOf(fit: Regression): Criterion[] {
  const p = fit.coefficients.map(({ pValue }) => pValue);
  const [least, greatest] = [Math.min(...p), Math.max(...p)];
  const rule = (name: string, source: string, value: number, threshold: string, passed: boolean): Criterion => {
    const isKnown = Number.isFinite(value);
    return { rule: name, source, value: isKnown ? value : null, threshold, passed: isKnown ? passed : null };
  };
  return [
    rule('R²', 'plant default', fit.rSquared, '> 0.80', fit.rSquared > PLANT_R_SQUARED),
    rule('greatest p of a driver', 'plant default', greatest, '< 0.05', greatest < PLANT_P),
    rule('overall F-test, p', 'DOE/LBNL EnPI, valid model', fit.fPValue, '< 0.10', fit.fPValue < 0.1),
    rule('every driver, p', 'DOE/LBNL EnPI, valid model', greatest, '< 0.20', greatest < 0.2),
    rule('at least one driver, p', 'DOE/LBNL EnPI, valid model', least, '< 0.10', least < 0.1),
    rule('floor of R²', 'DOE/LBNL EnPI', fit.rSquared, '≥ 0.50', fit.rSquared >= 0.5),
    rule('common practice R²', 'IPMVP', fit.rSquared, '≥ 0.75', fit.rSquared >= 0.75),
    rule('CV(RMSE)', 'California NMEC practice', fit.cvRmse, '< 25 %', Math.abs(fit.cvRmse) < 0.25),
    rule('NMBE', 'California NMEC practice', fit.nmbe, 'within ± 0.5 %', Math.abs(fit.nmbe) <= 0.005),
    rule('CV(RMSE), hourly', 'ASHRAE Guideline 14-2014', fit.cvRmse, '< 30 %', Math.abs(fit.cvRmse) < 0.3),
    rule('NMBE, hourly', 'ASHRAE Guideline 14-2014', fit.nmbe, 'within ± 10 %', Math.abs(fit.nmbe) <= 0.1),
    rule('samples', 'plant default', fit.n, `≥ ${ENOUGH_SAMPLES}`, fit.n >= ENOUGH_SAMPLES),
  ];
}
