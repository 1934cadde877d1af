import { NotFound } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';

/** The metrics in which a device reports its consumption. */
export interface Meter {
  /** Metric group, such as `energy`, `load` or `grid`. */
  readonly group: string;
  /** Quantity of the power, kW; null if not reported. */
  readonly power: string | null;
  /** Quantity of the counter, kWh; null if not reported. */
  readonly counter: string | null;
  /** Quantity of the energy per interval, kWh; null if not reported. */
  readonly interval: string | null;
  /** The power may be negative (export, discharge), which does not count as consumption. */
  readonly isSigned: boolean;
}

const POWER = 'power_kw';
const INTERVAL = 'interval_kwh';
interface Group {
  readonly group: string;
  readonly counter: string;
  /** Quantity per interval that takes precedence over `interval_kwh`. */
  readonly ownInterval?: string;
  readonly isSigned: boolean;
}

/** Groups in order of precedence, with their counters; a device that reports several is metered by the first. */
const KNOWN: readonly Group[] = [
  { group: 'energy', counter: 'energy_kwh', isSigned: false },
  { group: 'load', counter: 'energy_kwh', isSigned: false },
  { group: 'grid', counter: 'energy_imported_kwh', ownInterval: 'imported_interval_kwh', isSigned: true },
  { group: 'vehicle', counter: 'energy_kwh', isSigned: true },
];
/** Groups whose energy is not consumption. */
const OTHERS = new Set(['solar', 'battery']);

/**
 * The meter of a device: the first of the groups energy, load, grid (its import) and vehicle, then any other group by name, such as
 * `chiller`, that contains `power_kw`, a counter, or energy per interval. Null for a device that does not report its consumption.
 */
export function meterOf(queries: Pick<TelemetryQueries, 'metricsOf'>, deviceId: string): Meter | null {
  const reported = new Set(queries.metricsOf(deviceId));
  const groups = [...new Set(Array.from(reported, (metric) => splitMetric(metric).group))].sort();
  const further = groups
    .filter((group) => !OTHERS.has(group.split('.')[0]!) && KNOWN.every((known) => known.group !== group))
    .map((group): Group => ({ group, counter: 'energy_kwh', isSigned: false }));
  for (const { group, counter, ownInterval = INTERVAL, isSigned } of [...KNOWN, ...further]) {
    const [power = null, total = null, interval = null] = [[POWER], [counter], [ownInterval, INTERVAL]].map(
      (quantities) => quantities.find((quantity) => reported.has(`${group}.${quantity}`)) ?? null,
    );
    if (power ?? total ?? interval) return { group, power, counter: total, interval, isSigned };
  }
  return null;
}

/** The error for a device without a meter. */
export function noMeter(name: string): NotFound {
  return new NotFound(
    `${name} does not report its consumption; required is power_kw, an energy counter or interval_kwh in energy, load, grid, vehicle or another group`,
  );
}
