import { SECOND_MS } from '@wattkeeper/contract/durations.ts';
import { ownValue } from '@wattkeeper/contract/own-value.ts';
import { type Counter, counterOf } from '../../domain/counters/counter.ts';
import type { MetricCatalogue } from '../../domain/metric-catalogue.ts';
import { NO_RULES, type RulesOf } from '../../domain/series-rules.ts';
import type { Reporting } from '../../domain/time/cadence.ts';
import { intervalOf } from '../../domain/time/intervals.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';

/** The rules of a device's series, from the declarations of the device and of its metrics. */
export function rulesFrom(
  deviceOf: (deviceId: string) => DeviceRecord | undefined,
  catalogue: Pick<MetricCatalogue, 'describe'>,
  zoneOf: (siteId: string) => string,
): RulesOf {
  return (deviceId, group, quantities) => {
    const device = deviceOf(deviceId);
    const timeZone = device ? zoneOf(device.siteId) : 'UTC';
    const counters = new Map<string, Counter>();
    for (const quantity of quantities) {
      const { kind, unit } = catalogue.describe(`${group}.${quantity}`);
      if (kind !== 'counter') continue;
      const behaviour = ownValue(device?.counters, `${group}.${quantity}`) ?? 'increasing';
      const decided = decidedOf(device, `${group}.${quantity}`);
      counters.set(
        quantity,
        counterOf(unit, { behaviour, ratedPowerKw: device?.ratedPowerKw ?? null, timeZone, decided }),
      );
    }
    const metrics = quantities.map((quantity) => `${group}.${quantity}`);
    return { ...(device ? reportingOf(device, metrics) : NO_RULES), counters };
  };
}

function decidedOf(device: DeviceRecord | undefined, metric: string): ReadonlyMap<number, number> {
  const decisions = device?.counterDecisions.filter((decision) => decision.metric === metric) ?? [];
  return new Map(decisions.map(({ at, counts }) => [at, counts]));
}

/** The declared reporting of a device; for metrics that are all per interval, including their intervals. */
export function reportingOf(
  { expectedIntervalS, holdsS, intervals }: DeviceRecord,
  metrics: readonly string[] = [],
): Reporting {
  const widths = metrics.map((metric) => ownValue(intervals, metric));
  const perInterval = widths.every((width) => width !== undefined) ? widths.map(nominalMs) : [];
  return {
    expectedIntervalMs:
      expectedIntervalS === null
        ? perInterval.length === 0
          ? null
          : Math.max(...perInterval)
        : expectedIntervalS * SECOND_MS,
    holdsMs: holdsS === null ? null : holdsS * SECOND_MS,
  };
}

function nominalMs(width: string): number {
  return intervalOf(width, 'UTC').nominalMs;
}
