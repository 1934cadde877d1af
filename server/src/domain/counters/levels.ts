import { MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import type { Series } from '../columns/frame.ts';
import type { Counter } from './counter.ts';
import type { Pace } from './rates.ts';

/** Samples `from … to` (half-open) without a decrease or a suspicious rise among them. */
export interface Level {
  readonly from: number;
  readonly to: number;
  readonly min: number;
  /** Value at its end, from which growth continues. */
  readonly height: number;
  readonly max: number;
  /** Rises within the preceding levels. */
  readonly risesBefore: number;
  readonly rises: number;
  /** Preceding levels with the rises of a working counter. */
  readonly countingBefore: number;
  /** Initial zeros, as reported by a device that has not read its register yet. */
  readonly isBlank: boolean;
}

/** Maximum duration of a run of misreads, from the valid sample before it to the one after it, unless it has few samples. */
const MAX_MISREAD_MS = 3 * UTC_DAY_MS + 60 * MINUTE_MS;
const MAX_SPARSE_MISREAD_SAMPLES = 2;
/** Maximum number of levels in a run of misreads. */
const MAX_MISREAD_LEVELS = 12;
/** Maximum number of initial zeros that may not be readings. */
const MAX_BLANK_SAMPLES = 3;
/** A run with at least this many rises is a working counter. */
const MIN_COUNTING_RISES = 3;

/**
 * Costs of the assumptions of an explanation. The explanation with the lowest cost is used; among equals, the one with the fewest misreads.
 */
const COST = {
  /** The counter was reset or replaced, or jumped. */
  break: 3,
  suspiciousRise: 1,
  /** Samples are misreads although the counter does not continue from before to after them. */
  misreadAtBreak: 2,
  misreadsAtEnd: 4,
  misreadAtEnd: 1,
  /** A level with rises is a misread, or misreads are between the levels around them. */
  misreadsThatCount: 6,
  sample: 1e-6,
};

/**
 * Divides samples into levels: at every decrease, at every rise by more than usual, where the counter reaches a value from which it
 * decreased, and where it first exceeded a value to which it returns. A boundary decides nothing; misreads may start or end there.
 */
export function levelsOf({ timestamps, values }: Series, counter: Counter, pace: Pace): Level[] {
  const isNet = counter.behaviour === 'net';
  const levels: Level[] = [];
  let left = Number.POSITIVE_INFINITY;
  const add = (from: number, to: number) => {
    levels.push(levelOf(values, from, to, isNet, levels.at(-1)));
  };
  let [from, height, min] = [0, values[0]!, values[0]!];
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    const ms = timestamps[i]! - timestamps[i - 1]!;
    const rise = value - height;
    // The value before a suspicious rise must be stable, otherwise it was not a rise.
    const isUnproven = from > 0 && height === values[from]!;
    const fall = isNet ? pace.expected(ms, height) : isUnproven ? pace.noise(height) : pace.dip(ms, height, value);
    const noise = pace.noise(height);
    const isFall = -rise > fall;
    const isReturn = rise > noise && height < left - noise && value >= left - noise;
    const isBlankEnd = from === 0 && height === 0 && min === 0 && rise > 0 && i <= MAX_BLANK_SAMPLES;
    if (isFall || isReturn || rise > pace.expected(ms, height) || isBlankEnd) {
      const rose = isFall && value >= min - noise ? firstAbove(values, from, i, value + noise) : from;
      if (rose > from) add(from, rose);
      add(rose, i);
      if (isFall) left = height;
      else if (isReturn) left = Number.POSITIVE_INFINITY;
      [from, height, min] = [i, value, value];
      continue;
    }
    min = Math.min(min, value);
    height = isNet ? value : Math.max(height, value);
  }
  add(from, values.length);
  return levels;
}

/** The first of the samples before `to` after which all are above a value. */
function firstAbove(values: Float64Array, from: number, to: number, value: number): number {
  let first = to;
  while (first > from && values[first - 1]! > value) first--;
  return first;
}

function levelOf(values: Float64Array, from: number, to: number, isNet: boolean, before: Level | undefined): Level {
  let [min, max, height, rises] = [values[from]!, values[from]!, values[from]!, 0];
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value > height) rises++;
    min = Math.min(min, value);
    max = Math.max(max, value);
    height = isNet ? value : Math.max(height, value);
  }
  const isBlank = from === 0 && to <= MAX_BLANK_SAMPLES && min === 0 && max === 0;
  const risesBefore = before ? before.risesBefore + before.rises : 0;
  const countingBefore = before ? before.countingBefore + (counts(before) ? 1 : 0) : 0;
  return { from, to, min, max, height, rises, risesBefore, countingBefore, isBlank };
}

function counts({ rises }: Level): boolean {
  return rises >= MIN_COUNTING_RISES;
}

/** The counter's true levels in order; the others are misreads. */
export function trueLevels(series: Series, levels: readonly Level[], counter: Counter, pace: Pace): Level[] {
  const costs = new Float64Array(levels.length);
  const before = new Int32Array(levels.length).fill(-1);
  for (let b = 0; b < levels.length; b++) {
    costs[b] = b === 0 ? 0 : endCost(levels, 0, b);
    for (let a = b - 1; a >= 0 && b - a - 1 <= MAX_MISREAD_LEVELS; a--) {
      const cost = costs[a]! + stepCost(series, levels, a, b, counter, pace);
      if (cost >= costs[b]!) continue;
      costs[b] = cost;
      before[b] = a;
    }
  }
  let last = levels.length - 1;
  let minCost = costs[last]!;
  for (let b = last - 1; b >= Math.max(0, levels.length - 1 - MAX_MISREAD_LEVELS); b--) {
    const cost = costs[b]! + endCost(levels, b + 1, levels.length);
    if (cost < minCost) [minCost, last] = [cost, b];
  }
  const found: Level[] = [];
  for (let at = last; at >= 0; at = before[at]!) found.push(levels[at]!);
  return found.reverse();
}

/** Cost of the levels `from … to` at either end as misreads. */
function endCost(levels: readonly Level[], from: number, to: number): number {
  if (to - from > MAX_MISREAD_LEVELS) return Number.POSITIVE_INFINITY;
  return COST.misreadsAtEnd + (to - from) * COST.misreadAtEnd + countingCost(levels, from, to);
}

/** Cost of continuing from level `a` to level `b`, with the levels between as misreads. */
function stepCost(
  series: Series,
  levels: readonly Level[],
  a: number,
  b: number,
  counter: Counter,
  pace: Pace,
): number {
  const before = levels[a]!;
  const after = levels[b]!;
  const link = linkCost(series, before, after, counter, pace);
  if (b === a + 1) return link;
  const ms = series.timestamps[after.from]! - series.timestamps[before.to - 1]!;
  const samples = after.from - before.to;
  if (ms > MAX_MISREAD_MS && samples > MAX_SPARSE_MISREAD_SAMPLES) return Number.POSITIVE_INFINITY;
  const noise = pace.noise(before.height);
  let isBetween = true;
  for (let l = a + 1; l < b; l++) {
    const { min, max } = levels[l]!;
    if (min < before.height - noise || max > series.values[after.from]! + noise) isBetween = false;
  }
  return (
    (link > 0 ? COST.break + (b - a - 1) * COST.misreadAtBreak : 0) +
    (isBetween ? COST.misreadsThatCount : 0) +
    countingCost(levels, a + 1, b) +
    samples * COST.sample
  );
}

function countingCost(levels: readonly Level[], from: number, to: number): number {
  const last = levels[to - 1]!;
  const first = levels[from]!;
  const rises = last.risesBefore + last.rises - first.risesBefore;
  const counting = last.countingBefore + (counts(last) ? 1 : 0) - first.countingBefore;
  return COST.misreadsThatCount * Math.max(counting, rises >= MIN_COUNTING_RISES ? 1 : 0);
}

/** Cost of continuing from one level to another. */
function linkCost({ timestamps, values }: Series, before: Level, after: Level, counter: Counter, pace: Pace): number {
  const ms = timestamps[after.from]! - timestamps[before.to - 1]!;
  const rise = values[after.from]! - before.height;
  const size = counter.behaviour === 'net' ? Math.abs(rise) : rise;
  if (size < 0 && -size > pace.dip(ms, before.height, values[after.from]!)) return COST.break;
  if (before.isBlank && isBlankLeap(size, ms, counter, pace)) return COST.break;
  if (size > pace.possible(ms, before.height)) return COST.break;
  return size > pace.ordinary(ms, before.height) ? COST.suspiciousRise : 0;
}

/** Whether a counter rose from initial zeros by so much that the zeros were not readings. */
export function isBlankLeap(rise: number, ms: number, { trustedRate }: Counter, pace: Pace): boolean {
  const hours = Math.max(ms, 15 * MINUTE_MS) / (60 * MINUTE_MS);
  return rise > Math.max(pace.ordinary(ms, 0), (trustedRate / 10) * hours);
}
