import { type RangeSearch, readRange } from '../../data/range-search.ts';

/** Offered numbers of days, in addition to calendar periods and any window. */
export const ANOMALY_DAYS: readonly number[] = [7, 30, 90];
export const DEFAULT_ANOMALY_DAYS = 30;
export const ANOMALY_STATES = ['open', 'resolved', 'all'] as const;
export type AnomalyState = (typeof ANOMALY_STATES)[number];
export const SEVERITIES = ['warning', 'critical'] as const;

export interface AnomaliesSearch extends RangeSearch {
  readonly state?: AnomalyState;
  readonly severity?: (typeof SEVERITIES)[number];
  /** Id of the selected device; default: all devices. */
  readonly machine?: string;
  /** Id of the open anomaly. */
  readonly event?: string;
}

/** The view in an address; the page has defaults for missing parameters. */
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
