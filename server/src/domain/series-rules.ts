import { type Counter, counterWindow } from './counters/counter.ts';
import { decidingWindow, type Reporting } from './time/cadence.ts';
import type { Window } from './time/window.ts';

/** Declared rules for a device's series of one metric group, which determine the interpretation of their samples. */
export interface SeriesRules extends Reporting {
  /** The quantities that are counters. */
  readonly counters: ReadonlyMap<string, Counter>;
}

/** Returns the rules for quantities of a device in a metric group. */
export type RulesOf = (deviceId: string, group: string, quantities: readonly string[]) => SeriesRules;

/** Rules of a device without declarations and counters. */
export const NO_RULES: SeriesRules = { expectedIntervalMs: null, counters: new Map() };

/** The span whose samples determine the values of some quantities in a window. */
export function rulesWindow(window: Window, quantities: readonly string[], rules: SeriesRules): Window {
  const own = decidingWindow(window, rules);
  if (!quantities.some((quantity) => rules.counters.has(quantity))) return own;
  const { start, end } = counterWindow(window);
  return { start: Math.min(own.start, start), end: Math.max(own.end, end) };
}
