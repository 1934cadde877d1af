import type { SlotWidth } from './slots.ts';

/** Horizon of a forecast and its back-tests. */
export interface Horizon {
  readonly width: SlotWidth;
  readonly steps: number;
  /** History used, days. */
  readonly historyDays: number;
  /** Minimum history, days. */
  readonly minDays: number;
  /** Number of back-tests and their distance in slots: not a multiple of a day, so that every hour is the first one in some. */
  readonly origins: number;
  readonly stride: number;
}

export const HORIZONS = {
  '1h': { width: '15m', steps: 4, historyDays: 42, minDays: 7, origins: 48, stride: 29 },
  '24h': { width: '1h', steps: 24, historyDays: 400, minDays: 14, origins: 60, stride: 25 },
  '7d': { width: '1d', steps: 7, historyDays: 730, minDays: 42, origins: 40, stride: 3 },
} as const satisfies Record<string, Horizon>;

/**
 * Origins of back-tests, as slots of a history of `known` slots, oldest first: each is followed by a complete horizon and preceded by
 * enough history.
 */
export function originsOf({ steps, minDays, origins, stride }: Horizon, perDay: number, known: number): number[] {
  const last = known - steps;
  // The first half is reserved for training.
  const first = Math.ceil(Math.max(minDays * perDay, known) / 2);
  const count = Math.min(origins, Math.floor((last - first) / stride) + 1);
  return Array.from({ length: Math.max(count, 0) }, (_, i) => last - (count - 1 - i) * stride);
}
