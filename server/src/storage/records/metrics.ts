import type { Metric, MetricRegistration } from '@wattkeeper/contract/metric.ts';

/** Metrics that users registered; the first catalogue is code. */
export interface Metrics {
  /** By name; every one has `custom: true`. */
  list(): Promise<Metric[]>;
  /** Registers a metric, or describes a registered one anew. The label defaults to the words of the quantity. */
  register(registration: MetricRegistration): Promise<Metric>;
  /** Whether there was one. */
  remove(name: string): Promise<boolean>;
}
