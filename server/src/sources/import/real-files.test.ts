import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleMapping, type ImportRun, runImport } from '../../../test/import/run-import.ts';
import { describeWith } from '../../../test/needs.ts';

/** Reference values: computed from the same files with pandas 3.1 (tz_localize, diff of the instants that have a value). */
describeWith('REAL_DATA', 'a real file is imported completely', (data) => {
  const importOf = (file: string, mapping: string) => runImport(join(data, file), exampleMapping(mapping));
  const sum = (run: ImportRun, device: string, metric: string) =>
    run.values(device, metric).reduce((total, { value }) => total + value, 0);
  const day = (run: ImportRun, device: string, metric: string, start: string, end: string) =>
    run.values(device, metric).filter(({ at }) => at >= start && at < end);
  const seriesOf = ({ report }: ImportRun, device: string, metric: string) =>
    report.series.find((series) => series.device === device && series.metric === metric);
  const noGaps = { count: 0, longest_ms: 0, total_ms: 0 };

  test('with its gaps: a house in watts and UTC', async () => {
    const run = await importOf('home/home-year-30min.csv.gz', 'home-year-30min');
    expect(run.report).toMatchObject({ rows: 17_524, rejected: 0 });
    expect(sum(run, 'House', 'load.power_kw')).toBeCloseTo(15_348.5414, 6);
    expect(sum(run, 'House', 'solar.power_kw')).toBeCloseTo(10_406.9393, 6);
    expect(seriesOf(run, 'House', 'load.power_kw')).toMatchObject({
      values: 17_188,
      interval_ms: 1_800_000,
      gaps: { count: 27, longest_ms: 86_400_000, total_ms: 604_800_000 },
    });
    expect(seriesOf(run, 'House', 'solar.power_kw')).toMatchObject({
      values: 8743,
      gaps: { count: 774, longest_ms: 86_400_000, total_ms: 15_800_400_000 },
    });
    expect(seriesOf(run, 'House', 'solar.forecast_power_kw')).toMatchObject({
      values: 6772,
      gaps: { count: 358, longest_ms: 469_800_000, total_ms: 19_108_800_000 },
    });
  });

  test('in southern local time: 46 half hours on the short day, the repeated hour once on the long one', async () => {
    const run = await importOf('home/ausgrid-home-30min-2011-2012.csv.gz', 'ausgrid-home-30min');
    expect(run.report).toMatchObject({ rows: 15_984, rejected: 0, skipped_times: 2, ambiguous_times: 2 });
    expect(sum(run, 'House', 'load.power_kw')).toBeCloseTo(10_770.748, 6);
    expect(sum(run, 'House', 'solar.power_kw')).toBeCloseTo(2318.134, 6);
    const load = seriesOf(run, 'House', 'load.power_kw');
    expect(load).toMatchObject({
      values: 15_982,
      first: Date.parse('2011-06-30T14:00Z'),
      last: Date.parse('2012-06-30T13:30Z'),
      gaps: { count: 2, longest_ms: 2_853_000_000, total_ms: 2_854_800_000 },
    });
    const short = day(run, 'House', 'load.power_kw', '2011-10-01T14:00', '2011-10-02T13:00');
    expect(short).toHaveLength(46);
    expect(short.reduce((kwh, { value }) => kwh + value / 2, 0)).toBeCloseTo(15.224, 9);
    const long = day(run, 'House', 'load.power_kw', '2012-03-31T13:00', '2012-04-01T14:00');
    expect(long).toHaveLength(48);
    expect(long.reduce((kwh, { value }) => kwh + value / 2, 0)).toBeCloseTo(15.763, 9);
  });

  test('with days that end at 0:00: a steel works', async () => {
    const run = await importOf('industry/steel-15min-2018-jan-sep.csv.gz', 'steel-15min');
    expect(run.report).toMatchObject({ rows: 26_208, accepted: 7 * 26_208, rejected: 0 });
    expect(run.report.series).toHaveLength(7);
    for (const series of run.report.series) {
      expect(series).toMatchObject({
        values: 26_208,
        first: Date.parse('2017-12-31T15:00Z'),
        last: Date.parse('2018-09-30T14:45Z'),
        interval_ms: 900_000,
        duplicates: 0,
        out_of_order: 0,
        gaps: noGaps,
      });
    }
    expect(sum(run, 'Steel works', 'energy.power_kw') / 4).toBeCloseTo(729_316.67, 5);
    expect(sum(run, 'Steel works', 'energy.lagging_reactive_power_kvar') / 4).toBeCloseTo(339_512.43, 5);
    expect(sum(run, 'Steel works', 'carbon.emission_kg')).toBeCloseTo(308_210, 4);
    expect(sum(run, 'Steel works', 'energy.power_factor')).toBeCloseTo(21_081.2324, 6);
    expect(sum(run, 'Steel works', 'production.status')).toBe(44_368);
    const newYear = day(run, 'Steel works', 'energy.power_kw', '2017-12-31T15:00', '2018-01-01T15:00');
    expect(newYear).toHaveLength(96);
    expect(newYear.reduce((kwh, { value }) => kwh + value / 4, 0)).toBeCloseTo(351.86, 9);
  });

  test('with four clock changes in a year: a city in Morocco', async () => {
    const run = await importOf('industry/tetouan-10min-2017.csv.gz', 'tetouan-10min');
    expect(run.report).toMatchObject({ rows: 52_416, rejected: 0, skipped_times: 12, ambiguous_times: 12 });
    expect(run.report.series).toHaveLength(6);
    for (const series of run.report.series) {
      expect(series).toMatchObject({
        values: 52_404,
        first: Date.parse('2017-01-01T00:00Z'),
        last: Date.parse('2017-12-30T23:50Z'),
        gaps: { count: 2, longest_ms: 4_200_000, total_ms: 7_200_000 },
      });
    }
    expect(sum(run, 'Tetouan', 'weather.temperature_c')).toBeCloseTo(985_736.236, 5);
    expect(sum(run, 'Zone 1', 'load.power_kw') / 1.69507998e9).toBeCloseTo(1, 8);
    expect(sum(run, 'Zone 2', 'load.power_kw') / 1.1027744e9).toBeCloseTo(1, 8);
    expect(sum(run, 'Zone 3', 'load.power_kw') / 934_637_066).toBeCloseTo(1, 8);
  });

  test('with days of 23 and 25 hours: Belgian prices', async () => {
    const run = await importOf('prices/belgium-day-ahead-hourly-2022-2023.csv.gz', 'belgium-day-ahead');
    expect(run.report).toMatchObject({ rows: 17_522, rejected: 0, skipped_times: 2, ambiguous_times: 4 });
    const price = ['Day-ahead market', 'price.import_per_kwh'] as const;
    expect(seriesOf(run, ...price)).toMatchObject({
      values: 17_520,
      first: Date.parse('2021-12-31T23:00Z'),
      last: Date.parse('2023-12-31T22:00Z'),
      duplicates: 0,
      gaps: noGaps,
    });
    expect(sum(run, ...price)).toBeCloseTo(2994.17817, 5);
    const days = [
      ['2022-03-26T23:00', '2022-03-27T22:00', 23, 4.612689994812012],
      ['2022-10-29T22:00', '2022-10-30T23:00', 25, 2.9139000244140627],
      ['2023-03-25T23:00', '2023-03-26T22:00', 23, 1.835359981536865],
      ['2023-10-28T22:00', '2023-10-29T23:00', 25, 0.4697000076267869],
    ] as const;
    for (const [start, end, hours, total] of days) {
      const values = day(run, ...price, start, end);
      expect(values).toHaveLength(hours);
      expect(values.reduce((all, { value }) => all + value, 0)).toBeCloseTo(total, 9);
    }
    expect(day(run, ...price, '2022-10-30T00:00', '2022-10-30T02:00').map(({ value }) => value)).toEqual([
      0.1002200012207031, 0.0999300003051758,
    ]);
  });

  test('with the time in five columns: weather in standard time', async () => {
    const run = await importOf('weather/nsrdb-psm4-2023-30min.csv.gz', 'nsrdb-30min');
    expect(run.report).toMatchObject({
      rows: 17_520,
      accepted: 7 * 17_520,
      rejected: 0,
      first: Date.parse('2023-01-01T07:00Z'),
      last: Date.parse('2024-01-01T06:30Z'),
    });
    for (const series of run.report.series) expect(series).toMatchObject({ values: 17_520, gaps: noGaps });
    const sums = {
      irradiance_w_m2: 3_654_825,
      direct_normal_irradiance_w_m2: 4_536_694,
      diffuse_irradiance_w_m2: 1_135_751,
      temperature_c: 129_071.1,
      humidity_percent: 969_362.76,
      wind_speed_m_s: 42_721,
      pressure_bar: 13_843.361,
    };
    for (const [quantity, total] of Object.entries(sums))
      expect(sum(run, 'Weather', `weather.${quantity}`)).toBeCloseTo(total, 5);
  });

  test('with nan for missing values, and without a header: a building in California', async () => {
    const run = await importOf('industry/building-kw-15min-2013.csv.gz', 'building-kw-15min');
    expect(run.report).toMatchObject({ rows: 5472, accepted: 4_729, rejected: 0 });
    expect(sum(run, 'Building', 'load.power_kw')).toBeCloseTo(34077.702000000005, 3);
  });

  test('with an offset in each time: meters and °F in Illinois', async () => {
    const meter = await importOf('meters/il-electricity-cdd-hdd-hourly.csv.gz', 'meter-kwh-hourly');
    expect(meter.report.series).toMatchObject([
      {
        values: 19_417,
        first: Date.parse('2015-11-22T06:00Z'),
        last: Date.parse('2018-02-08T06:00Z'),
        duplicates: 0,
        gaps: noGaps,
      },
    ]);
    expect(sum(meter, 'Meter', 'load.power_kw')).toBeCloseTo(21_927.13, 6);
    const weather = await importOf('meters/il-tempF.csv.gz', 'temperature-fahrenheit-hourly');
    expect(weather.report.series).toMatchObject([{ values: 19_417, gaps: noGaps }]);
    expect(sum(weather, 'Weather', 'weather.temperature_c')).toBeCloseTo(243_525.033333, 5);
  });
});
