import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';

/** Where no rhythm is known yet, values older than this no longer count as live. */
const UNKNOWN_MS = 5 * MINUTE_MS;
const MIN_FRESH_MS = 30_000;
const MAX_FRESH_MS = 15 * MINUTE_MS;
/** So many of its longest intervals may pass before a source has stopped. */
const INTERVALS = 3;

/** For how long the newest value counts as live, ms: a few intervals of the source, whose readings arrived at these instants. */
export function freshForMs(seen: readonly number[]): number {
  if (seen.length < 3) return UNKNOWN_MS;
  const longest = Math.max(...seen.slice(1).map((at, i) => at - seen[i]!));
  return Math.min(MAX_FRESH_MS, Math.max(MIN_FRESH_MS, INTERVALS * longest));
}
