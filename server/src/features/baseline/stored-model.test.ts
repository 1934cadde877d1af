import { describe, expect, it } from 'vitest';
import { type Training, trainBaseline } from '../../analytics/baseline/train.ts';
import { Corrupt } from '../../domain/errors.ts';
import type { BaselineRecord } from '../../storage/records/analytics/baselines.ts';
import { fitOf, isStorable, storedModel, toStored } from './stored-model.ts';

const HOURS = Float64Array.from({ length: 60 }, (_, h) => h);
const observations = {
  starts: HOURS.map((h) => h * 3_600_000),
  kwh: HOURS.map((h) => 3 + 0.5 * (h % 7) + Math.sin(h * 12.9898)),
  columns: [HOURS.map((h) => h % 7)],
  temperature: null,
  hourOfWeek: null,
  dayOfWeek: null,
};
const training = trainBaseline({ type: 'linear', observations, temperatures: [] }) as Training;
const stored = toStored(
  training,
  { observations, temperatures: [], adjustedKwh: new Float64Array(60), excluded: 0, zeros: 0, total: 60 },
  {
    requested: 'linear',
    resolution: 'hour',
    drivers: [{ name: 'production_count', metric: 'production.count', deviceId: 'press' }],
    temperature: null,
    window: { start: 0, end: 60 * 3_600_000 },
    zeroReadings: 'missing',
    warnings: [],
    suspicious: [],
  },
);
const read = (model: unknown) => storedModel({ id: 'one', model } as BaselineRecord);

describe('a stored baseline', () => {
  it('is restored to the last bit', () => {
    const { means, inverse } = fitOf(read(JSON.parse(JSON.stringify(stored))));
    expect([...Array.from(means), ...Array.from(inverse)]).toEqual([
      ...training.regression.means,
      ...training.regression.inverse,
    ]);
  });

  it('is read in the earlier format, with plain numbers', () => {
    const { means, inverse } = training.regression;
    expect(fitOf(read({ ...stored, means: [...means], inverse: [...inverse] }))).toEqual({
      ...fitOf(read(stored)),
      means: [...means],
      inverse: [...inverse],
    });
  });

  it('is rejected if a number is infinite, and reported as corrupt if a part is missing', () => {
    expect(isStorable(stored)).toBe(true);
    const infinite = toStored(
      { ...training, regression: { ...training.regression, inverse: Float64Array.of(Number.POSITIVE_INFINITY) } },
      { observations, temperatures: [], adjustedKwh: new Float64Array(60), excluded: 0, zeros: 0, total: 60 },
      { ...stored, drivers: [], temperature: null },
    );
    expect(isStorable(infinite)).toBe(false);
    expect(() => read({ ...stored, means: undefined })).toThrow(Corrupt);
  });
});
