/**
 * What names from outside may make: each series costs memory and a column in a store, so that a sender with ever new names would use up
 * the machine. What is known already is taken, also above a limit. docs/configuration.md lists the settings.
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
/** Stores keep a group as one wide table; PostgreSQL takes at most 1,600 columns. */
export const MAX_METRICS_PER_GROUP = 1_000;

export const DEFAULT_LIMITS: SeriesLimits = {
  devices: MAX_DEVICES,
  labelsPerDevice: MAX_LABELS_PER_DEVICE,
  series: MAX_SERIES,
  seriesPerDevice: MAX_SERIES_PER_DEVICE,
  groups: MAX_GROUPS,
  metricsPerGroup: MAX_METRICS_PER_GROUP,
};

/** Why a series is not taken: a code, and what was found, what is allowed and which setting changes it. */
export interface SeriesRefusal {
  readonly code: 'too_many_series' | 'too_many_metrics';
  readonly detail: string;
}
