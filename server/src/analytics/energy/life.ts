import type { Window } from '../../domain/time/window.ts';

/** The time in which a device counts for its corner, epoch milliseconds. */
export interface Life {
  /** First reading. */
  readonly start: number;
  /** When it was retired; infinite while it is not. */
  readonly end: number;
  /**
   * Last reading of a device that seems to be gone; infinite while it reports. Where other devices of the corner continue it does not count from
   * then on; where none does, its silence is a gap.
   */
  readonly silentFrom: number;
}

/** The part of a window in which a device counts, ms. */
export function livedMs({ start, end }: Pick<Life, 'start' | 'end'>, from: number, to: number): number {
  return Math.max(Math.min(end, to) - Math.max(start, from), 0);
}

/** A life without the silence after it. */
export function heard({ start, end, silentFrom }: Life): Pick<Life, 'start' | 'end'> {
  return { start, end: Math.min(end, silentFrom) };
}

/**
 * Stretches of a window in which a device is not missed although it says nothing.
 * @param others the lives of the devices that measure other parts of the same corner
 * @param canLack the site may have been without this corner: before its first panels, say
 */
export function unmissed(life: Life, others: readonly Life[], canLack: boolean, window: Window): Window[] {
  const start = canLack ? window.start : Math.min(...others.map((other) => other.start), Number.POSITIVE_INFINITY);
  const end = canLack ? window.end : Math.max(...others.map((other) => heard(other).end), Number.NEGATIVE_INFINITY);
  const until = others.some((other) => heard(other).end > life.silentFrom) ? heard(life).end : life.end;
  const stretches = [
    { start: Math.max(start, window.start), end: Math.min(life.start, end, window.end) },
    { start: Math.max(until, start, window.start), end: Math.min(end, window.end) },
  ];
  return stretches.filter((stretch) => stretch.start < stretch.end);
}
