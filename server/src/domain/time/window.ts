/** Half-open span of time `[start, end)` in epoch milliseconds. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
/** A UTC day. Days of a site are asked of `site-time.ts`: they may have 23 or 25 hours. */
export const UTC_DAY_MS = 86_400_000;

/** The part that two windows share, or null. */
export function intersect(a: Window, b: Window): Window | null {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? { start, end } : null;
}
