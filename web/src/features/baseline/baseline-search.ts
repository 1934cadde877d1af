import type { Window } from '../../data/period.ts';

export const BASELINE_DAYS = [7, 30, 90] as const;
export type BaselineDays = (typeof BASELINE_DAYS)[number];

/** More machines are not trained at once. */
const MACHINES_MAX = 50;
const LATEST_MS = Date.UTC(2200, 0, 1);

export interface BaselineSearch {
  /** Ids of the chosen machines, divided by commas; the first is in view. */
  readonly machines?: string;
  readonly days?: BaselineDays;
  /** A window of one's own, epoch milliseconds. */
  readonly from?: number;
  readonly to?: number;
  /** Id of the version in view. */
  readonly model?: string;
}

/** The view that an address asks for; what it does not say is left to the page. */
export function readBaselineSearch(raw: Record<string, unknown>): BaselineSearch {
  const days = BASELINE_DAYS.find((one) => one === Number(raw.days));
  const [from, to] = [Number(raw.from), Number(raw.to)];
  const isWindow = Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to < LATEST_MS;
  return {
    ...(typeof raw.machines === 'string' && raw.machines !== '' && { machines: raw.machines }),
    ...(isWindow ? { from, to } : days !== undefined && { days }),
    ...(typeof raw.model === 'string' && raw.model !== '' && { model: raw.model }),
  };
}

export function chosenMachines({ machines }: BaselineSearch): string[] {
  return [...new Set(machines?.split(',').filter(Boolean))].slice(0, MACHINES_MAX);
}

const DAY_MS = 86_400_000;
const USUAL_DAYS: BaselineDays = 90;

/** @param now the present, to the hour */
export function baselineWindow({ days, from, to }: BaselineSearch, now: number): Window {
  if (from !== undefined && to !== undefined) return { start: from, end: to };
  return { start: now - (days ?? USUAL_DAYS) * DAY_MS, end: now };
}
