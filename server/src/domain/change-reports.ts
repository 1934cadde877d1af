/** Repeated neighbours that chance must lead to expect before their absence says anything. */
const MIN_EXPECTED_REPEATS = 10;
/** Share of them that a device which reports changes only may have: it repeats a value after a restart. */
const MAX_REPEATS_SHARE = 0.1;

/** How often neighbours repeat a value on a day, and how often they would in any order. */
export interface Repeats {
  readonly found: number;
  readonly expected: number;
}

/**
 * Whether a device reports its values only when they change, as Home Assistant does. A device that is read at intervals repeats its value at
 * least as often as chance does; one that reports changes never does, though its values recur. Where no values recur, nothing can be told.
 */
export function reportsChanges(days: readonly Repeats[]): boolean {
  const found = days.reduce((sum, day) => sum + day.found, 0);
  const expected = days.reduce((sum, day) => sum + day.expected, 0);
  return expected >= MIN_EXPECTED_REPEATS && found <= MAX_REPEATS_SHARE * expected;
}

/** @param values of one day, in their order */
export function repeatsOf(values: Float64Array): Repeats {
  let found = 0;
  for (let i = 1; i < values.length; i++) if (values[i] === values[i - 1]) found++;
  return { found, expected: expectedRepeats(values) };
}

/** Equal neighbours among the values if they came in any order. */
function expectedRepeats(values: Float64Array): number {
  const sorted = values.toSorted();
  let [pairs, from] = [0, 0];
  for (let i = 1; i <= sorted.length; i++) {
    if (i < sorted.length && sorted[i] === sorted[from]) continue;
    pairs += (i - from) * (i - from - 1);
    from = i;
  }
  return pairs / Math.max(values.length, 1);
}
