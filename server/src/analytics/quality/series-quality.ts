import type { Metric } from '@wattkeeper/contract/metric.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';
import { GAP_FACTOR, holdsUntilChanged, type Reporting, validUntil } from '../../domain/time/cadence.ts';
import type { Window } from '../../domain/time/window.ts';
import { naturalGaps, outside, type SunPlace } from './natural-gaps.ts';
import { interpolatedRuns, stuckRuns } from './runs.ts';

/** Quality of one series in one window. Instants are epoch milliseconds. */
export interface SeriesQuality {
  readonly samples: number;
  /** Number of samples expected from the reporting interval; null if the interval is unknown. */
  readonly expected: number | null;
  readonly intervalMs: number | null;
  /** 0–1: the share of the expected samples that are present; null if none is expected. */
  readonly completeness: number | null;
  /** Stretches without samples longer than 2.5 intervals, except natural gaps. */
  readonly gaps: readonly Window[];
  readonly outOfRange: number;
  readonly stuck: readonly Window[];
  readonly interpolated: readonly Window[];
}

export interface SeriesContext {
  readonly metric: Pick<Metric, 'kind' | 'minimum' | 'maximum'>;
  readonly window: Window;
  /** No samples are expected after this instant: normally now. */
  readonly asOf: number;
  /** Declared reporting of the device; without an interval, the usual interval of its samples is used. */
  readonly reporting: Reporting;
  /** Whether the quantity changes continuously except at zero or full: see `isRestless`. */
  readonly restless: boolean;
  /** First sample of the series; none are expected before it. */
  readonly since: number;
  /** Location of the site for solar series; null or absent for others. */
  readonly sun?: SunPlace | null;
}

/**
 * Evaluates a series in a window.
 * @param series samples of the window and of some preceding days, which determine the usual interval and the frequency of repeats
 */
export function seriesQuality(series: Series, context: SeriesContext): SeriesQuality {
  const { metric, window, asOf, since } = context;
  const from = lowerBound(series.timestamps, window.start);
  const to = lowerBound(series.timestamps, window.end);
  const start = Math.max(window.start, since);
  const end = Math.min(window.end, asOf);
  const intervalMs = context.reporting.expectedIntervalMs ?? medianInterval(series.timestamps);
  const inside = { timestamps: series.timestamps.subarray(from, to), values: series.values.subarray(from, to) };
  const presence =
    holdPresence(series, { start, end }, context.reporting) ??
    (intervalMs === null || end <= start
      ? null
      : presenceOf(
          inside.timestamps,
          { start, end },
          intervalMs,
          naturalGaps(series.timestamps, window, intervalMs, context.sun ?? null),
        ));
  const clip = (runs: readonly { from: number; to: number }[]) =>
    runs
      .map((run) => ({ start: series.timestamps[run.from]!, end: series.timestamps[run.to - 1]! }))
      .filter((run) => run.end >= window.start && run.start < window.end)
      .map((run) => ({ start: Math.max(run.start, window.start), end: Math.min(run.end, window.end) }));
  const looksAlive = metric.kind === 'gauge' && context.restless;
  return {
    samples: to - from,
    expected: presence?.expected ?? null,
    intervalMs,
    completeness: presence?.share ?? null,
    gaps: presence?.gaps ?? [],
    outOfRange: countOutside(inside.values, metric),
    stuck: looksAlive ? clip(stuckRuns(series, restingValues(metric))) : [],
    interpolated: looksAlive ? clip(interpolatedRuns(series)) : [],
  };
}

/** Resting values: zero for any quantity, full and empty for storage. */
function restingValues({ minimum, maximum }: SeriesContext['metric']): number[] {
  return [0, minimum, maximum].filter((value) => value !== null);
}

/** Median interval of samples, or null with fewer than four. */
function medianInterval(timestamps: Float64Array): number | null {
  if (timestamps.length < 4) return null;
  const distances = timestamps.slice(1).map((instant, i) => instant - timestamps[i]!);
  distances.sort();
  return distances[distances.length >> 1]!;
}

/**
 * Counts expected samples per stretch without a gap: its length divided by the interval, whatever the jitter. No samples are expected in
 * natural gaps, though there may be some.
 * @param timestamps ascending, all before `end`
 */
function presenceOf(
  timestamps: Float64Array,
  { start, end }: Window,
  intervalMs: number,
  natural: readonly Window[],
): { expected: number; share: number | null; gaps: Window[] } {
  const inside = timestamps.subarray(lowerBound(timestamps, start));
  if (inside.length === 0) {
    const { missing, gaps } = lossIn({ start, end }, Math.round((end - start) / intervalMs), intervalMs, natural);
    return { expected: missing, share: missing === 0 ? null : 0, gaps };
  }
  const lead = { start, end: inside[0]! };
  const losses = [lossIn(lead, Math.floor((lead.end - start) / intervalMs), intervalMs, natural)];
  for (let from = 0; from < inside.length; ) {
    const first = inside[from]!;
    let to = from + 1;
    while (to < inside.length && inside[to]! - inside[to - 1]! <= GAP_FACTOR * intervalMs) to++;
    const last = inside[to - 1]!;
    losses.push({ missing: Math.max(Math.round((last - first) / intervalMs) + 1 - (to - from), 0), gaps: [] });
    const gap = { start: last, end: inside[to] ?? end };
    losses.push(lossIn(gap, Math.max(Math.round((gap.end - last) / intervalMs) - 1, 0), intervalMs, natural));
    from = to;
  }
  const expected = inside.length + losses.reduce((sum, { missing }) => sum + missing, 0);
  return { expected, share: inside.length / expected, gaps: losses.flatMap(({ gaps }) => gaps) };
}

/**
 * Missing samples of a stretch without samples, and its gaps.
 * @param total number of missing samples without natural gaps
 */
function lossIn(gap: Window, total: number, intervalMs: number, natural: readonly Window[]) {
  const parts = outside(gap, natural);
  const long = parts.filter((part) => part.end - part.start > GAP_FACTOR * intervalMs);
  const isWhole = parts.length === 1 && parts[0]!.start === gap.start && parts[0]!.end === gap.end;
  if (isWhole) return { missing: total, gaps: long };
  return {
    missing: long.reduce((sum, part) => sum + Math.floor((part.end - part.start) / intervalMs), 0),
    gaps: long,
  };
}

/** Presence for a device that reports changes only: the time during which its values are valid; null for other devices. */
function holdPresence(series: Series, { start, end }: Window, reporting: Reporting) {
  if (end <= start || !holdsUntilChanged(series, reporting)) return null;
  const ends = validUntil(series, reporting);
  const gaps: Window[] = [];
  let [known, samples] = [start, 0];
  for (const [i, instant] of series.timestamps.entries()) {
    if (instant >= end) break;
    if (instant > known) gaps.push({ start: known, end: instant });
    if (instant >= start) samples++;
    known = Math.max(known, ends[i]!);
  }
  if (known < end) gaps.push({ start: known, end });
  const missingMs = gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0);
  const share = 1 - missingMs / (end - start);
  return { expected: share === 0 ? 1 : Math.max(Math.round(samples / share), 1), share, gaps };
}

function countOutside(values: Float64Array, { minimum, maximum }: SeriesContext['metric']): number {
  let count = 0;
  for (const value of values)
    if ((minimum !== null && value < minimum) || (maximum !== null && value > maximum)) count++;
  return count;
}
