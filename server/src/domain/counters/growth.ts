import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { lowerBound, type Series } from '../columns/frame.ts';
import { dayOf } from '../time/site-time.ts';
import type { Window } from '../time/window.ts';
import { CONTEXT_DAYS, CONTEXT_SAMPLES, type Counter, type CounterEvent } from './counter.ts';
import { isBlankLeap, type Level, levelsOf, trueLevels } from './levels.ts';
import { Pace } from './rates.ts';
import { wrapGrowth } from './wrap.ts';

/** Growth between two instants, spread evenly. */
export type VisitGrowth = (growth: number, since: number, until: number) => void;

/**
 * Visits the growth of a counter in a window, in pieces that end at samples and at midnights UTC: in ascending order except for user
 * decisions, whose difference to the rules is reported at the first sample of their event.
 *
 * The growth of each UTC day is determined from the samples of the surrounding days (`counterWindow`) by the explanation with the lowest
 * cost:
 * - Samples that leave the counter's level and return to it are misreads: growth continues from before to after them.
 * - A new level that persists is a reset, if it is at most what the counter can have counted from zero, otherwise a replacement: growth
 *    continues from it.
 * - A rise by more than the device can deliver is not growth.
 * - A decrease by the resolution of the counter is jitter: growth continues when the counter exceeds its previous value.
 * The maximum rate is the device's rating; without one, a multiple of the usual rate of the series, or the maximum rate of any plant.
 */
export function eachGrowth(series: Series, counter: Counter, window: Window, visit: VisitGrowth): void {
  eachDay(series, counter, window, visit, () => {});
}

/** Growth and events of a counter in a window. Resets of a counter that is reset every day are not events. */
export function counterHistory(series: Series, counter: Counter, window: Window) {
  const growth: { readonly amount: number; readonly start: number; readonly end: number }[] = [];
  const events: CounterEvent[] = [];
  const visit: VisitGrowth = (amount, start, end) => growth.push({ amount, start, end });
  eachDay(series, counter, window, visit, (event) => events.push(event));
  return { growth, events };
}

type VisitEvent = (event: CounterEvent) => void;

function eachDay(series: Series, counter: Counter, window: Window, visit: VisitGrowth, report: VisitEvent): void {
  const { timestamps } = series;
  if (timestamps.length === 0) return;
  const start = Math.max(window.start, timestamps[0]!);
  const end = Math.min(window.end, timestamps.at(-1)! + 1);
  const doubts = doubtfulLinks(series, counter);
  for (let day = Math.floor(start / UTC_DAY_MS) * UTC_DAY_MS; day < end; day += UTC_DAY_MS) {
    const own = { start: Math.max(day, start), end: Math.min(day + UTC_DAY_MS, end) };
    const context = contextOf(timestamps, day);
    const inside: VisitGrowth = (growth, since, until) => {
      const from = Math.max(since, own.start);
      const to = Math.min(until, own.end);
      if (from < to) visit(growth * ((to - from) / (until - since)), from, to);
    };
    const doubt = doubts[lowerBound(doubts, context.from + 1)];
    if (doubt === undefined || doubt >= context.to) steadyGrowth(series, own, inside);
    else {
      const part = {
        timestamps: timestamps.subarray(context.from, context.to),
        values: series.values.subarray(context.from, context.to),
      };
      decide(part, counter, inside, (event) => {
        if (event.start < own.start || event.start >= own.end) return;
        const amount = counter.decided.get(event.start);
        if (amount === undefined) return report(event);
        visit(amount - event.counted, event.start, event.start + 1);
        report({ ...event, counted: amount, decided: true });
      });
    }
  }
}

/** The samples that determine a day. */
function contextOf(timestamps: Float64Array, day: number): { readonly from: number; readonly to: number } {
  const near = lowerBound(timestamps, day - CONTEXT_DAYS * UTC_DAY_MS);
  const first = lowerBound(timestamps, day);
  const past = lowerBound(timestamps, day + UTC_DAY_MS);
  const far = lowerBound(timestamps, day + (CONTEXT_DAYS + 1) * UTC_DAY_MS);
  return {
    from: Math.max(Math.min(near, first - CONTEXT_SAMPLES), 0),
    to: Math.min(Math.max(far, past + CONTEXT_SAMPLES), timestamps.length),
  };
}

/** Samples lower than the previous one, or higher by more than the trusted rate allows. */
function doubtfulLinks({ timestamps, values }: Series, counter: Counter): Int32Array {
  const { behaviour, ratedRate, plausibleRate, trustedRate } = counter;
  const rate = ratedRate ?? Math.min(plausibleRate, trustedRate);
  const found: number[] = [];
  for (let i = 1; i < values.length; i++) {
    const rise = values[i]! - values[i - 1]!;
    const hours = Math.max(timestamps[i]! - timestamps[i - 1]!, 15 * MINUTE_MS) / HOUR_MS;
    const trusted = (values[i - 1] === 0 ? rate / 10 : rate) * hours;
    if (behaviour !== 'increasing' || rise < 0 || rise > trusted || values[i - 1]! < 0) found.push(i);
  }
  return Int32Array.from(found);
}

/** Growth without doubtful samples: every difference counts. */
function steadyGrowth({ timestamps, values }: Series, { start, end }: Window, visit: VisitGrowth): void {
  for (let i = Math.max(lowerBound(timestamps, start), 1); i < values.length; i++) {
    if (timestamps[i - 1]! >= end) return;
    visit(values[i]! - values[i - 1]!, timestamps[i - 1]!, timestamps[i]!);
  }
}

function decide(all: Series, counter: Counter, visit: VisitGrowth, report: VisitEvent): void {
  const series = counter.behaviour === 'net' ? all : withoutNegative(all, report);
  const { timestamps } = series;
  if (timestamps.length === 0) return;
  const pace = new Pace(series, counter);
  const levels = levelsOf(series, counter, pace);
  const kept = trueLevels(series, levels, counter, pace);
  const links = kept.slice(1).map((after, k) => linkOf(series, kept[k]!, after, counter, pace));
  const isDaily = counter.behaviour === 'reset_daily' || resetsDaily(series, kept, links, counter);
  if (kept[0]!.from > 0) report(misread(series, 0, kept[0]!.from, kept[0]!.min));
  for (const [k, level] of kept.entries()) {
    const before = kept[k - 1];
    let height = series.values[level.from]!;
    if (before !== undefined) {
      const { growth, kind } = links[k - 1]!;
      const ms = timestamps[level.from]! - timestamps[before.to - 1]!;
      const hidden = isDaily && kind === null && isReset(series, before, level.from, counter);
      // Jitter: growth continues when the counter exceeds its previous value.
      if (kind === null && !hidden && counter.behaviour !== 'net') height = Math.max(height, before.height);
      visit(hidden ? series.values[level.from]! : growth, timestamps[level.from]! - ms, timestamps[level.from]!);
      if (level.from > before.to) report(misread(series, before.to, level.from, before.height));
      if (kind !== null && !(kind === 'reset' && isDaily)) report(eventOf(series, before, level, kind, growth));
    }
    growWithin(series, level, height, counter, isDaily, visit);
  }
  const last = kept.at(-1)!;
  if (last.to < timestamps.length) report(misread(series, last.to, timestamps.length, last.height));
}

/** The samples of a counter that cannot be negative. */
function withoutNegative(series: Series, report: VisitEvent): Series {
  const { timestamps, values } = series;
  if (values.every((value) => value >= 0)) return series;
  for (let from = 0; from < values.length; from++) {
    if (values[from]! >= 0) continue;
    let to = from + 1;
    while (to < values.length && values[to]! < 0) to++;
    report(misread(series, from, to, values[from - 1] ?? 0));
    from = to;
  }
  return { timestamps: timestamps.filter((_, i) => values[i]! >= 0), values: values.filter((value) => value >= 0) };
}

function growWithin(
  { timestamps, values }: Series,
  level: Level,
  initialHeight: number,
  counter: Counter,
  isDaily: boolean,
  visit: VisitGrowth,
): void {
  let height = initialHeight;
  for (let i = level.from + 1; i < level.to; i++) {
    const value = values[i]!;
    const hidden = isDaily && isHiddenReset(timestamps[i - 1]!, timestamps[i]!, value - height, counter);
    const isDown = value < height && counter.behaviour !== 'net';
    visit(hidden ? value : isDown ? 0 : value - height, timestamps[i - 1]!, timestamps[i]!);
    if (!isDown) height = value;
  }
}

/** Minimum silence after which a daily counter with a higher value is assumed to have been reset at the midnight in between. */
const OUTAGE_MS = 3 * HOUR_MS;

function isReset({ timestamps, values }: Series, before: Level, at: number, counter: Counter): boolean {
  return isHiddenReset(timestamps[before.to - 1]!, timestamps[at]!, values[at]! - before.height, counter);
}

function isHiddenReset(since: number, until: number, rise: number, { timeZone }: Counter): boolean {
  return rise > 0 && until - since > OUTAGE_MS && dayOf(since, timeZone) !== dayOf(until, timeZone);
}

interface Link {
  readonly growth: number;
  /** Null if the counter continues. */
  readonly kind: CounterEvent['kind'] | null;
}

/** Growth of a counter between the end of a level and the start of the next one. */
function linkOf({ timestamps, values }: Series, before: Level, after: Level, counter: Counter, pace: Pace): Link {
  const { height } = before;
  const value = values[after.from]!;
  const ms = timestamps[after.from]! - timestamps[before.to - 1]!;
  const rise = value - height;
  const possible = pace.possible(ms, height);
  if (counter.behaviour === 'net') {
    return Math.abs(rise) > possible ? { growth: 0, kind: 'replacement' } : { growth: rise, kind: null };
  }
  if (rise >= 0) {
    if (before.isBlank && isBlankLeap(rise, ms, counter, pace)) return { growth: 0, kind: 'misread' };
    return rise > possible ? { growth: 0, kind: 'jump' } : { growth: rise, kind: null };
  }
  if (-rise <= pace.dip(ms, height, value)) return { growth: 0, kind: null };
  const wrapped = wrapGrowth(height, value, pace.certain(ms));
  if (wrapped !== null) return { growth: wrapped, kind: 'wrap' };
  const counted = counter.behaviour === 'reset_daily' ? possible : pace.tight(ms);
  return value >= 0 && value <= counted ? { growth: value, kind: 'reset' } : { growth: 0, kind: 'replacement' };
}

/** Minimum number of resets of a daily counter. */
const MIN_DAILY_RESETS = 2;

/** Whether a counter is reset on several days, and never twice on one. */
function resetsDaily(
  { timestamps }: Series,
  kept: readonly Level[],
  links: readonly Link[],
  counter: Counter,
): boolean {
  const days = links.flatMap(({ kind }, k) => (kind === 'reset' ? [timestamps[kept[k + 1]!.from]!] : []));
  if (days.length < MIN_DAILY_RESETS) return false;
  return new Set(days.map((instant) => dayOf(instant, counter.timeZone))).size === days.length;
}

function misread({ timestamps, values }: Series, from: number, to: number, level: number): CounterEvent {
  let furthest = values[from]!;
  for (let i = from; i < to; i++) if (Math.abs(values[i]! - level) > Math.abs(furthest - level)) furthest = values[i]!;
  return {
    kind: 'misread',
    start: timestamps[from]!,
    end: timestamps[to - 1]!,
    before: level,
    after: furthest,
    counted: 0,
    inDoubt: Math.abs(furthest - level),
  };
}

function eventOf(
  { timestamps, values }: Series,
  before: Level,
  after: Level,
  kind: CounterEvent['kind'],
  counted: number,
): CounterEvent {
  const value = values[after.from]!;
  // A reset may be a misread level, and energy counted before it is lost: its own value is in doubt.
  const inDoubt = kind === 'reset' || kind === 'wrap' ? counted : Math.abs(value - before.height);
  const at = kind === 'misread' ? before.from : after.from;
  const end = kind === 'misread' ? before.to - 1 : after.from;
  return { kind, start: timestamps[at]!, end: timestamps[end]!, before: before.height, after: value, counted, inDoubt };
}
