import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Series } from '../columns/frame.ts';
import type { Window } from '../time/window.ts';

/** Growth in a time span. */
export interface GrowthPiece {
  readonly amount: number;
  /** Epoch milliseconds. */
  readonly start: number;
  readonly end: number;
}

/** A UTC day on which the growth of a counter differs from the sum of the differences of its samples. */
export interface DecidedDay {
  /** Days since 1970. */
  readonly day: number;
  readonly growth: readonly GrowthPiece[];
}

/**
 * The UTC days of a window on which the growth of a counter differs from that of `risesOf`, for stores that have the samples only.
 * @param growth as `counterHistory` returns it for the window
 * @param series its samples, including those around the window
 * @param window whole UTC days
 */
export function decidedDays(growth: readonly GrowthPiece[], series: Series, window: Window): DecidedDay[] {
  const decided = byDay(growth);
  const plain = byDay(risesOf(series, window));
  const days = [...new Set([...decided.keys(), ...plain.keys()])].sort((a, b) => a - b);
  return days.flatMap((day) => {
    const pieces = decided.get(day) ?? [];
    return isSame(pieces, plain.get(day) ?? []) ? [] : { day, growth: pieces };
  });
}

/** The rise of each sample over the previous one, omitted if it is lower, in pieces that end at samples and at midnights UTC. */
function risesOf({ timestamps, values }: Series, { start, end }: Window): GrowthPiece[] {
  const pieces: GrowthPiece[] = [];
  for (let i = 1; i < values.length; i++) {
    const [since, until] = [timestamps[i - 1]!, timestamps[i]!];
    const rise = Math.max(values[i]! - values[i - 1]!, 0);
    for (let from = Math.max(since, start); from < Math.min(until, end); ) {
      const to = Math.min(until, end, (Math.floor(from / UTC_DAY_MS) + 1) * UTC_DAY_MS);
      pieces.push({ amount: rise * ((to - from) / (until - since)), start: from, end: to });
      from = to;
    }
  }
  return pieces;
}

function byDay(pieces: readonly GrowthPiece[]): Map<number, GrowthPiece[]> {
  return Map.groupBy(pieces, ({ start }) => Math.floor(start / UTC_DAY_MS));
}

function isSame(one: readonly GrowthPiece[], other: readonly GrowthPiece[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ amount, start, end }, i) => {
      const { amount: otherAmount, start: otherStart, end: otherEnd } = other[i]!;
      return amount === otherAmount && start === otherStart && end === otherEnd;
    })
  );
}
