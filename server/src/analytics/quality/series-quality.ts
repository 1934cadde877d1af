import type { Metric } from '@wattkeeper/contract/metric.ts';
import { lowerBound, type Series } from '../../domain/columns/frame.ts';
import { GAP_FACTOR, holdsUntilChanged, type Reporting, validUntil } from '../../domain/time/cadence.ts';
import type { Window } from '../../domain/time/window.ts';
import { naturalGaps, outside, type SunPlace } from './natural-gaps.ts';
import { interpolatedRuns, stuckRuns } from './runs.ts';

/** What is known about one series in one window. Instants are epoch milliseconds. */
export interface SeriesQuality {
  readonly samples: number;
  /** Samples that the interval leads to expect; null where no interval can be told. */
  readonly expected: number | null;
  readonly intervalMs: number | null;
  /** 0–1: the share of the expected samples that are there; null where none is expected. */
  readonly completeness: number | null;
  /** Stretches without samples longer than 2.5 intervals, without those in which the series is silent by nature. */
  readonly gaps: readonly Window[];
  readonly outOfRange: number;
  readonly stuck: readonly Window[];
  readonly interpolated: readonly Window[];
}

export interface SeriesContext {
  readonly metric: Pick<Metric, 'kind' | 'minimum' | 'maximum'>;
  readonly window: Window;
  /** Nothing is expected after it: normally now. */
  readonly asOf: number;
  /** What is declared of how the device reports; without an interval the usual distance of its samples counts. */
  readonly reporting: Reporting;
  /** The quantity never stands still by itself, save at zero or full: see `isRestless`. */
  readonly restless: boolean;
  /** The series is expected from here on: its first sample ever. */
  readonly since: number;
  /** Place of a series that the sun lets rest at night; null or left out for others. */
  readonly sun?: SunPlace | null;
}

/**
 * Judges a series in a window.
 * @param series samples of the window and of some days before it: they tell the usual interval and how often values repeat
 */
export function seriesQuality(series: Series, context: SeriesContext): SeriesQuality {
  const { metric, window, asOf, since } = context;
  const from = lowerBound(series.timestamps, window.start);
  const to = lowerBound(series.timestamps, window.end);
  const start = Math.max(window.start, since);
  const end = Math.min(window.end, asOf);
  const intervalMs = context.reporting.expectedIntervalMs ?? usualDistance(series.timestamps);
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

/** Zero is where a quantity rests; full and empty are where a store of energy does. */
function restingValues({ minimum, maximum }: SeriesContext['metric']): number[] {
  return [0, minimum, maximum].filter((value) => value !== null);
}

/** Median distance of neighbours, or null with fewer than four samples. */
function usualDistance(timestamps: Float64Array): number | null {
  if (timestamps.length < 4) return null;
  const distances = timestamps.slice(1).map((instant, i) => instant - timestamps[i]!);
  distances.sort();
  return distances[distances.length >> 1]!;
}

/**
 * Counts by stretches without a gap: so many intervals as a stretch lasts make so many samples, whatever the jitter of each. In natural gaps no
 * sample is expected, though one may be there.
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
 * Samples that a stretch without any lacks, and the gaps in it.
 * @param whole how many it lacks where nothing of it is natural
 */
function lossIn(gap: Window, whole: number, intervalMs: number, natural: readonly Window[]) {
  const parts = outside(gap, natural);
  const long = parts.filter((part) => part.end - part.start > GAP_FACTOR * intervalMs);
  const isWhole = parts.length === 1 && parts[0]!.start === gap.start && parts[0]!.end === gap.end;
  if (isWhole) return { missing: whole, gaps: long };
  return {
    missing: long.reduce((sum, part) => sum + Math.floor((part.end - part.start) / intervalMs), 0),
    gaps: long,
  };
}

/** Presence of a device that reports changes only: the time for which its values hold; null where it is none. */
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
