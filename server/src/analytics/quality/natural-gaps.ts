import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { GAP_FACTOR } from '../../domain/time/cadence.ts';
import { sunPosition } from '../../domain/time/sun.ts';
import type { Window } from '../../domain/time/window.ts';

/** Location of a site whose sun determines the gaps of a series. */
export interface SunPlace {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
}

/** Times of day are compared in bins: the narrowest of these widths at which each bin of a series without gaps contains a sample. */
const BIN_WIDTHS_MS = [15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS];
/** Minimum number of earlier days with samples. */
const MIN_DAYS = 3;
/** Shorter silences are not natural: a connection that fails for some minutes each noon is a fault. */
const MIN_SILENCE_MS = 2 * HOUR_MS;
/** Dusk and dawn move by up to 6 minutes a day at a latitude of 60°, and clouds shift them further. */
const MARGIN_MS = 45 * MINUTE_MS;
/** Inverters start at a sun elevation of some degrees. */
const NIGHT_ELEVATION_DEG = 5;
const NIGHT_STEP_MS = 10 * MINUTE_MS;

/**
 * The natural gaps of a series in a window: times of day without samples on any of the preceding days, such as a roof at night or a machine
 * that is switched off. With fewer than three preceding days, solar series have natural gaps at night.
 * @param timestamps samples of the window and of the preceding days, ascending
 * @returns separate windows, ascending
 */
export function naturalGaps(
  timestamps: Float64Array,
  window: Window,
  intervalMs: number,
  sun: SunPlace | null,
): Window[] {
  const widthMs = BIN_WIDTHS_MS.find((width) => width >= GAP_FACTOR * intervalMs);
  if (widthMs === undefined) return [];
  const bins = UTC_DAY_MS / widthMs;
  const days = new Set<number>();
  const seen = new Set<number>();
  for (const instant of timestamps) {
    if (instant >= window.start) break;
    const at = Math.floor((instant - window.start) / widthMs);
    days.add(Math.floor(at / bins));
    seen.add(((at % bins) + bins) % bins);
  }
  if (days.size < MIN_DAYS) return sun === null ? [] : silences(window, NIGHT_STEP_MS, (at) => isNight(at, sun));
  return silences(window, widthMs, (at) => !seen.has(Math.floor((at - window.start) / widthMs) % bins));
}

/** The parts of a window outside other windows. */
export function outside({ start, end }: Window, others: readonly Window[]): Window[] {
  const parts: Window[] = [];
  let from = start;
  for (const other of others) {
    if (other.end <= from || other.start >= end) continue;
    if (other.start > from) parts.push({ start: from, end: other.start });
    from = Math.max(from, other.end);
  }
  if (from < end) parts.push({ start: from, end });
  return parts;
}

/** Runs of silent steps over a window and its surroundings, extended by the margin and merged if they touch. */
function silences({ start, end }: Window, stepMs: number, isSilent: (at: number) => boolean): Window[] {
  const runs: { start: number; end: number }[] = [];
  for (let at = start; at < end; at += stepMs) {
    if (!isSilent(at)) continue;
    const last = runs.at(-1);
    if (last && last.end === at) last.end = at + stepMs;
    else runs.push({ start: at, end: at + stepMs });
  }
  // A silence at the edge of the window continues in the adjacent day.
  const isLong = (run: Window) => run.end - run.start >= MIN_SILENCE_MS || run.start === start || run.end >= end;
  const wide = runs.filter(isLong).map((run) => ({ start: run.start - MARGIN_MS, end: run.end + MARGIN_MS }));
  return wide.reduce<Window[]>((joined, run) => {
    const last = joined.at(-1);
    if (last && last.end >= run.start) joined[joined.length - 1] = { start: last.start, end: run.end };
    else joined.push(run);
    return joined;
  }, []);
}

function isNight(instant: number, { latitudeDeg, longitudeDeg }: SunPlace): boolean {
  return 90 - sunPosition(instant, latitudeDeg, longitudeDeg).zenithDeg < NIGHT_ELEVATION_DEG;
}
