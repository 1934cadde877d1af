import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import type { Observations } from './conditions.ts';
import { predict, predictionMargins } from './deviation.ts';
import { type Training, trainBaseline } from './train.ts';

const YEAR_HOURS = 8766;
/** Standard deviation of a uniform distribution over ± 0.8. */
const CHANCE = 0.8 / Math.sqrt(3);
const HOURS = Float64Array.from({ length: 2 * YEAR_HOURS }, (_, h) => h);
/** Uniform over ± 1, and reproducible. */
const noise = (h: number) => 2 * ((((Math.sin(h * 78.233) * 43758.5453) % 1) + 1) % 1) - 1;
const wave = (h: number, period: number) => Math.sin((2 * Math.PI * h) / period);

const temperature = HOURS.map(
  (h) => 10 - 9 * wave(h, YEAR_HOURS) + 4 * wave(h - 9, 24) + 5 * wave(h, 411) * wave(h, 97),
);
/** Lighting in winter evenings, more heating per degree in the morning, and some noise. */
const kwh = HOURS.map((h) => {
  const evening = Math.max(wave(h - 12, 24), 0);
  const lit = 3 * evening * (1 + wave(h, YEAR_HOURS));
  const heat = 0.5 * (1 + 0.4 * wave(h, 24)) * Math.max(16 - temperature[h]!, 0);
  return 12 + lit + heat + (h % 168 < 120 && h % 24 > 6 && h % 24 < 18 ? 4 : 0) + 0.8 * noise(h);
});

function between(from: number, to: number): Observations {
  const starts = HOURS.slice(from, to).map((h) => h * HOUR_MS);
  const hourOfWeek = HOURS.slice(from, to).map((h) => h % 168);
  return {
    starts,
    kwh: kwh.slice(from, to),
    columns: [],
    temperature: temperature.slice(from, to),
    hourOfWeek,
    dayOfWeek: null,
  };
}

function trained(from: number, to: number): Training {
  const { temperature: degrees, ...rest } = between(from, to);
  const input = { ...rest, temperature: null };
  const model = trainBaseline({ type: 'auto', observations: input, temperatures: [degrees as Float64Array] });
  if ('reason' in model) throw new Error(model.reason.kind);
  return model;
}

describe('courses by the hour of the day', () => {
  const model = trained(0, YEAR_HOURS);
  const { basis, regression } = model;
  const next = between(YEAR_HOURS, 2 * YEAR_HOURS);
  const fit = { ...regression, basis, slopes: regression.coefficients.map(({ value }) => value) };
  const predicted = predict(fit, next, YEAR_HOURS).kwh;
  const errors = predicted.map((value, i) => value - next.kwh[i]!);

  it('predict the next year except for noise', () => {
    expect(model.name).toBe('time_of_week_temperature_smooth');
    const rmse = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    expect(rmse / CHANCE).toBeLessThan(1.05);
    const plain = model.candidates.find(({ name }) => name === 'time_of_week_temperature_season');
    expect((model.cvRmseOutOfSample as number) / (plain?.cvRmseOutOfSample as number)).toBeLessThan(0.8);
  });

  it('have plausible degrees of freedom, and prediction intervals with the nominal coverage', () => {
    const { n, freedom, rmse, coefficients } = regression;
    const parts = n - freedom;
    expect(parts).toBeGreaterThan(168 + 12);
    expect(parts).toBeLessThan(168 + coefficients.length);
    expect(rmse / CHANCE).toBeGreaterThan(0.97);
    expect(rmse / CHANCE).toBeLessThan(1.03);
    // A uniform distribution has no tails: nothing is beyond 1.96 standard deviations, and 5.0 % beyond 1.645.
    const margins = predictionMargins(fit, next, YEAR_HOURS);
    const outside = errors.filter((error, i) => Math.abs(error) > (margins[i]! * 1.645) / 1.96).length;
    expect(outside / errors.length).toBeGreaterThan(0.03);
    expect(outside / errors.length).toBeLessThan(0.08);
  });

  it('have no season with much less than a year of data', () => {
    const half = trained(0, 5000);
    expect(half.name).toBe('time_of_week_temperature_smooth');
    expect(half.basis).toMatchObject({ season: false });
  });
});
