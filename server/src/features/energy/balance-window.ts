import { UTC_DAY_MS } from '@wattkeeper/contract/durations.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { addDays, dayOf, dayWindow, nominalMs } from '../../domain/time/site-time.ts';
import type { Window } from '../../domain/time/window.ts';

/** Maximum number of periods in one answer. */
export const MAX_PERIODS = 10_000;
/** Maximum window: energy is computed by slots of 15 minutes. */
export const MAX_WINDOW_DAYS = 3660;

/** Days before today in the default window. */
const DEFAULT_DAYS = new Map(Object.entries({ '15m': 0, '1h': 0, '1d': 29, '1mo': 364 }));

export interface AskedWindow {
  /** Epoch milliseconds, or null for the default. */
  readonly start: number | null;
  readonly end: number | null;
  readonly resolution: string;
}

/** The window of an energy balance, by default up to now; throws InvalidInput for an empty or too long one. */
export function balanceWindow({ start, end, resolution }: AskedWindow, timeZone: string, now: number): Window {
  const until = end ?? now;
  const days = DEFAULT_DAYS.get(resolution) ?? 0;
  const window = { start: start ?? dayWindow(addDays(dayOf(until - 1, timeZone), -days), timeZone).start, end: until };
  if (window.start >= window.end) throw invalid('start', `must be before end (${new Date(until).toISOString()})`);
  const spanMs = window.end - window.start;
  if (spanMs > MAX_WINDOW_DAYS * UTC_DAY_MS) {
    throw invalid('start', `must be at most ${MAX_WINDOW_DAYS} days before end; got ${Math.ceil(spanMs / UTC_DAY_MS)}`);
  }
  const periods = Math.ceil(spanMs / nominalMs(resolution));
  if (periods > MAX_PERIODS) {
    throw invalid(
      'resolution',
      `${resolution} gives ${periods} periods, at most ${MAX_PERIODS} are allowed; use a coarser resolution`,
    );
  }
  return window;
}

function invalid(field: string, detail: string): InvalidInput {
  return new InvalidInput(`${field} ${detail}`, { fields: [{ field, detail }] });
}
