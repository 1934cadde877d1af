import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { expect, it } from 'vitest';
import { describeWith } from '../../../test/needs.ts';
import { type Training, trainBaseline } from './train.ts';

/** 1 January 2017 was a Sunday; the city has no clock changes. */
const FIRST = Date.UTC(2017, 0, 1);
const SUNDAY = 6 * 24;

describeWith('REAL_DATA', 'three zones of a city', (folder) => {
  const path = join(folder, 'industry/tetouan-10min-2017.csv.gz');
  const rows = gunzipSync(readFileSync(path))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => row.split(',').map(Number));
  const hours = Math.floor(rows.length / 6);
  const hourly = (column: number) =>
    Float64Array.from({ length: hours }, (_, h) => {
      const six = rows.slice(6 * h, 6 * h + 6);
      return six.reduce((sum, row) => sum + row[column]!, 0) / 6;
    });
  const degrees = hourly(1);
  const starts = Float64Array.from({ length: hours }, (_, h) => FIRST + h * HOUR_MS);

  it.each([
    [1, 0.28, 0.95, 0.7],
    [2, 0.32, 0.85, 0.66],
    [3, 0.27, 0.7, 0.56],
  ])(
    'zone %i: the out-of-sample error is at most %d of that of a linear model; seasons reduce it to %d, and courses by hour of day to %d of that',
    (zone, ofLine, ofPlain, ofSeason) => {
      const model = trainBaseline({
        type: 'auto',
        observations: {
          starts,
          kwh: hourly(3 + zone),
          columns: [],
          temperature: null,
          hourOfWeek: starts.map((_, h) => (h + SUNDAY) % 168),
          dayOfWeek: null,
        },
        temperatures: [degrees],
      }) as Training;
      const errorOf = (wanted: string) =>
        model.candidates.find(({ name }) => name === wanted)?.cvRmseOutOfSample as number;
      expect(model.name).toBe('time_of_week_temperature_smooth');
      expect((model.cvRmseOutOfSample as number) / errorOf('linear')).toBeLessThan(ofLine);
      const season = errorOf('time_of_week_temperature_season');
      expect(season / errorOf('time_of_week_temperature')).toBeLessThan(ofPlain);
      expect((model.cvRmseOutOfSample as number) / season).toBeLessThan(ofSeason);
    },
  );
});
