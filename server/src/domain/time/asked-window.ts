import { formatInstant, isInstant, parseInstant } from '@wattkeeper/contract/common.ts';
import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../errors.ts';
import { dayWindow } from './site-time.ts';
import type { Window } from './window.ts';

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

/**
 * Where a window given by days or instants begins and ends: `start` is in it; an end that is a day is the last one in it, as instants the end is not.
 * @throws InvalidInput naming `start_date` where it is after the end
 */
export function askedDays(
  {
    start_date: start,
    end_date: end,
  }: { readonly start_date?: string | undefined; readonly end_date?: string | undefined },
  timeZone: string,
): { start: number | undefined; end: number | undefined } {
  const startMs =
    start === undefined ? undefined : isInstant(start) ? parseInstant(start) : dayWindow(start, timeZone).start;
  const endMs = end === undefined ? undefined : isInstant(end) ? parseInstant(end) : dayWindow(end, timeZone).end;
  if (startMs !== undefined && endMs !== undefined && startMs >= endMs) {
    const detail = `must not be after end_date ${end}; got ${start}`;
    throw new InvalidInput(`start_date ${detail}`, { fields: [{ field: 'start_date', detail }] });
  }
  return { start: startMs, end: endMs };
}

/** A window on the wire. */
export function periodOf({ start, end }: Window): { start: string; end: string } {
  return { start: formatInstant(start), end: formatInstant(end) };
}
