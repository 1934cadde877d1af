import { type RangeSearch, readRange } from '../../data/range-search.ts';

/** Offered numbers of days for key figures, in addition to calendar periods and any window. */
export const MACHINE_DAYS: readonly number[] = [1, 7, 30, 90];
export const DEFAULT_MACHINE_DAYS = 7;

export type MachinesSearch = RangeSearch;

/** The view in an address; the page has defaults for missing parameters. */
export function readMachinesSearch(raw: Record<string, unknown>): MachinesSearch {
  return readRange(raw, MACHINE_DAYS);
}
