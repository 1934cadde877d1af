import { describe, expect, it } from 'vitest';
import {
  DIAGNOSTICS,
  days,
  GOLDEN,
  hours,
  isInUse,
  KNOTS,
  NONLINEAR,
} from '../../../test/reference/statsmodels-change-point.ts';
import { type Basis, groupsOf, termsOf } from './basis.ts';
import { fitChangePoint } from './change-point.ts';
import type { Observations } from './conditions.ts';
import { predict, predictionMargins } from './deviation.ts';
import { diagnose } from './diagnostics.ts';
import { jointPOf } from './joint-p.ts';
import { leastSquares, type Regression } from './least-squares.ts';
import { fitTimeOfWeek } from './time-of-week.ts';
import { type Training, trainBaseline } from './train.ts';

/** Relative tolerance. */
const DIGITS = 1e-8;

function close(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of Array.from(wanted).entries()) {
    expect(Math.abs(found[i]! - value), `${i}: ${found[i]} for ${value}`).toBeLessThan(DIGITS * Math.abs(value));
  }
}

function fitAt(basis: Basis, observations: Observations): Regression {
  const groups = groupsOf(basis, observations, observations.kwh.length);
  const fit = leastSquares(termsOf(basis, observations), observations.kwh, groups);
  if ('kind' in fit) throw new Error(fit.kind);
  return fit;
}

describe('a change-point model', () => {
  it.each(['5p', '4p', '3p_heating', '3p_cooling'] as const)(
    '%s equals statsmodels at the same balance points',
    (name) => {
      const golden = GOLDEN[name];
      const { heating, cooling } = golden;
      const fit = fitAt({ type: 'change_point', heating, cooling, lagHours: 0 }, days());
      const estimates = [fit.intercept, ...fit.coefficients];
      close(
        estimates.map(({ value }) => value),
        golden.params,
      );
      close(
        estimates.map(({ standardError }) => standardError),
        golden.bse,
      );
      close(
        estimates.map(({ t }) => t),
        golden.t,
      );
      close(
        estimates.map(({ pValue }) => pValue),
        golden.p,
      );
      const { rSquared, adjustedRSquared, fValue, rmse, autocorrelation } = fit;
      close(
        [rSquared, adjustedRSquared, fValue, rmse, autocorrelation],
        [golden.r2, golden.adj, golden.f, golden.rmse, golden.rho],
      );
    },
  );

  it('finds the same balance points and standard errors as SciPy', () => {
    const fit = fitChangePoint(days(), '5p');
    if ('reason' in fit) throw new Error(fit.reason.kind);
    const widening = Math.sqrt(fit.regression.n / fit.regression.effectiveN);
    for (const { kind, value, standardError } of fit.balancePoints) {
      expect(value).toBeCloseTo(NONLINEAR[kind], 5);
      expect(standardError / widening).toBeCloseTo(NONLINEAR.errors[kind], 5);
    }
    const { freedom, rmse } = fit.regression;
    expect(rmse ** 2 * freedom).toBeCloseTo(NONLINEAR.sse, 6);
  });

  it('has the same diagnostics as statsmodels', () => {
    const basis = { type: 'change_point', heating: 12.5, cooling: 18.25, lagHours: 0 } as const;
    const fitted = { basis, regression: fitAt(basis, days()) };
    const { durbinWatson, heteroscedasticityP, influential, days: seen } = diagnose(fitted, days());
    const { cooks, rows, ...golden } = DIAGNOSTICS;
    close([durbinWatson, heteroscedasticityP ?? Number.NaN], [golden.durbinWatson, golden.breuschPaganP]);
    close(
      influential.map(({ cooksDistance }) => cooksDistance),
      cooks,
    );
    expect(influential.map(({ start }) => start / 86_400_000)).toEqual(rows);
    expect(seen).toBe(400);
  });

  it('selects only the parameters that the energy requires', () => {
    const place = days();
    const only = (hinge: (degrees: number) => number) => {
      const kwh = place.kwh.map((_, i) => 20 + hinge(place.temperature[i]!) + 0.3 * Math.sin(i * 12.9898));
      return trainBaseline({
        type: 'change_point',
        observations: { ...place, kwh, columns: [], temperature: null },
        temperatures: [place.temperature],
      }) as Training;
    };
    expect(only((degrees) => 1.5 * Math.max(12 - degrees, 0)).name).toBe('3p_heating');
    expect(only((degrees) => 2 * Math.max(degrees - 18, 0)).name).toBe('3p_cooling');
    expect(only((degrees) => Math.max(12 - degrees, 0) + 2 * Math.max(degrees - 18, 0)).name).toBe('5p');
    expect(only((degrees) => Math.max(15 - degrees, 0) + 2 * Math.max(degrees - 15, 0)).name).toBe('4p');
  });

  it('is rejected if the energy has no change point', () => {
    const place = days();
    const flat = { ...place, columns: [], temperature: null, kwh: place.kwh.map(() => 7) };
    const found = trainBaseline({
      type: 'change_point',
      observations: flat,
      temperatures: [place.temperature.map(() => 5)],
    });
    expect(found).toMatchObject({ reason: { kind: 'no_change_point' } });
  });
});

describe('a model by time of week and temperature', () => {
  const occupiedHours = Array.from({ length: 168 }, (_, hour) => hour).filter(isInUse);
  const basis: Basis = {
    type: 'time_of_week_temperature',
    occupied: occupiedHours,
    occupiedKnots: KNOTS.occupied,
    unoccupiedKnots: KNOTS.unoccupied,
    season: false,
    smooth: null,
    lagHours: 0,
  };
  const golden = GOLDEN.time_of_week;

  it('equals statsmodels with a dummy for each hour of the week', () => {
    const fit = fitAt(basis, hours());
    close(fit.levels, golden.levels);
    close(
      fit.coefficients.map(({ value }) => value),
      golden.params,
    );
    close(
      fit.coefficients.map(({ standardError }) => standardError),
      golden.bse,
    );
    close(
      fit.coefficients.map(({ pValue }) => pValue),
      golden.p,
    );
    const { rSquared, adjustedRSquared, fValue, rmse, autocorrelation } = fit;
    close(
      [rSquared, adjustedRSquared, fValue, rmse, autocorrelation],
      [golden.r2, golden.adj, golden.f, golden.rmse, golden.rho],
    );
    const ready = { ...fit, basis, slopes: fit.coefficients.map(({ value }) => value) };
    const { starts, hourOfWeek, temperature, columns } = hours();
    const five = {
      starts: starts.slice(0, 5),
      columns: columns.map((column) => column.slice(0, 5)),
      temperature: temperature.slice(0, 5),
      hourOfWeek: hourOfWeek.slice(0, 5),
      dayOfWeek: null,
    };
    close(predict(ready, five, 5).kwh, golden.predicted);
    close(predictionMargins(ready, five, 5), golden.margin);
  });

  it('detects the occupied hours, and tests time and temperature jointly', () => {
    const fit = fitTimeOfWeek(hours());
    if ('reason' in fit) throw new Error(fit.reason.kind);
    expect(fit.basis.occupied).toEqual(occupiedHours);
    expect(fit.basis.occupiedKnots.length).toBeLessThanOrEqual(7);
    const joint = jointPOf(fit, hours());
    expect(joint.timeOfWeek).toBeLessThan(1e-50);
    expect(joint.temperature).toBeLessThan(1e-50);
    expect(fit.regression.rSquared).toBeGreaterThan(0.95);
  });

  it('is selected for a building with occupied hours', () => {
    const place = hours();
    const model = trainBaseline({
      type: 'auto',
      observations: { ...place, temperature: null },
      temperatures: [place.temperature],
    }) as Training;
    expect(model.name).toBe('time_of_week_temperature');
    expect(model.candidates.map(({ name }) => name)).toEqual([
      'linear',
      '3p_heating',
      '3p_cooling',
      '4p',
      '5p',
      'time_of_week_temperature',
      'time_of_week_temperature_smooth',
    ]);
    // The last model has 32 irrelevant terms: by chance its error may be lower by at most their cost.
    const minError = Math.min(...model.candidates.map(({ cvRmseOutOfSample }) => cvRmseOutOfSample ?? 9));
    expect(model.cvRmseOutOfSample).toBeLessThan(minError * (1 + 16 / place.kwh.length));
  });

  it('detects seasonal effects in a year of hours, but not in less', () => {
    const year = Float64Array.from({ length: 8760 }, (_, i) => i);
    const temperature = year.map(
      (i) => 10 + 9 * Math.sin((2 * Math.PI * i) / 8760) + 4 * Math.sin((2 * Math.PI * i) / 24),
    );
    const kwh = year.map(
      (i) =>
        20 +
        5 * Math.cos((2 * Math.PI * i) / 8766) +
        0.3 * Math.max(15 - temperature[i]!, 0) +
        0.2 * Math.sin(i * 12.9898),
    );
    const place = { starts: year.map((i) => i * 3_600_000), kwh, columns: [], temperature: null, dayOfWeek: null };
    const train = (hoursSeen: number) => {
      const cut = (column: Float64Array) => column.slice(0, hoursSeen);
      const hourOfWeek = cut(year.map((i) => i % 168));
      const observations = { ...place, starts: cut(place.starts), kwh: cut(kwh), hourOfWeek };
      return trainBaseline({ type: 'auto', observations, temperatures: [cut(temperature)] }) as Training;
    };
    const all = train(8760);
    expect(all.name).toBe('time_of_week_temperature_season');
    expect(all.cvRmseOutOfSample).toBeLessThan(0.01);
    expect(train(5000).candidates.map(({ name }) => name)).not.toContain('time_of_week_temperature_season');
  });

  it('finds the lag of the temperature', () => {
    const place = hours();
    const at = (lag: number) => place.temperature.map((_, i) => place.temperature[Math.max(i - lag, 0)]!);
    const kwh = place.kwh.map(
      (_, i) => 20 + 1.5 * Math.max(14 - place.temperature[Math.max(i - 2, 0)]!, 0) + 0.2 * Math.sin(i * 12.9898),
    );
    const observations = { ...place, kwh, columns: [], temperature: null };
    for (const type of ['change_point', 'time_of_week_temperature'] as const) {
      const model = trainBaseline({ type, observations, temperatures: [0, 1, 2, 3].map(at) }) as Training;
      expect(model.basis, type).toMatchObject({ lagHours: 2 });
    }
  });

  it('makes no prediction for hours of the week without training data', () => {
    const place = hours();
    const seen = { ...place, hourOfWeek: place.hourOfWeek.map((hour) => (hour === 5 ? 6 : hour)) };
    const fit = fitTimeOfWeek(seen);
    if ('reason' in fit) throw new Error(fit.reason.kind);
    const ready = {
      ...fit.regression,
      basis: fit.basis,
      slopes: fit.regression.coefficients.map(({ value }) => value),
    };
    const { kwh } = predict(ready, place, place.kwh.length);
    for (const [i, value] of kwh.entries()) expect(Number.isNaN(value)).toBe(place.hourOfWeek[i] === 5);
  });
});
