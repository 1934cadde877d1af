import { type Counter, counterWindow } from './counters/counter.ts';
import { decidingWindow, type Reporting } from './time/cadence.ts';
import type { Window } from './time/window.ts';

/** What is declared of a device's series of one metric group and decides how their samples count. */
export interface SeriesRules extends Reporting {
  /** The quantities that are counters. */
  readonly counters: ReadonlyMap<string, Counter>;
}

/** The rules of a device's quantities in a metric group. */
export type RulesOf = (deviceId: string, group: string, quantities: readonly string[]) => SeriesRules;

/** Of a device of which nothing is declared and that has no counter. */
export const NO_RULES: SeriesRules = { expectedIntervalMs: null, counters: new Map() };

/** The span whose samples decide what a window's samples of some quantities count for. */
export function rulesWindow(window: Window, quantities: readonly string[], rules: SeriesRules): Window {
  const own = decidingWindow(window, rules);
  if (!quantities.some((quantity) => rules.counters.has(quantity))) return own;
  const { start, end } = counterWindow(window);
  return { start: Math.min(own.start, start), end: Math.max(own.end, end) };
}
