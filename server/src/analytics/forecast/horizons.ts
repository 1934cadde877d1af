import type { SlotWidth } from './slots.ts';

/** How far a forecast looks, and what it is held against. */
export interface Horizon {
  readonly width: SlotWidth;
  readonly steps: number;
  /** Days of history that are looked at. */
  readonly historyDays: number;
  /** Days of history without which there is no forecast. */
  readonly leastDays: number;
  /** Back-tests: how many, and how many slots apart. No multiple of a day, so that every hour has its turn as the first. */
  readonly origins: number;
  readonly stride: number;
}

export const HORIZONS = {
  '1h': { width: '15m', steps: 4, historyDays: 42, leastDays: 7, origins: 48, stride: 29 },
  '24h': { width: '1h', steps: 24, historyDays: 400, leastDays: 14, origins: 60, stride: 25 },
  '7d': { width: '1d', steps: 7, historyDays: 730, leastDays: 42, origins: 40, stride: 3 },
} as const satisfies Record<string, Horizon>;

/** Where back-tests begin: slots of a history of `known` slots, oldest first, each with a whole horizon after it and enough before it. */
export function originsOf({ steps, leastDays, origins, stride }: Horizon, perDay: number, known: number): number[] {
  const last = known - steps;
  // The first half is left to learn from.
  const first = Math.ceil(Math.max(leastDays * perDay, known) / 2);
  const count = Math.min(origins, Math.floor((last - first) / stride) + 1);
  return Array.from({ length: Math.max(count, 0) }, (_, i) => last - (count - 1 - i) * stride);
}
