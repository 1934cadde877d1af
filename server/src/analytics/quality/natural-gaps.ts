import { HOUR_MS, MINUTE_MS, UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { GAP_FACTOR } from '../../domain/time/cadence.ts';
import { sunPosition } from '../../domain/time/sun.ts';
import type { Window } from '../../domain/time/window.ts';

/** Where the sun decides when a series is silent. */
export interface SunPlace {
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
}

/** Times of the day are compared in bins of the narrowest of these widths that each hold a sample of a series without gaps. */
const BIN_WIDTHS_MS = [15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS];
/** Days with samples that have to agree. */
const MIN_DAYS = 3;
/** Shorter silences are not natural: a connection that fails each noon for some minutes is a fault. */
const MIN_SILENCE_MS = 2 * HOUR_MS;
/** Dusk and dawn move by up to 6 minutes a day at 60° of latitude, and clouds move them as well. */
const MARGIN_MS = 45 * MINUTE_MS;
/** Inverters start when the sun is some degrees above the horizon. */
const NIGHT_ELEVATION_DEG = 5;
const NIGHT_STEP_MS = 10 * MINUTE_MS;

/**
 * When a series is silent by nature in a window: at times of the day at which none of the days before had a sample, such as a roof at night or a machine that is
 * switched off. With fewer than three days before, where the sun decides, while it is down.
 * @param timestamps samples of the window and of the days before it, ascending
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

/** How much of a window lies outside others, as its separate parts. */
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

/** Runs of silent steps over a window and a bit beyond, widened by the margin and joined where they touch. */
function silences({ start, end }: Window, stepMs: number, isSilent: (at: number) => boolean): Window[] {
  const runs: { start: number; end: number }[] = [];
  for (let at = start; at < end; at += stepMs) {
    if (!isSilent(at)) continue;
    const last = runs.at(-1);
    if (last && last.end === at) last.end = at + stepMs;
    else runs.push({ start: at, end: at + stepMs });
  }
  // A silence at the edge of the window goes on in the day beside it.
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
