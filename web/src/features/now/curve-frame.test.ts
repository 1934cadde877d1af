import type { Device } from '@wattkeeper/contract/device.ts';
import { describe, expect, it } from 'vitest';
import { curveFrame } from './curve-frame.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 5, 21, 10, minute)).toISOString();
const series = (metric: string, minutes: number[], mean: (number | null)[]) => ({
  device_id: 'device',
  device_name: 'device',
  metric,
  unit: 'kW',
  coverage: 1,
  timestamps: minutes.map(at),
  mean,
});
const answer = (...all: ReturnType<typeof series>[]) => ({
  time_period: { start: at(0), end: at(59) },
  bucket: '5m' as const,
  downsampled: false,
  warnings: [],
  series: all,
});

describe('curveFrame', () => {
  it('adds up devices, ignoring silent ones', () => {
    const { frame } = curveFrame(
      answer(series('solar.power_kw', [0, 5, 10], [1, null, null]), series('solar.power_kw', [0, 5, 10], [2, 3, null])),
      [],
    );
    expect(frame.columns[0]!.values).toEqual([3, 3, null]);
  });

  it("shows the curves of the site's metrics in a fixed order", () => {
    const { shown } = curveFrame(answer(series('grid.power_kw', [0], [1]), series('solar.power_kw', [0], [1])), []);
    expect(shown.map(({ metric }) => metric)).toEqual(['solar.power_kw', 'grid.power_kw']);
  });

  it('shows metered consumers separately from machines', () => {
    const of = (device_id: string, power: number) => ({ ...series('energy.power_kw', [0], [power]), device_id });
    const devices = [{ id: 'press', kind: 'machine' }] as Device[];
    const { frame, shown } = curveFrame(answer(of('press', 3), of('hall', 2)), devices);
    expect(shown.map(({ key }) => key)).toEqual(['machines', 'consumers']);
    expect(frame.columns.map(({ values }) => values[0])).toEqual([3, 2]);
  });
});
