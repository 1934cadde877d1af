import { type RangeSearch, readRange } from '../../data/range-search.ts';

/** Numbers of days that key figures are offered for, beside calendar periods and any window. */
export const MACHINE_DAYS: readonly number[] = [1, 7, 30, 90];
export const USUAL_MACHINE_DAYS = 7;

export type MachinesSearch = RangeSearch;

/** The view that an address asks for; what it does not say is left to the page. */
export function readMachinesSearch(raw: Record<string, unknown>): MachinesSearch {
  return readRange(raw, MACHINE_DAYS);
}
