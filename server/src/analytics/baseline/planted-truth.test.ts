import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { HOUR_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { describeWith } from '../../../test/needs.ts';
import type { Observations } from './conditions.ts';
import { predict, savingsUncertainty } from './deviation.ts';
import { type Training, type TrainingInput, trainBaseline } from './train.ts';

/** Tolerance of the balance points. */
const ONE_FAHRENHEIT = 1 / 1.8;
const LAGS = [0, 1, 2, 3, 4, 5, 6];
/**
 * Of three intervals at 90 %, one misses more often than one time in ten; three at 96.7 % (Bonferroni) do not: z of 2.13 instead of 1.645.
 */
const ALL_THREE = 2.13 / 1.645;

/**
 * Loads simulated from real weather of Illinois, with known parameters: base, heating and cooling take 10,000 kWh (gas: 1,000) in the year
 * before a retrofit and 9,000 in the year after it, whatever the weather.
 */
const METERS = [
  { name: 'il-electricity-cdd-hdd-hourly', heating: 60, cooling: 65, base: 2000, heat: 4000, cold: 4000 },
  { name: 'il-electricity-cdd-only-hourly', heating: null, cooling: 65, base: 2500, heat: 0, cold: 7500 },
  { name: 'il-gas-hdd-only-hourly', heating: 60, cooling: null, base: 250, heat: 750, cold: 0 },
] as const;
const WORKS_FROM = Date.parse('2016-12-26T00:00:00-06:00');
const WORKS_TO = Date.parse('2017-01-05T00:00:00-06:00');

describeWith('REAL_DATA', 'meters with planted truth', (folder) => {
  const temperatures = column(join(folder, 'meters/il-tempF.csv.gz'));
  const before = (name: string) => load(folder, name, temperatures, WORKS_FROM - 365 * UTC_DAY_MS);
  const after = (name: string) => load(folder, name, temperatures, WORKS_TO);

  it.each(METERS)('$name: finds the true balance points', ({ name, heating, cooling }) => {
    const model = trained(before(name));
    const truth = { ...(heating && { heating: celsius(heating) }), ...(cooling && { cooling: celsius(cooling) }) };
    expect(model.balancePoints.map(({ kind }) => kind)).toEqual(Object.keys(truth));
    for (const { kind, value, standardError } of model.balancePoints) {
      const wanted = truth[kind]!;
      expect(Math.abs(value - wanted), kind).toBeLessThan(ONE_FAHRENHEIT);
      expect(Math.abs(value - wanted) / standardError, kind).toBeLessThan(3);
    }
  });

  it.each(METERS)(
    '$name: the true saving is within the uncertainty',
    ({ name, heating, cooling, base, heat, cold }) => {
      const [year, next] = [before(name), after(name)];
      const { regression, basis } = trained(year);
      const lag = 'lagHours' in basis ? basis.lagHours : 0;
      const conditions = { ...next.observations, temperature: next.temperatures[lag]! };
      const slopes = regression.coefficients.map(({ value }) => value);
      const { kwh } = predict({ ...regression, slopes, basis }, conditions, next.observations.kwh.length);
      const saved = sum(kwh) - sum(next.observations.kwh);
      const weather = (hinge: (degrees: number) => number) =>
        sum(conditions.temperature.map(hinge)) / sum(year.temperatures[lag]!.map(hinge));
      const heatingKwh = heating === null ? 0 : heat * weather((t) => Math.max(celsius(heating) - t, 0));
      const coolingKwh = cooling === null ? 0 : cold * weather((t) => Math.max(t - celsius(cooling), 0));
      const truth = base + heatingKwh + coolingKwh - 0.9 * (base + heat + cold);
      expect(Math.abs(saved - truth)).toBeLessThan(ALL_THREE * savingsUncertainty(regression, kwh.length));
      expect(saved).toBeGreaterThan(savingsUncertainty(regression, kwh.length));
    },
  );
});

function trained(input: Omit<TrainingInput, 'type'>): Training {
  const model = trainBaseline({ type: 'change_point', ...input });
  if ('reason' in model) throw new Error(model.reason.kind);
  return model;
}

function load(folder: string, name: string, temperatures: Map<number, number>, from: number) {
  const energy = column(join(folder, 'meters', `${name}.csv.gz`));
  const isKnown = (start: number) => LAGS.every((lag) => temperatures.has(start - lag * HOUR_MS));
  const within = [...energy.keys()].filter(
    (start) => start >= from && start < from + 365 * UTC_DAY_MS && isKnown(start),
  );
  const starts = Float64Array.from(within);
  const kwh = starts.map((start) => energy.get(start) as number);
  const observations: Observations = { starts, kwh, columns: [], temperature: null, hourOfWeek: null, dayOfWeek: null };
  const degrees = (lag: number) => starts.map((start) => celsius(temperatures.get(start - lag * HOUR_MS) as number));
  return { observations, temperatures: LAGS.map(degrees) };
}

function column(path: string): Map<number, number> {
  const rows = gunzipSync(readFileSync(path)).toString().trim().split('\n').slice(1);
  return new Map(
    rows.map((row) => row.split(',')).map(([start, value]) => [Date.parse(start as string), Number(value)]),
  );
}

function celsius(fahrenheit: number): number {
  return (fahrenheit - 32) / 1.8;
}

function sum(values: Float64Array): number {
  return values.reduce((all, value) => all + value, 0);
}
