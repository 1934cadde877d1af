import type { Metric } from '@wattkeeper/contract/metric.ts';
import { type Buckets, emptyBuckets, meansOf } from '../../domain/columns/aggregate.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { isMadeOfEnergy } from '../../domain/made-of-energy.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';
import type { Calendars } from '../../storage/records/analytics/calendars.ts';
import type { DeviceRecord } from '../../storage/records/devices/device-record.ts';
import type { Sites } from '../../storage/records/devices/sites.ts';
import type { SiteDevices } from '../energy/site-sources.ts';
import { meterOf } from '../kpi/meter.ts';
import { type Category, categoryColumns, isCategory } from './categories.ts';

/** Short names of drivers. */
const SHORT_NAMES = new Map(
  Object.entries({
    production_count: 'production.count',
    operating_hours: 'production.operating_hours',
    material_moisture_percent: 'production.material_moisture_percent',
    outdoor_temp_c: 'environment.outdoor_temp_c',
    indoor_temp_c: 'environment.indoor_temp_c',
    pressure_bar: 'environment.pressure_bar',
  }),
);
/** Metrics of the outdoor temperature. */
export const OUTDOORS = ['environment.outdoor_temp_c', 'weather.temperature_c'];
/** Metrics of a site's weather that replace a missing outdoor thermometer. */
const STAND_INS = new Map([['environment.outdoor_temp_c', 'weather.temperature_c']]);
/** Share of an hour for which a gauge must be known. */
const MIN_COVERAGE_SHARE = 0.5;

/** The source of a driver's values. */
export interface Driver {
  readonly name: string;
  readonly metric: string;
  /** The device that reports it; for a calendar, the calendar's id. */
  readonly deviceId: string;
  /** For a driver with categories: one of them. */
  readonly category?: Category | undefined;
}

export interface DriverOptions {
  readonly queries: TelemetryQueries;
  readonly devices: SiteDevices;
  readonly describe: (metric: string) => Metric;
  readonly calendars: Pick<Calendars, 'list'>;
  readonly sites: Pick<Sites, 'zoneOf'>;
  readonly now: () => number;
}

/**
 * Available drivers of a machine: its own metrics except its energy and metrics derived from it, and the environment and weather metrics of
 * the site's other devices.
 */
export function availableDrivers(options: DriverOptions, machine: DeviceRecord): Driver[] {
  const { queries, devices, describe } = options;
  const own = ownMetrics(options, machine).filter(({ metric }) => !isMadeOfEnergy(describe(metric)));
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

/** Metrics of a machine that are derived from its energy: cost, carbon, reactive energy. */
export function madeOfEnergy(options: DriverOptions, machine: DeviceRecord): Driver[] {
  return ownMetrics(options, machine).filter(({ metric }) => isMadeOfEnergy(options.describe(metric)));
}

function ownMetrics({ queries }: DriverOptions, machine: DeviceRecord): Driver[] {
  const metered = meterOf(queries, machine.id)?.group;
  return queries
    .metricsOf(machine.id)
    .filter((metric) => splitMetric(metric).group !== metered)
    .map((metric) => ({ name: shortNameOf(metric), metric, deviceId: machine.id }));
}

/** Finds the source of each driver. Throws InvalidInput with the available drivers. */
export function findDrivers(options: DriverOptions, machine: DeviceRecord, names: readonly string[]): Driver[] {
  const available = availableDrivers(options, machine);
  return names.map((name) => {
    const metric = SHORT_NAMES.get(name) ?? name;
    for (const wanted of [metric, STAND_INS.get(metric)]) {
      const found = available.find((driver) => driver.metric === wanted);
      if (found) return { ...found, name };
    }
    if (isMadeOfEnergy(options.describe(metric))) {
      const detail = `"${name}" is derived from the energy, so it cannot be a driver`;
      throw new InvalidInput(`drivers: ${detail}`, { fields: [{ field: 'drivers', detail }] });
    }
    const known = available.map((driver) => driver.name).join(', ') || 'none';
    const detail = `"${name}" is reported neither by the machine nor around it; available are ${known}`;
    throw new InvalidInput(`drivers: ${detail}`, { fields: [{ field: 'drivers', detail }] });
  });
}

/** Values of drivers by slot: sums of counters and amounts, means of gauges, shares of categories; NaN if unknown. */
export async function driverColumns(
  options: DriverOptions,
  drivers: readonly Driver[],
  edges: Float64Array,
): Promise<Float64Array[]> {
  const columns = await measuredColumns(
    options,
    drivers.filter((driver) => !isCategory(driver)),
    edges,
  );
  const bySource = Map.groupBy(drivers.filter(isCategory), ({ deviceId, metric }) => `${deviceId} ${metric}`);
  for (const some of bySource.values()) {
    const found = await categoryColumns(options, some, edges);
    for (const [d, driver] of some.entries()) columns.set(driver, found[d]!);
  }
  return drivers.map((driver) => columns.get(driver)!);
}

async function measuredColumns(
  { queries, describe, now }: DriverOptions,
  drivers: readonly Driver[],
  edges: Float64Array,
): Promise<Map<Driver, Float64Array>> {
  // The metrics of a device in one group are stored together, and read with one query.
  const together = Map.groupBy(drivers, ({ deviceId, metric }) => `${deviceId} ${splitMetric(metric).group}`);
  const columns = new Map<Driver, Float64Array>();
  await Promise.all(
    [...together.values()].map(async (some) => {
      const [{ deviceId, metric }] = some as [Driver, ...Driver[]];
      const { group } = splitMetric(metric);
      const quantities = [...new Set(some.map((driver) => splitMetric(driver.metric).quantity))];
      const [answer] = await queries.buckets({ deviceIds: [deviceId], group, quantities, edges, asOf: now() });
      for (const driver of some) {
        const buckets = answer?.buckets[quantities.indexOf(splitMetric(driver.metric).quantity)];
        columns.set(driver, columnOf(buckets ?? emptyBuckets(edges.length - 1), describe(driver.metric).kind, edges));
      }
    }),
  );
  return columns;
}

/** A copy, so that the transfer of a column to another thread includes no other columns. */
function columnOf(buckets: Buckets, kind: Metric['kind'], edges: Float64Array): Float64Array {
  if (kind === 'delta') return buckets.sum.slice();
  if (kind === 'counter') return buckets.increase.slice();
  return meansOf(buckets).map((mean, s) => {
    const length = edges[s + 1]! - edges[s]!;
    return buckets.coveredMs[s]! >= MIN_COVERAGE_SHARE * length ? mean : Number.NaN;
  });
}

function shortNameOf(metric: string): string {
  return [...SHORT_NAMES].find(([, full]) => full === metric)?.[0] ?? metric;
}
