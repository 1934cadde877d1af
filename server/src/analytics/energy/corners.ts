import type { DeviceKind } from '@wattkeeper/contract/device.ts';

/** The sides between which a site's energy flows, and the consumers that are metered by themselves. */
export const CORNERS = ['solar', 'battery', 'grid', 'load', 'vehicle', 'machines'] as const;
export type Corner = (typeof CORNERS)[number];

/** Quantities of the energy per interval, kWh. */
export interface IntervalMetrics {
  /** Signed as the power is; a corner that energy only leaves or only reaches has this one alone. */
  readonly net: string;
  readonly positive: string | null;
  readonly negative: string | null;
}

const ONE_WAY: IntervalMetrics = { net: 'interval_kwh', positive: null, negative: null };

/** Where the energy of a corner is reported. */
export interface CornerMetrics {
  readonly corner: Corner;
  /** Metric group. */
  readonly group: string;
  /** Quantity of the power, kW. */
  readonly power: string;
  /** Counter of what flows while the power is positive: production, charge, import, consumption. */
  readonly positive: string;
  /** Counter of what flows while it is negative: discharge, export. */
  readonly negative: string | null;
  readonly intervals: IntervalMetrics;
  /**
   * Which kind of device is believed when several report the corner, best first; kinds that are not named come last, together.
   * Devices of the same rank measure different parts and add up; a lower rank measures the same again and only fills in where
   * the better one is silent.
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
  // A main meter measures the machines behind it again, so machines count by themselves only where there is none.
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

/** Label that keeps a device out of its site's balance, such as a sub-meter behind another one: `energy_balance: exclude`. */
export const BALANCE_LABEL = 'energy_balance';
export const EXCLUDED = 'exclude';

/** Place of a kind among those that report a corner; 0 is believed first. */
export function rankOf(kinds: readonly DeviceKind[], kind: DeviceKind): number {
  const place = kinds.indexOf(kind);
  return place < 0 ? kinds.length : place;
}
