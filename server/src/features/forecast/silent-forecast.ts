import { peakOf } from '../../analytics/forecast/accuracy.ts';
import type { StoredForecast } from './stored-forecast.ts';

/** The greatest slot of those that are forecast; null for none. */
export function peakAhead({ kw, silent }: StoredForecast) {
  if (silent.every((isSilent) => isSilent)) return null;
  return peakOf(Float64Array.from(kw, (value, k) => (silent[k] ? Number.NEGATIVE_INFINITY : value)));
}

/** How many slots have no forecast, since nothing is ever reported then. */
export function silenceWarnings({ silent }: StoredForecast): string[] {
  const count = silent.filter((isSilent) => isSilent).length;
  return count === 0
    ? []
    : [`${count} of ${silent.length} slots have no forecast: nothing was ever reported at their times`];
}
