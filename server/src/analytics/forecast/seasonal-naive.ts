import type { Fitted, History } from './slots.ts';

/** What was, will be: each slot is as the newest known one a whole number of periods before. NaN where none is known. */
export function fitSeasonalNaive({ values }: History, period: number): Fitted {
  return {
    predict: (steps) =>
      Float64Array.from({ length: steps }, (_, k) => {
        const newest = values.length + k - period * (Math.floor(k / period) + 1);
        for (let s = newest; s >= 0; s -= period) if (values[s] === values[s]) return values[s] as number;
        return Number.NaN;
      }),
  };
}
