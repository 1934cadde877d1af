import { describe, expect, it } from 'vitest';
import { parseSearch, stringifySearch } from '../../search-text.ts';
import {
  type HistoryView,
  MAX_SERIES,
  readHistorySearch,
  readHistoryView,
  writeHistoryView,
} from './history-search.ts';

const DEFAULT: HistoryView = {
  series: [],
  range: '24h',
  compare: null,
  prices: true,
  sessions: false,
  anomalies: true,
  table: false,
};
const roundTrip = (view: HistoryView) => readHistoryView(parseSearch(stringifySearch({ ...writeHistoryView(view) })));

describe('the view of History in the address', () => {
  it.each<HistoryView>([
    DEFAULT,
    { ...DEFAULT, range: '1y', compare: 'year', prices: false, sessions: true, anomalies: false, table: true },
    { ...DEFAULT, range: { start: Date.UTC(2026, 2, 28, 23), end: Date.UTC(2026, 2, 29, 22) }, compare: 'week' },
    {
      ...DEFAULT,
      series: [
        { deviceId: '0b8a…,:&=%', metric: 'solar.power_kw' },
        { deviceId: 'b', metric: 'odd, name: 100%.of it' },
      ],
    },
  ])('survives the round trip %#', (view) => {
    expect(roundTrip(view)).toEqual(view);
  });

  it('is empty for the default view', () => {
    expect(stringifySearch({ ...writeHistoryView(DEFAULT) })).toBe('');
  });

  it('ignores invalid parameters', () => {
    const raw = {
      series: 'a:nodot,%E0%A4%A:x.y,b:solar.power_kw,b:solar.power_kw',
      range: 'aeon',
      from: 'x',
      compare: '7',
    };
    expect(readHistorySearch(raw)).toEqual({ series: 'b:solar.power_kw' });
    expect(readHistorySearch({ from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z' })).toEqual({});
  });

  it('shows a bounded number of series', () => {
    const series = Array.from({ length: 40 }, (_, i) => `d${i}:a.b`).join(',');
    expect(readHistoryView({ series }).series).toHaveLength(MAX_SERIES);
  });
});
