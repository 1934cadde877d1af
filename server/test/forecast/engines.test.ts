import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { describe, expect, it } from 'vitest';
import { backtest, forecast } from '../../src/analytics/forecast/backtest.ts';
import { CANDIDATES, type CandidateName } from '../../src/analytics/forecast/candidates.ts';
import { slotsOf } from '../../src/analytics/forecast/slots.ts';
import { loadForecastEngines } from '../../src/jobs/forecast-engines.ts';
import { PROPHET_GOLDEN, prophetSeries } from '../reference/prophet-hourly.ts';

const START = Date.UTC(2026, 0, 5);
const HOURS = 60 * 24;
const STEPS = 24;
const engines = loadForecastEngines();
const names = Object.keys(CANDIDATES) as CandidateName[];

function world(valueAt: (h: number) => number) {
  const starts = Float64Array.from({ length: HOURS + STEPS }, (_, h) => START + h * HOUR_MS);
  const values = Float64Array.from({ length: HOURS }, (_, h) => valueAt(h));
  return { slots: slotsOf(starts, '1h', 'UTC'), values, steps: STEPS };
}

describe('Prophet', () => {
  it('forecasts the same as Python’s Prophet, within 1 %', () => {
    const points = forecast({ candidate: 'prophet', ...world(prophetSeries) }, engines);
    for (const [k, golden] of PROPHET_GOLDEN.entries()) expect(Math.abs(points[k]! / golden - 1)).toBeLessThan(0.01);
  });
});

describe.each(names)('the model %s', (candidate) => {
  it('gives a number for every step, also with gaps', () => {
    const task = world((h) => (h % 97 < 5 || (h > 500 && h < 560) ? Number.NaN : prophetSeries(h)));
    const points = forecast({ candidate, ...task }, engines);
    expect(points).toHaveLength(STEPS);
    for (const point of points) expect(point).toBeGreaterThan(0);
  });

  it('forecasts a constant load as constant', () => {
    for (const level of [0, 3.5]) {
      const points = forecast({ candidate, ...world(() => level) }, engines);
      for (const point of points) expect(point).toBeCloseTo(level, 6);
    }
  });

  it('uses no data after the origin', () => {
    const task = world(prophetSeries);
    const origins = [HOURS - 100];
    const before = backtest({ candidate, ...task, origins }, engines);
    const changed = task.values.map((value, h) => (h >= HOURS - 100 ? 1000 : value));
    expect(backtest({ candidate, ...task, values: changed, origins }, engines)).toEqual(before);
  });
});
