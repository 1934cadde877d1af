import { type Counter, counterOf } from '../../domain/counters/counter.ts';
import type { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import type { RulesOf } from '../../domain/series-rules.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';

/** The rules of a device's series, from what is declared of the device and of its metrics. */
export function rulesFrom(
  deviceOf: (deviceId: string) => DeviceRecord | undefined,
  catalogue: Pick<MetricCatalogue, 'describe'>,
): RulesOf {
  return (deviceId, group, quantities) => {
    const counters = new Map<string, Counter>();
    for (const quantity of quantities) {
      const { kind, unit } = catalogue.describe(`${group}.${quantity}`);
      if (kind === 'counter') counters.set(quantity, counterOf(unit));
    }
    const seconds = deviceOf(deviceId)?.expectedIntervalS ?? null;
    return { expectedIntervalMs: seconds === null ? null : seconds * 1000, counters };
  };
}
