import type { Metric } from '@wattkeeper/contract/metric.ts';
import { meansOf } from '../../domain/aggregate.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { DeviceRecord } from '../../storage/records/devices.ts';
import type { SiteDevices } from '../energy/site-sources.ts';
import { MACHINE_GROUP } from '../kpi/machine-energy.ts';

/** What a driver is called for short. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  production_count: 'production.count',
  operating_hours: 'production.operating_hours',
  material_moisture_percent: 'production.material_moisture_percent',
  outdoor_temp_c: 'environment.outdoor_temp_c',
  indoor_temp_c: 'environment.indoor_temp_c',
  pressure_bar: 'environment.pressure_bar',
};
/** Who measures the temperature outside. */
export const OUTDOORS = ['environment.outdoor_temp_c', 'weather.temperature_c'];
/** A site's weather stands in where no device has a thermometer outside. */
const STAND_IN: Readonly<Record<string, string>> = { 'environment.outdoor_temp_c': 'weather.temperature_c' };
/** Share of an hour for which a gauge must be known. */
const LEAST_COVERAGE = 0.5;

/** Where the values of a driver come from. */
export interface Driver {
  readonly name: string;
  readonly metric: string;
  readonly deviceId: string;
}

export interface DriverOptions {
  readonly queries: TelemetryQueries;
  readonly devices: SiteDevices;
  readonly describe: (metric: string) => Metric;
  readonly now: () => number;
}

/** Drivers that a machine can have: what it reports itself but its energy, and what its site's other devices measure around it. */
export function availableDrivers({ queries, devices }: DriverOptions, machine: DeviceRecord): Driver[] {
  const own = queries
    .metricsOf(machine.id)
    .filter((metric) => splitMetric(metric).group !== MACHINE_GROUP)
    .map((metric) => ({ name: shortNameOf(metric), metric, deviceId: machine.id }));
  const around = ['environment', 'weather'].flatMap((group) =>
    devices.ofSite(machine.siteId).flatMap(({ id }) =>
      queries
        .metricsOf(id)
        .filter((metric) => splitMetric(metric).group === group)
        .map((metric) => ({ name: shortNameOf(metric), metric, deviceId: id })),
    ),
  );
  const seen = new Set<string>();
  return [...own, ...around].filter(({ metric }) => !seen.has(metric) && seen.add(metric));
}

/** Finds who reports each driver. Throws InvalidInput with those that there are. */
export function findDrivers(options: DriverOptions, machine: DeviceRecord, names: readonly string[]): Driver[] {
  const available = availableDrivers(options, machine);
  return names.map((name) => {
    const metric = SHORT_NAMES[name] ?? name;
    for (const wanted of [metric, STAND_IN[metric]]) {
      const found = available.find((driver) => driver.metric === wanted);
      if (found) return { ...found, name };
    }
    const known = available.map((driver) => driver.name).join(', ') || 'none';
    const detail = `"${name}" is reported neither by the machine nor around it; there are ${known}`;
    throw new InvalidInput(`drivers: ${detail}`, { fields: [{ field: 'drivers', detail }] });
  });
}

/** Values of drivers by slot: sums of what is counted, means of what is measured; NaN where not known. */
export async function driverColumns(
  { queries, describe, now }: DriverOptions,
  drivers: readonly Driver[],
  edges: Float64Array,
): Promise<Float64Array[]> {
  return Promise.all(
    drivers.map(async ({ metric, deviceId }) => {
      const { group, quantity } = splitMetric(metric);
      const [answer] = await queries.buckets({
        deviceIds: [deviceId],
        group,
        quantities: [quantity],
        edges,
        asOf: now(),
      });
      const buckets = answer?.buckets[0];
      if (buckets === undefined) return new Float64Array(edges.length - 1).fill(Number.NaN);
      const { kind } = describe(metric);
      if (kind === 'delta') return buckets.sum;
      if (kind === 'counter') return buckets.increase;
      return meansOf(buckets).map((mean, s) => {
        const length = (edges[s + 1] as number) - (edges[s] as number);
        return (buckets.coveredMs[s] as number) >= LEAST_COVERAGE * length ? mean : Number.NaN;
      });
    }),
  );
}

function shortNameOf(metric: string): string {
  return Object.entries(SHORT_NAMES).find(([, full]) => full === metric)?.[0] ?? metric;
}
