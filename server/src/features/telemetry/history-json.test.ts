import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_PIECE_VALUES } from '../../http/paced-answer.ts';
import { energyDataJson, historyJson } from './history-json.ts';

const window = { start: 0, end: 60_000 };
const joined = (pieces: Iterable<string>) => JSON.parse([...pieces].join('')) as unknown;

it('is the same document in any number of pieces', () => {
  const anyLength = fc.constantFrom(0, 1, 5, MAX_PIECE_VALUES - 1, MAX_PIECE_VALUES, MAX_PIECE_VALUES + 1, 20_000);
  fc.assert(
    fc.property(fc.array(anyLength, { maxLength: 3 }), (lengths) => {
      const all = lengths.map((length) => ({
        timestamps: Float64Array.from({ length }, (_, i) => 1_774_700_000_000 + i * 1000),
        values: Float64Array.from({ length }, (_, i) => (i % 5 === 3 ? Number.NaN : i / 8)),
      }));
      const device = { id: 'id', name: 'a "b"' } as never;
      const series = all.map(({ timestamps, values }) => ({
        device,
        metric: 'solar.power_kw',
        unit: 'kW',
        coverage: 0.5,
        timestamps,
        columns: [['mean', values] as const, ['max', values] as const],
      }));
      const found = joined(historyJson({ window, bucket: '1m', downsampled: false, warnings: ['w'], series }));
      const column = (values: Float64Array) => [...values].map((value) => (Number.isNaN(value) ? null : value));
      expect(found).toEqual({
        time_period: { start: '1970-01-01T00:00:00.000Z', end: '1970-01-01T00:01:00.000Z' },
        bucket: '1m',
        downsampled: false,
        warnings: ['w'],
        series: all.map(({ timestamps, values }) => ({
          device_id: 'id',
          device_name: 'a "b"',
          metric: 'solar.power_kw',
          unit: 'kW',
          coverage: 0.5,
          timestamps: [...timestamps].map((instant) => new Date(instant).toISOString()),
          mean: column(values),
          max: column(values),
        })),
      });
    }),
    { numRuns: 15 },
  );
});

it('also splits wide records into pieces', () => {
  for (const count of [0, 1, 500, 501, 1200]) {
    const items = Array.from({ length: count }, (_, i) => ({
      device_id: 'id',
      device_name: 'Roof',
      timestamp: new Date(i).toISOString(),
      values: { 'solar.power_kw': i },
    }));
    const answer = { items, next_cursor: count > 0 ? '1.id' : null, warnings: ['w'] };
    expect(joined(energyDataJson(answer))).toEqual(answer);
  }
});
