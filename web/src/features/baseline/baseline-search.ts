import { type RangeSearch, readRange } from '../../data/range-search.ts';

/** Numbers of days that are offered to learn from, beside calendar periods and any window. */
export const BASELINE_DAYS: readonly number[] = [7, 30, 90];
export const USUAL_BASELINE_DAYS = 90;

/** More machines are not trained at once. */
const MAX_MACHINES = 50;

export interface BaselineSearch extends RangeSearch {
  /** Ids of the chosen machines, divided by commas; the first is in view. */
  readonly machines?: string;
  /** Id of the version in view. */
  readonly model?: string;
}

/** The view that an address asks for; what it does not say is left to the page. */
export function readBaselineSearch(raw: Record<string, unknown>): BaselineSearch {
  return {
    ...readRange(raw, BASELINE_DAYS),
    ...(typeof raw.machines === 'string' && raw.machines !== '' && { machines: raw.machines }),
    ...(typeof raw.model === 'string' && raw.model !== '' && { model: raw.model }),
  };
}

export function chosenMachines({ machines }: BaselineSearch): string[] {
  return [...new Set(machines?.split(',').filter(Boolean))].slice(0, MAX_MACHINES);
}
