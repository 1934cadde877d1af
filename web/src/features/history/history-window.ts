import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import { dayWindow, shiftInstant, type Window } from '../../data/period.ts';
import type { Comparison, HistoryView, Preset } from './history-search.ts';

const SLIDING: Partial<Record<Preset, number>> = { '1h': 1, '6h': 6, '24h': 24, '7d': 168, '30d': 720, '90d': 2160 };
const MIN_STEP_MS = 30_000;
/** A sliding window moves in steps of this share of its width: about a pixel. */
const STEP_SHARE = 1 / 1000;

/** Interval at which the window of a view moves; Infinity for a fixed window. */
export function windowStepMs(range: HistoryView['range']): number {
  if (typeof range !== 'string' || range === 'yesterday') return Number.POSITIVE_INFINITY;
  const hours = SLIDING[range] ?? (range === '1y' ? 8760 : 24);
  return Math.max(MIN_STEP_MS, hours * HOUR_MS * STEP_SHARE);
}

/** The window of a view at the instant `now`, in the site's time zone. */
export function windowOf(range: HistoryView['range'], now: number, zone: string): Window {
  if (typeof range !== 'string') return range;
  if (range === 'today') return dayWindow(now, zone);
  if (range === 'yesterday') return dayWindow(dayWindow(now, zone).start - 1, zone);
  if (range === '1y') return { start: shiftInstant(now, zone, { years: -1 }), end: now };
  return { start: now - SLIDING[range]! * HOUR_MS, end: now };
}

/** The earlier window for comparison; shifts by calendar days and years keep the site's local time. */
export function comparedWindow(compare: Comparison, window: Window, zone: string): Window {
  if (compare === 'week') return shifted(window, zone, { days: -7 });
  if (compare === 'year') return shifted(window, zone, { years: -1 });
  const days = wholeDays(window, zone);
  if (days !== null) return shifted(window, zone, { days: -days });
  return { start: window.start - (window.end - window.start), end: window.start };
}

/** The window moved by half its width, or zoomed around its middle. It ends at most one width after `now`. */
export function steppedWindow(window: Window, step: 'earlier' | 'later' | 'in' | 'out', now: number): Window {
  const span = window.end - window.start;
  const quarter = Math.round(span / 4);
  if (step === 'in') return { start: window.start + quarter, end: window.end - quarter };
  const shift = { earlier: -2 * quarter, later: 2 * quarter, out: 0 }[step];
  const grow = step === 'out' ? Math.round(span / 2) : 0;
  const end = Math.min(window.end + shift + grow, Math.max(now, window.end));
  return { start: Math.max(0, end - span - 2 * grow), end };
}

function shifted(window: Window, zone: string, by: { days?: number; years?: number }): Window {
  return { start: shiftInstant(window.start, zone, by), end: shiftInstant(window.end, zone, by) };
}

/** Length in days of a window from midnight to midnight. */
function wholeDays(window: Window, zone: string): number | null {
  const midnight = (at: number) => dayWindow(at, zone).start === at;
  if (!midnight(window.start) || !midnight(window.end)) return null;
  return Math.round((window.end - window.start) / (24 * HOUR_MS));
}
