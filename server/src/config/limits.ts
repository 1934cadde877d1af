import { z } from 'zod';
import {
  MAX_DEVICES,
  MAX_GROUPS,
  MAX_LABELS_PER_DEVICE,
  MAX_METRICS_PER_GROUP,
  MAX_SERIES,
  MAX_SERIES_PER_DEVICE,
  type SeriesLimits,
} from '../domain/series-limits.ts';

const limit = (most: number, usual: number) => z.number().int().min(1).max(most).default(usual);

/** Limits on the devices, series and metrics that incoming data may create. Known ones are accepted even above a limit. */
export const LimitsConfig = z
  .strictObject({
    devices: limit(1_000_000, MAX_DEVICES).describe('Devices that register themselves'),
    labels_per_device: limit(1_000, MAX_LABELS_PER_DEVICE).describe('Labels that lines give a device'),
    series: limit(10_000_000, MAX_SERIES).describe('Series in total'),
    series_per_device: limit(100_000, MAX_SERIES_PER_DEVICE).describe('Series of one device'),
    groups: limit(100_000, MAX_GROUPS).describe('Metric groups, which are tables in the stores'),
    metrics_per_group: limit(1_500, MAX_METRICS_PER_GROUP).describe('Metrics of one group, which are columns'),
  })
  .prefault({});

export function seriesLimits(limits: z.infer<typeof LimitsConfig>): SeriesLimits {
  return {
    devices: limits.devices,
    labelsPerDevice: limits.labels_per_device,
    series: limits.series,
    seriesPerDevice: limits.series_per_device,
    groups: limits.groups,
    metricsPerGroup: limits.metrics_per_group,
  };
}
