import type { Window } from '../../domain/time/window.ts';

/** The period in which a device is part of its corner, epoch milliseconds. */
export interface Life {
  /** First reading. */
  readonly start: number;
  /** Retirement; infinite if not retired. */
  readonly end: number;
  /**
   * Last reading of a device that no longer reports; infinite while it reports. If other devices of the corner continue, it does not count
   * after this instant; otherwise its silence is a gap.
   */
  readonly silentFrom: number;
}

/** Milliseconds of a window in which a device counts. */
export function livedMs({ start, end }: Pick<Life, 'start' | 'end'>, from: number, to: number): number {
  return Math.max(Math.min(end, to) - Math.max(start, from), 0);
}

/** The period until the last reading. */
export function untilLastReading({ start, end, silentFrom }: Life): Pick<Life, 'start' | 'end'> {
  return { start, end: Math.min(end, silentFrom) };
}

/**
 * Stretches of a window without readings of a device in which none are expected.
 * @param others periods of the devices that measure other parts of the same corner
 * @param canLack whether the site may have been without this corner, such as before its first panels
 */
export function expectedSilences(life: Life, others: readonly Life[], canLack: boolean, window: Window): Window[] {
  const start = canLack ? window.start : Math.min(...others.map((other) => other.start), Number.POSITIVE_INFINITY);
  const end = canLack
    ? window.end
    : Math.max(...others.map((other) => untilLastReading(other).end), Number.NEGATIVE_INFINITY);
  const until = others.some((other) => untilLastReading(other).end > life.silentFrom)
    ? untilLastReading(life).end
    : life.end;
  const stretches = [
    { start: Math.max(start, window.start), end: Math.min(life.start, end, window.end) },
    { start: Math.max(until, start, window.start), end: Math.min(end, window.end) },
  ];
  return stretches.filter((stretch) => stretch.start < stretch.end);
}
