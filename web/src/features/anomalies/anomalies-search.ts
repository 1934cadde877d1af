import { type RangeSearch, readRange } from '../../data/range-search.ts';

/** Numbers of days that are offered, beside calendar periods and any window. */
export const ANOMALY_DAYS: readonly number[] = [7, 30, 90];
export const USUAL_ANOMALY_DAYS = 30;
export const ANOMALY_STATES = ['open', 'resolved', 'all'] as const;
export type AnomalyState = (typeof ANOMALY_STATES)[number];
export const SEVERITIES = ['warning', 'critical'] as const;

export interface AnomaliesSearch extends RangeSearch {
  readonly state?: AnomalyState;
  readonly severity?: (typeof SEVERITIES)[number];
  /** Id of the device in view; without it all are. */
  readonly machine?: string;
  /** Id of the event that is open. */
  readonly event?: string;
}

/** The view that an address asks for; what it does not say is left to the page. */
export function readAnomaliesSearch(raw: Record<string, unknown>): AnomaliesSearch {
  const state = ANOMALY_STATES.find((one) => one === raw.state);
  const severity = SEVERITIES.find((one) => one === raw.severity);
  const textOf = (key: 'machine' | 'event') =>
    typeof raw[key] === 'string' && raw[key] !== '' ? { [key]: raw[key]! } : {};
  return {
    ...readRange(raw, ANOMALY_DAYS),
    ...(state !== undefined && { state }),
    ...(severity !== undefined && { severity }),
    ...textOf('machine'),
    ...textOf('event'),
  };
}
