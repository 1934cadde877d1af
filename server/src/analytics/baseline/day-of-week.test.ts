import { expect, it } from 'vitest';
import { building, rowsOfBuilding } from '../../../test/reference/nmecr/daily-buildings.ts';
import { OFFICE_BY_STATSMODELS as GOLDEN } from '../../../test/reference/statsmodels-day-of-week.ts';
import { rowsOf } from './conditions.ts';
import { type DayOfWeekFit, fitDayOfWeek } from './day-of-week.ts';
import { predict, predictionMargins } from './deviation.ts';
import { jointPOf } from './joint-p.ts';
import { type Training, trainBaseline } from './train.ts';

const OFFICE = rowsOfBuilding('office');
const SCHOOL = rowsOfBuilding('school');
const schoolWithoutModes = SCHOOL.map((row) => ({ ...row, flags: [] }));

const auto = async (rows: typeof OFFICE, calendar: Parameters<typeof building>[1] = {}) =>
  trainBaseline({ type: 'auto', ...(await building(rows, calendar)) }) as Training;

it.each([
  ['first', 0, 0.92, 0.06, 0.0625],
  ['second', 365, 0.9, 0.072, 0.077],
  ['third', 730, 0.885, 0.063, 0.066],
])(
  'the %s year of an office is explained by day of week, temperature and season, also out of sample',
  async (_, from, rSquared, cvRmse, outOfSample) => {
    const model = await auto(OFFICE.slice(from, from + 365));
    expect(model.basis).toMatchObject({ type: 'day_of_week', season: true, daysOff: [0, 6] });
    expect(model.regression.rSquared).toBeGreaterThan(rSquared);
    expect(model.regression.cvRmse).toBeLessThan(cvRmse);
    expect(model.cvRmseOutOfSample).toBeLessThan(outOfSample);
  },
);

it('public holidays have a separate level if that reduces the out-of-sample error', async () => {
  const year = OFFICE.slice(0, 365);
  const [without, withHolidays, wrong] = [
    await auto(year),
    await auto(year, { country: 'US', lateDays: 1 }),
    await auto(year, { country: 'PL', lateDays: 1 }),
  ];
  expect(withHolidays.basis).toMatchObject({ holidays: true, daysOff: [5, 6] });
  expect(withHolidays.cvRmseOutOfSample! / without.cvRmseOutOfSample!).toBeLessThan(0.93);
  expect(wrong.cvRmseOutOfSample! / without.cvRmseOutOfSample!).toBeLessThan(1.001);
});

it('operating modes may have other effects on days off, and a mode that occurs in some weeks only is accepted', async () => {
  const plain = await auto(schoolWithoutModes);
  expect(plain.regression.rSquared).toBeGreaterThan(0.58);
  const model = await auto(SCHOOL);
  expect(model.basis).toMatchObject({ type: 'day_of_week', apart: [1, 2, 3], daysOff: [5, 6] });
  expect(model.regression.rSquared).toBeGreaterThan(0.85);
  expect(model.regression.cvRmse).toBeLessThan(0.172);
  expect(model.cvRmseOutOfSample).toBeLessThan(0.197);
});

it('without a temperature the days of the week are a model that explains more than the mean', async () => {
  const { observations } = await building(SCHOOL);
  const model = trainBaseline({ type: 'auto', observations, temperatures: [] }) as Training;
  expect(model.basis).toMatchObject({ type: 'day_of_week', knots: [], offKnots: null });
  expect(model.jointP).toMatchObject({ temperature: null });
  expect(model.regression.rSquared).toBeGreaterThan(0.75);
});

it('statistics equal those of statsmodels to 1e-7', async () => {
  const { observations, temperatures } = await building(OFFICE.slice(0, 365));
  const seen = { ...observations, temperature: temperatures[0] };
  const fit = fitDayOfWeek(seen, { groups: true, holidays: false, season: true }) as DayOfWeekFit;
  const { basis, regression } = fit;
  const estimates = (key: 'value' | 'standardError' | 'pValue') => regression.coefficients.map((one) => one[key]);
  close([regression.rSquared, regression.cvRmse], [GOLDEN.rSquared, GOLDEN.cvRmse]);
  close(estimates('value'), GOLDEN.slopes);
  close(estimates('standardError'), GOLDEN.errors);
  close(estimates('pValue'), GOLDEN.pValues);
  close(regression.levels.slice(0, 7), GOLDEN.levels);
  const { timeOfWeek, temperature } = jointPOf(fit, seen);
  close([timeOfWeek, temperature!], [GOLDEN.weekP, GOLDEN.temperatureP]);
  const days = rowsOf(seen, GOLDEN.days);
  const ready = { ...regression, basis, slopes: estimates('value') };
  close(predict(ready, days, 3).kwh, GOLDEN.predicted);
  close(predictionMargins(ready, days, 3), GOLDEN.margins);
});

function close(found: ArrayLike<number>, wanted: readonly number[]): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(Math.abs(found[i]! / value - 1)).toBeLessThan(1e-7);
}
