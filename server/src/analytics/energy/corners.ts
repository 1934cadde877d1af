import type { DeviceKind } from '@wattkeeper/contract/device.ts';

/** The nodes between which a site's energy flows, and consumers with separate meters. */
export const CORNERS = ['solar', 'battery', 'grid', 'load', 'vehicle', 'machines'] as const;
export type Corner = (typeof CORNERS)[number];

/** Quantities of the energy per interval, kWh. */
export interface IntervalMetrics {
  /** Same sign as the power; the only metric of corners with one direction. */
  readonly net: string;
  readonly positive: string | null;
  readonly negative: string | null;
}

const ONE_WAY: IntervalMetrics = { net: 'interval_kwh', positive: null, negative: null };

/** The metrics of a corner. */
export interface CornerMetrics {
  readonly corner: Corner;
  /** Metric group. */
  readonly group: string;
  /** Quantity of the power, kW. */
  readonly power: string;
  /** Counter for positive power: production, charge, import, consumption. */
  readonly positive: string;
  /** Counter for negative power: discharge, export. */
  readonly negative: string | null;
  readonly intervals: IntervalMetrics;
  /**
   * Preferred kinds of device if several report the corner, best first; other kinds share the last rank. Devices of the same rank measure
   * different parts and are added; devices of a lower rank measure the same energy again and only fill in while the preferred one is
   * silent.
   */
  readonly kinds: readonly DeviceKind[];
}

export const CORNER_METRICS: readonly CornerMetrics[] = [
  {
    corner: 'solar',
    group: 'solar',
    power: 'power_kw',
    positive: 'energy_kwh',
    negative: null,
    intervals: ONE_WAY,
    kinds: ['meter', 'inverter'],
  },
  {
    corner: 'battery',
    group: 'battery',
    power: 'power_kw',
    positive: 'energy_charged_kwh',
    negative: 'energy_discharged_kwh',
    intervals: { net: 'interval_kwh', positive: 'charged_interval_kwh', negative: 'discharged_interval_kwh' },
    kinds: ['battery', 'meter', 'inverter'],
  },
  {
    corner: 'grid',
    group: 'grid',
    power: 'power_kw',
    positive: 'energy_imported_kwh',
    negative: 'energy_exported_kwh',
    intervals: { net: 'interval_kwh', positive: 'imported_interval_kwh', negative: 'exported_interval_kwh' },
    kinds: ['meter', 'inverter', 'battery'],
  },
  {
    corner: 'load',
    group: 'load',
    power: 'power_kw',
    positive: 'energy_kwh',
    negative: null,
    intervals: ONE_WAY,
    kinds: ['meter', 'inverter', 'battery'],
  },
  {
    corner: 'vehicle',
    group: 'vehicle',
    power: 'power_kw',
    positive: 'energy_kwh',
    negative: null,
    intervals: ONE_WAY,
    kinds: ['charger', 'meter', 'vehicle'],
  },
  // A main meter also measures the machines, so the sum of the machines is used only without a main meter.
  {
    corner: 'machines',
    group: 'energy',
    power: 'power_kw',
    positive: 'energy_kwh',
    negative: null,
    intervals: ONE_WAY,
    kinds: ['meter', 'machine'],
  },
];

const PER_INTERVAL = new Set(
  CORNER_METRICS.flatMap(({ group, intervals: { net, positive, negative } }) =>
    [net, positive, negative].flatMap((quantity) => (quantity === null ? [] : [`${group}.${quantity}`])),
  ),
);

/** Whether a metric is an energy per interval. */
export function isPerInterval(metric: string): boolean {
  return PER_INTERVAL.has(metric);
}

/** Label that excludes a device, such as a sub-meter, from its site's balance: `energy_balance: exclude`. */
export const BALANCE_LABEL = 'energy_balance';
export const EXCLUDED = 'exclude';

/** Rank of a kind of device for a corner; 0 is preferred. */
export function rankOf(kinds: readonly DeviceKind[], kind: DeviceKind): number {
  const place = kinds.indexOf(kind);
  return place < 0 ? kinds.length : place;
}
