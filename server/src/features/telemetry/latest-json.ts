import { formatInstant } from '@wattkeeper/contract/common.ts';
import type { Metric } from '@wattkeeper/contract/metric.ts';
import type { LatestReading } from '@wattkeeper/contract/telemetry.ts';
import type { Target, TelemetryOptions } from './service.ts';

interface LatestOptions extends Pick<TelemetryOptions, 'queries' | 'now' | 'partial'> {
  readonly describe: (metric: string) => Metric;
}

/** The JSON of `/telemetry/latest` in pieces: one for each device that has a value. */
export function* latestJson(targets: Iterable<Target>, options: LatestOptions): Generator<string> {
  const { queries, now, partial, describe } = options;
  yield '{"items":[';
  let separator = '';
  for (const { device, metrics } of targets) {
    const requested = new Set(metrics);
    const samples = queries.latest([device.id]).filter(({ metric }) => requested.has(metric));
    if (samples.length === 0) continue;
    const values = samples.map(
      ({ metric, value, timestamp }) =>
        [metric, { value, unit: describe(metric).unit, timestamp: formatInstant(timestamp) }] as const,
    );
    const item: LatestReading = { device_id: device.id, device_name: device.name, values: Object.fromEntries(values) };
    yield `${separator}${JSON.stringify(item)}`;
    separator = ',';
  }
  yield `],"timestamp":"${formatInstant(now())}","warnings":${JSON.stringify(partial.notes())}}`;
}
