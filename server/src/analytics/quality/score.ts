import type { Window } from '../../domain/time/window.ts';
import type { SeriesQuality } from './series-quality.ts';

/**
 * Score of a series in a window, 0 to 100: the share of the expected samples that are there and that can be believed. Samples that stand still, lie
 * on a ruler or are out of range count as missing. Null where nothing is expected.
 */
export function seriesScore(quality: SeriesQuality, window: Window): number | null {
  if (quality.completeness === null) return null;
  const length = window.end - window.start;
  const doubtful = (lengthOf(quality.stuck) + lengthOf(quality.interpolated)) / length;
  const outside = quality.samples === 0 ? 0 : quality.outOfRange / quality.samples;
  return 100 * quality.completeness * Math.max(1 - doubtful - outside, 0);
}

/** Time covered by windows that do not overlap, ms. */
export function lengthOf(windows: readonly Window[]): number {
  return windows.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Losses of inverters and batteries: what comes in may exceed what goes out by this share. */
const LOSSES = 0.15;
/** Meters of class 1 and slots cut apart: what goes out may exceed what comes in by this share, and power may differ from a counter. */
const TOLERANCE = 0.05;
/** Less than this is noise. */
const MIN_ENERGY_KWH = 0.2;

/** Whether `PV + import + discharge = load + export + charge + losses` can hold. */
export function isBalanced(inKwh: number, outKwh: number): boolean {
  const surplus = inKwh - outKwh;
  const flow = Math.max(inKwh, outKwh);
  return surplus <= Math.max(LOSSES * flow, MIN_ENERGY_KWH) && surplus >= -Math.max(TOLERANCE * flow, MIN_ENERGY_KWH);
}

/** Whether power over time and a counter tell the same energy. */
export function agrees(counterKwh: number, powerKwh: number): boolean {
  const greater = Math.max(Math.abs(counterKwh), Math.abs(powerKwh));
  return Math.abs(counterKwh - powerKwh) <= Math.max(TOLERANCE * greater, MIN_ENERGY_KWH);
}

/** (measured − accounted) ÷ the larger of both; 0 where both are 0. */
export function deviation(measured: number, accounted: number): number {
  const greater = Math.max(Math.abs(measured), Math.abs(accounted));
  return greater === 0 ? 0 : (measured - accounted) / greater;
}
