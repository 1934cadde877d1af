import { peakOf } from '../../analytics/forecast/accuracy.ts';
import type { StoredForecast } from './stored-forecast.ts';

/** The highest of the slots with a forecast; null without any. */
export function peakAhead({ kw, silent }: StoredForecast) {
  if (silent.every((isSilent) => isSilent)) return null;
  return peakOf(Float64Array.from(kw, (value, k) => (silent[k] ? Number.NEGATIVE_INFINITY : value)));
}

/** Warns about slots without a forecast, at times of day without readings. */
export function silenceWarnings({ silent }: StoredForecast): string[] {
  const count = silent.filter((isSilent) => isSilent).length;
  return count === 0
    ? []
    : [`${count} of ${silent.length} slots have no forecast: there are no readings at their times of day`];
}
