import type { DemandForecast } from '@wattkeeper/contract/analytics/forecast.ts';
import { expect, it } from 'vitest';
import { demandFrame, extentOf } from './forecast-frame.ts';

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour)).toISOString();
const slot = (hour: number, kw: number) => ({
  timestamp: at(hour),
  predicted_power_kw: kw,
  confidence_interval_lower: kw - 1,
  confidence_interval_upper: kw + 1,
  lower_80: kw,
  upper_80: kw,
});

it('continues from the last measurement, where the prediction band starts', () => {
  const frame = demandFrame({
    measured: [
      { timestamp: at(1), power_kw: 3 },
      { timestamp: at(2), power_kw: 4 },
    ],
    predictions: [slot(3, 5), slot(4, 6)],
  } as unknown as DemandForecast);
  expect(frame.columns.map(({ values }) => values)).toEqual([
    [3, 4, undefined, undefined],
    [undefined, 4, 5, 6],
  ]);
  expect(frame.columns[1]?.low).toEqual([undefined, 4, 4, 5]);
  expect(frame.columns[1]?.high).toEqual([undefined, 4, 6, 7]);
  expect(extentOf(frame)).toEqual({ start: Date.parse(at(1)), end: Date.parse(at(4)) });
});

it('does not draw across a missing measurement', () => {
  const frame = demandFrame({
    measured: [{ timestamp: at(2), power_kw: null }],
    predictions: [slot(3, 5)],
  } as unknown as DemandForecast);
  expect(frame.columns.map(({ values }) => values)).toEqual([
    [null, undefined],
    [undefined, 5],
  ]);
});
