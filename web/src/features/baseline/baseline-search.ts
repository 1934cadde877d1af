import { type RangeSearch, readRange } from '../../data/range-search.ts';

/** Offered lengths of the baseline period in days, in addition to calendar periods and any window. */
export const BASELINE_DAYS: readonly number[] = [7, 30, 90];
export const DEFAULT_BASELINE_DAYS = 90;

/** Maximum of machines per training. */
const MAX_MACHINES = 50;

export interface BaselineSearch extends RangeSearch {
  /** Ids of the chosen machines, separated by commas; the first is displayed. */
  readonly machines?: string;
  /** Id of the displayed version. */
  readonly model?: string;
}

/** The view in an address; the page has defaults for missing parameters. */
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
