import type { Window } from '../../domain/time/window.ts';
import type { SeriesQuality } from './series-quality.ts';

/**
 * Score of a series in a window, 0 to 100: the share of the expected samples that are present and plausible. Stuck, interpolated and
 * out-of-range samples count as missing. Null if no sample is expected.
 */
export function seriesScore(quality: SeriesQuality, window: Window): number | null {
  if (quality.completeness === null) return null;
  const length = window.end - window.start;
  const doubtful = (lengthOf(quality.stuck) + lengthOf(quality.interpolated)) / length;
  const outside = quality.samples === 0 ? 0 : quality.outOfRange / quality.samples;
  return 100 * quality.completeness * Math.max(1 - doubtful - outside, 0);
}

/** Total duration of windows that do not overlap, ms. */
export function lengthOf(windows: readonly Window[]): number {
  return windows.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** Losses of inverters and batteries: the input may exceed the output by this share. */
const LOSSES = 0.15;
/**
 * Class 1 meters and partial slots: the output may exceed the input by this share, and integrated power may differ from a counter by it.
 */
const TOLERANCE = 0.05;
/** Smaller energies are noise. */
const MIN_ENERGY_KWH = 0.2;

/** Whether `PV + import + discharge = load + export + charge + losses` can hold. */
export function isBalanced(inKwh: number, outKwh: number): boolean {
  const surplus = inKwh - outKwh;
  const flow = Math.max(inKwh, outKwh);
  return surplus <= Math.max(LOSSES * flow, MIN_ENERGY_KWH) && surplus >= -Math.max(TOLERANCE * flow, MIN_ENERGY_KWH);
}

/** Whether integrated power and a counter agree. */
export function agrees(counterKwh: number, powerKwh: number): boolean {
  const greater = Math.max(Math.abs(counterKwh), Math.abs(powerKwh));
  return Math.abs(counterKwh - powerKwh) <= Math.max(TOLERANCE * greater, MIN_ENERGY_KWH);
}

/** (measured − accounted) ÷ the larger of both; 0 where both are 0. */
export function deviation(measured: number, accounted: number): number {
  const greater = Math.max(Math.abs(measured), Math.abs(accounted));
  return greater === 0 ? 0 : (measured - accounted) / greater;
}
