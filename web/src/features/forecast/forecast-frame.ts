import type { DemandForecast, SolarForecast } from '@wattkeeper/contract/analytics/forecast.ts';
import { alignSeries, type Frame, type Interval } from '../../charts/frame.ts';

/** Measured values, then the forecast with its 95 % prediction interval, which starts at the last measurement so that the line is continuous. */
export function demandFrame({ measured, predictions }: DemandForecast): Frame {
  const last = measured.at(-1);
  const joint = last && last.power_kw !== null ? [{ at: Date.parse(last.timestamp), kw: last.power_kw }] : [];
  return alignSeries([
    {
      times: measured.map(({ timestamp }) => Date.parse(timestamp)),
      values: measured.map(({ power_kw }) => power_kw),
      gapMs: Number.POSITIVE_INFINITY,
    },
    {
      times: [...joint.map(({ at }) => at), ...predictions.map(({ timestamp }) => Date.parse(timestamp))],
      values: [...joint.map(({ kw }) => kw), ...predictions.map(({ predicted_power_kw: kw }) => kw)],
      low: [...joint.map(({ kw }) => kw), ...predictions.map(({ confidence_interval_lower: kw }) => kw)],
      high: [...joint.map(({ kw }) => kw), ...predictions.map(({ confidence_interval_upper: kw }) => kw)],
      gapMs: Number.POSITIVE_INFINITY,
    },
  ]);
}

/** The solar forecast with its prediction interval, and the clear-sky power. */
export function solarFrame({ predictions }: SolarForecast): Frame {
  const times = predictions.map(({ timestamp }) => Date.parse(timestamp));
  const gapMs = Number.POSITIVE_INFINITY;
  return alignSeries([
    {
      times,
      values: predictions.map(({ predicted_power_kw: kw }) => kw),
      low: predictions.map(({ confidence_interval_lower: kw }) => kw),
      high: predictions.map(({ confidence_interval_upper: kw }) => kw),
      gapMs,
    },
    { times, values: predictions.map(({ clear_sky_power_kw: kw }) => kw), gapMs },
  ]);
}

/** From the first instant of a frame to its last. */
export function extentOf({ times }: Frame): Interval {
  return { start: times[0] ?? 0, end: times.at(-1) ?? 1 };
}
