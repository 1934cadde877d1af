import { NotFound } from '../../domain/errors.ts';
import { splitMetric } from '../../domain/metric-catalogue.ts';
import type { TelemetryQueries } from '../../query/telemetry-queries.ts';

/** Where a device reports the energy that it, or what it measures, consumes. */
export interface Meter {
  /** Metric group, such as `energy`, `load` or `grid`. */
  readonly group: string;
  /** Quantity of the power, kW; null where it reports none. */
  readonly power: string | null;
  /** Quantity of the counter, kWh; null where it reports none. */
  readonly counter: string | null;
  /** Quantity of the energy per interval, kWh; null where it reports none. */
  readonly interval: string | null;
  /** The power may be negative, which is no consumption: export, discharge. */
  readonly isSigned: boolean;
}

const POWER = 'power_kw';
const INTERVAL = 'interval_kwh';
interface Group {
  readonly group: string;
  readonly counter: string;
  /** Quantity per interval that goes before `interval_kwh`. */
  readonly ownInterval?: string;
  readonly isSigned: boolean;
}

/** Groups in which consumption is looked for first, with their counters; a device that reports several is metered by the first. */
const KNOWN: readonly Group[] = [
  { group: 'energy', counter: 'energy_kwh', isSigned: false },
  { group: 'load', counter: 'energy_kwh', isSigned: false },
  { group: 'grid', counter: 'energy_imported_kwh', ownInterval: 'imported_interval_kwh', isSigned: true },
  { group: 'vehicle', counter: 'energy_kwh', isSigned: true },
];
/** Groups whose energy is none that is consumed. */
const OTHERS = new Set(['solar', 'battery']);

/**
 * The meter of a device: the first of the groups energy, load, grid (its import), vehicle, and then of others by name, such as `chiller`, in
 * which it reports `power_kw`, a counter, or energy per interval. Null for a device that meters no consumption.
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
    `${name} meters no consumption: it reports none of power_kw, an energy counter and interval_kwh in energy, load, grid, vehicle or a group of its own`,
  );
}
