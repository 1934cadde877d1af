import { MINUTE_MS } from '@wattkeeper/contract/durations.ts';

/** Age limit of live values while the reporting interval is unknown. */
const UNKNOWN_MS = 5 * MINUTE_MS;
const MIN_FRESH_MS = 30_000;
const MAX_FRESH_MS = 15 * MINUTE_MS;
/** A source counts as stopped after this many of its longest intervals. */
const INTERVALS = 3;

/** How long the newest value counts as live, ms: a few intervals between the given arrival instants. */
export function freshForMs(seen: readonly number[]): number {
  if (seen.length < 3) return UNKNOWN_MS;
  const longest = Math.max(...seen.slice(1).map((at, i) => at - seen[i]!));
  return Math.min(MAX_FRESH_MS, Math.max(MIN_FRESH_MS, INTERVALS * longest));
}
