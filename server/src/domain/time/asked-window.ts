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
 * The window of a request.
 * @param bounds `now` in epoch milliseconds, and the maximum length of the window in days, unlimited by default
 * @throws InvalidInput if the window is empty or too long
 */
export function askedWindow(
  { start, end }: AskedWindow,
  { now, defaultDays, maxDays = Number.POSITIVE_INFINITY }: { now: number; defaultDays: number; maxDays?: number },
): Window {
  const endMs = end === undefined ? now : parseInstant(end);
  const startMs = start === undefined ? endMs - defaultDays * UTC_DAY_MS : parseInstant(start);
  if (startMs < endMs && endMs - startMs <= maxDays * UTC_DAY_MS) return { start: startMs, end: endMs };
  const bound = maxDays === Number.POSITIVE_INFINITY ? '' : ` and at most ${maxDays} days away`;
  const detail = `must be before the end${bound}; got ${formatInstant(startMs)} to ${formatInstant(endMs)}`;
  throw new InvalidInput(`start ${detail}`, { fields: [{ field: 'start', detail }] });
}

/**
 * The window of a request by days or instants: `start` is included; an end day is included, an end instant is excluded.
 * @throws InvalidInput naming `start_date` if it is after the end
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

/** A window in the form of the API. */
export function periodOf({ start, end }: Window): { start: string; end: string } {
  return { start: formatInstant(start), end: formatInstant(end) };
}
