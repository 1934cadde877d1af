import { HOUR_MS } from '@wattkeeper/contract/durations.ts';
import type { MetricKind } from '@wattkeeper/contract/metric.ts';
import type { Buckets } from '../../domain/columns/aggregate.ts';
import type { MetricFunction } from './expression.ts';

/**
 * Value of a function for the first bucket of a metric; NaN if unknown. The mean of a gauge is time-weighted, that of a delta is the mean
 * of its samples; the sum of a counter is its growth; the energy of a gauge is its value × hours.
 */
export function metricValue(apply: MetricFunction, kind: MetricKind, buckets: Buckets): number {
  const at = (column: Float64Array) => column[0] ?? Number.NaN;
  switch (apply) {
    case 'sum':
      return at(kind === 'counter' ? buckets.increase : buckets.sum);
    case 'energy':
      return kind === 'gauge' ? at(buckets.integral) : metricValue('sum', kind, buckets);
    case 'mean':
      return kind === 'gauge'
        ? (at(buckets.integral) * HOUR_MS) / at(buckets.coveredMs)
        : at(buckets.sum) / at(buckets.count);
    default:
      return at(buckets[apply]);
  }
}
