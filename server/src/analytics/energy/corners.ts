import type { DeviceKind } from '@wattkeeper/contract/device.ts';

/** The sides between which a site's energy flows, and the consumers that are metered by themselves. */
export const CORNERS = ['solar', 'battery', 'grid', 'load', 'vehicle', 'machines'] as const;
export type Corner = (typeof CORNERS)[number];

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
    kinds: ['meter', 'inverter'],
  },
  {
    corner: 'battery',
    group: 'battery',
    power: 'power_kw',
    positive: 'energy_charged_kwh',
    negative: 'energy_discharged_kwh',
    kinds: ['battery', 'meter', 'inverter'],
  },
  {
    corner: 'grid',
    group: 'grid',
    power: 'power_kw',
    positive: 'energy_imported_kwh',
    negative: 'energy_exported_kwh',
    kinds: ['meter', 'inverter', 'battery'],
  },
  {
    corner: 'load',
    group: 'load',
    power: 'power_kw',
    positive: 'energy_kwh',
    negative: null,
    kinds: ['meter', 'inverter', 'battery'],
  },
  {
    corner: 'vehicle',
    group: 'vehicle',
    power: 'power_kw',
    positive: 'energy_kwh',
    negative: null,
    kinds: ['charger', 'meter', 'vehicle'],
  },
  // A main meter measures the machines behind it again, so machines count by themselves only where there is none.
  {
    corner: 'machines',
    group: 'energy',
    power: 'power_kw',
    positive: 'energy_kwh',
    negative: null,
    kinds: ['meter', 'machine'],
  },
];

/** Label that keeps a device out of its site's balance, such as a sub-meter behind another one: `energy_balance: exclude`. */
export const BALANCE_LABEL = 'energy_balance';
export const EXCLUDED = 'exclude';

/** Place of a kind among those that report a corner; 0 is believed first. */
export function rankOf(kinds: readonly DeviceKind[], kind: DeviceKind): number {
  const place = kinds.indexOf(kind);
  return place < 0 ? kinds.length : place;
}
