import { describe, expect, it } from 'vitest';
import { defaultSeries, type SeriesOffer, seriesColours, seriesOffers } from './series-choice.ts';

const offer = (deviceId: string, metric: string): SeriesOffer => ({
  key: `${deviceId}:${metric}`,
  deviceId,
  deviceName: deviceId,
  metric,
  label: metric,
  unit: '',
  kind: 'gauge',
  expectedIntervalMs: null,
});

describe('the first view of History', () => {
  it('shows the power of a home', () => {
    const offers = ['grid.voltage_v', 'grid.power_kw', 'load.power_kw', 'solar.power_kw'].map((m) => offer('a', m));
    expect(defaultSeries(offers).map(({ metric }) => metric)).toEqual([
      'solar.power_kw',
      'load.power_kw',
      'grid.power_kw',
    ]);
  });

  it('shows the machines of a factory, not all of them', () => {
    const offers = [offer('m', 'grid.power_kw'), ...[...'abcdefgh'].map((id) => offer(id, 'energy.power_kw'))];
    expect(defaultSeries(offers)).toHaveLength(5);
  });

  it('shows some series of any other site', () => {
    expect(defaultSeries([offer('rv', 'tank.level_percent')])).toHaveLength(1);
    expect(defaultSeries([])).toEqual([]);
  });
});

describe('seriesColours', () => {
  it('uses each energy colour once, and no colour for two series', () => {
    const series = ['solar.power_kw', 'solar.string1_power_kw', 'grid.power_kw', 'weather.temperature_c'].map((m) =>
      offer('a', m),
    );
    const colours = seriesColours(series);
    expect(colours[0]).toBe('solar');
    expect(colours[2]).toBe('import');
    expect(new Set(colours).size).toBe(4);
  });

  it('gives twelve series of one kind different colours', () => {
    const series = Array.from({ length: 12 }, (_, i) => offer(`m${i}`, 'energy.power_kw'));
    expect(new Set(seriesColours(series)).size).toBe(12);
  });
});

describe('seriesOffers', () => {
  it('names a metric outside the catalogue by its identifier', () => {
    const latest = {
      timestamp: '2026-01-01T00:00:00Z',
      warnings: [],
      items: [
        {
          device_id: 'rv',
          device_name: 'RV',
          values: { 'tank.level_percent': { value: 1, unit: '%', timestamp: '2026-01-01T00:00:00Z' } },
        },
      ],
    };
    expect(seriesOffers(latest, [], [])).toMatchObject([{ label: 'tank.level_percent', unit: '%', kind: 'gauge' }]);
  });
});
