import { formatInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { InvalidInput } from './errors.ts';
import { UTC_DAY_MS, type Window } from './window.ts';

export interface AskedWindow {
  /** RFC 3339; default: `defaultDays` before the end. */
  readonly start?: string | undefined;
  /** RFC 3339; default: now. */
  readonly end?: string | undefined;
}

/**
 * The window that somebody asks for.
 * @param bounds `now` in epoch milliseconds; the longest window in days, default any
 * @throws InvalidInput when it is empty or too long
 */
export function askedWindow(
  { start, end }: AskedWindow,
  { now, defaultDays, mostDays = Number.POSITIVE_INFINITY }: { now: number; defaultDays: number; mostDays?: number },
): Window {
  const endMs = end === undefined ? now : parseInstant(end);
  const startMs = start === undefined ? endMs - defaultDays * UTC_DAY_MS : parseInstant(start);
  if (startMs < endMs && endMs - startMs <= mostDays * UTC_DAY_MS) return { start: startMs, end: endMs };
  const bound = mostDays === Number.POSITIVE_INFINITY ? '' : ` and at most ${mostDays} days away`;
  const detail = `must be before the end${bound}; got ${formatInstant(startMs)} to ${formatInstant(endMs)}`;
  throw new InvalidInput(`start ${detail}`, { fields: [{ field: 'start', detail }] });
}

/** A window on the wire. */
export function periodOf({ start, end }: Window): { start: string; end: string } {
  return { start: formatInstant(start), end: formatInstant(end) };
}
