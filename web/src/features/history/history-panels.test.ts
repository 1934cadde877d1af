import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { bucketMs, historyPanels, seriesData } from './history-panels.ts';
import type { SeriesOffer } from './series-choice.ts';

const T0 = Date.UTC(2026, 5, 21);
const iso = (minutes: number[]) => minutes.map((minute) => new Date(T0 + minute * MINUTE_MS).toISOString());
const offer = (metric: string, unit: string, kind: SeriesOffer['kind'] = 'gauge'): SeriesOffer => ({
  key: `a:${metric}`,
  deviceId: 'a',
  deviceName: 'A',
  metric,
  label: metric,
  unit,
  kind,
  expectedIntervalMs: null,
});
const answer = (bucket: 'raw' | '15m', metric: string, columns: object, minutes: number[]) => ({
  time_period: { start: iso([0])[0]!, end: iso([60])[0]! },
  bucket,
  downsampled: false,
  warnings: [],
  series: [{ device_id: 'a', device_name: 'A', metric, unit: '', coverage: 1, timestamps: iso(minutes), ...columns }],
});
const window = { start: T0, end: T0 + 60 * MINUTE_MS };
const label = ({ label: name }: SeriesOffer) => name;

describe('seriesData', () => {
  it('puts a mean in the middle of its bucket, with its band', () => {
    const [data] = seriesData(
      [offer('x.y', 'kW')],
      ['solar'],
      [answer('15m', 'x.y', { mean: [1, null], min: [0, null], max: [2, null] }, [0, 15])],
    );
    expect(data!.input.times).toEqual([T0 + 7.5 * MINUTE_MS, T0 + 22.5 * MINUTE_MS]);
    expect(data!.input.low).toEqual([0, null]);
  });

  it('leaves raw samples where they are, and breaks the line at a silence', () => {
    const [data] = seriesData(
      [offer('x.y', 'kW')],
      ['solar'],
      [answer('raw', 'x.y', { value: [1, 2, 3, 4] }, [0, 1, 2, 50])],
    );
    expect(data!.input.times[0]).toBe(T0);
    expect(data!.input.gapMs).toBe(5 * MINUTE_MS);
    const [panel] = historyPanels([data!], [], label, window);
    expect(panel!.frame.columns[0]!.values).toEqual([1, 2, 3, null, 4]);
    expect(panel!.gaps).toEqual([{ start: T0 + 2 * MINUTE_MS, end: T0 + 50 * MINUTE_MS }]);
  });

  it('sums deltas', () => {
    const counts = answer('15m', 'production.count', { mean: [1], min: [1], max: [1], sum: [40] }, [0]);
    const [data] = seriesData([offer('production.count', 'units', 'delta')], ['load'], [counts]);
    expect(data!.input.values).toEqual([40]);
    expect(data!.input.low).toBeUndefined();
  });

  it('shifts an earlier period onto the current one', () => {
    const [data] = seriesData(
      [offer('x.y', 'kW')],
      ['solar'],
      [answer('raw', 'x.y', { value: [1] }, [0])],
      60 * MINUTE_MS,
    );
    expect(data!.input.times).toEqual([T0 + 60 * MINUTE_MS]);
  });
});

describe('historyPanels', () => {
  it('gives each unit an axis and each chart at most two', () => {
    const offers = [offer('a.kw', 'kW'), offer('b.soc', '%'), offer('c.kw', 'kW'), offer('d.t', '°C')];
    const answers = offers.map(({ metric }) => answer('raw', metric, { value: [1] }, [0]));
    const data = seriesData(offers, ['solar', 'battery', 'load', 'series-4'], answers);
    const panels = historyPanels(data, data.slice(0, 1), label, window);
    expect(panels.map(({ series }) => series.map(({ unit }) => unit))).toEqual([['kW', '%', 'kW', 'kW'], ['°C']]);
    expect(panels[0]!.series.at(-1)).toMatchObject({ dashed: true, colour: 'solar', key: 'a:a.kw:before' });
  });

  it('returns the width of each bucket', () => {
    expect(bucketMs('raw')).toBe(0);
    expect(bucketMs('1h')).toBe(3_600_000);
  });
});
