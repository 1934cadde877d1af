/** Minimum number of repeats expected by chance for a conclusion. */
const MIN_EXPECTED_REPEATS = 10;
/** Maximum share of the expected repeats for a device that reports changes only: it repeats a value after a restart. */
const MAX_REPEATS_SHARE = 0.1;

/** Number of repeated values among consecutive samples of a day, observed and expected for a random order. */
export interface Repeats {
  readonly found: number;
  readonly expected: number;
}

/**
 * Whether a device reports its values only when they change, as Home Assistant does. A device that is read at intervals repeats values at
 * least as often as chance; one that reports changes never does, though its values recur. Without recurring values there is no evidence.
 */
export function reportsChanges(days: readonly Repeats[]): boolean {
  const found = days.reduce((sum, day) => sum + day.found, 0);
  const expected = days.reduce((sum, day) => sum + day.expected, 0);
  return expected >= MIN_EXPECTED_REPEATS && found <= MAX_REPEATS_SHARE * expected;
}

/** @param values of one day, in order */
export function repeatsOf(values: Float64Array): Repeats {
  let found = 0;
  for (let i = 1; i < values.length; i++) if (values[i] === values[i - 1]) found++;
  return { found, expected: expectedRepeats(values) };
}

/** Expected number of equal consecutive values in a random order. */
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
