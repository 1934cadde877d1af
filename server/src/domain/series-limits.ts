/**
 * Limits on series created by names from outside: each series costs memory and a column in a store, so that a sender with ever new names
 * would exhaust the machine. Known series are accepted even above a limit. docs/configuration.md lists the settings.
 */
export interface SeriesLimits {
  readonly devices: number;
  readonly labelsPerDevice: number;
  readonly series: number;
  readonly seriesPerDevice: number;
  readonly groups: number;
  readonly metricsPerGroup: number;
}

export const MAX_DEVICES = 100_000;
export const MAX_LABELS_PER_DEVICE = 64;
export const MAX_SERIES = 200_000;
export const MAX_SERIES_PER_DEVICE = 2_000;
export const MAX_GROUPS = 1_000;
/** Stores use one wide table per group; PostgreSQL allows 1,600 columns at most. */
export const MAX_METRICS_PER_GROUP = 1_000;

export const DEFAULT_LIMITS: SeriesLimits = {
  devices: MAX_DEVICES,
  labelsPerDevice: MAX_LABELS_PER_DEVICE,
  series: MAX_SERIES,
  seriesPerDevice: MAX_SERIES_PER_DEVICE,
  groups: MAX_GROUPS,
  metricsPerGroup: MAX_METRICS_PER_GROUP,
};

/** Rejection of a series: a code, and a message with what was found, what is allowed and the setting that changes it. */
export interface SeriesRefusal {
  readonly code: 'too_many_series' | 'too_many_metrics';
  readonly detail: string;
}
