import { type Fitted, type History, sameClock } from './slots.ts';

/**
 * Seasonal naive forecast: each slot equals the newest known slot at the same clock time a whole number of periods earlier. NaN if none is
 * known.
 */
export function fitSeasonalNaive({ slots, values }: History, period: number): Fitted {
  return {
    predict: (steps) =>
      Float64Array.from({ length: steps }, (_, k) => {
        const slot = values.length + k;
        for (let away = period * (Math.floor(k / period) + 1); away <= slot; away += period) {
          const value = values[sameClock(slots, slot, away)];
          if (value !== undefined && value === value) return value;
        }
        return Number.NaN;
      }),
  };
}
