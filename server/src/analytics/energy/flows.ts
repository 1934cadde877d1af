import type { EnergyFlows } from '@wattkeeper/contract/analytics/energy.ts';
import type { SiteSlots } from './balance.ts';

/** Flows with a known source and target. */
export const FLOWS = [
  'solar_to_load_kwh',
  'solar_to_battery_kwh',
  'solar_to_grid_kwh',
  'battery_to_load_kwh',
  'battery_to_grid_kwh',
  'grid_to_load_kwh',
  'grid_to_battery_kwh',
] as const satisfies (keyof EnergyFlows)[];

/** Energy of a source without a target (losses, unmetered loads), and energy of a target without a source. */
export const RESIDUALS = [
  'solar_to_other_kwh',
  'battery_to_other_kwh',
  'grid_to_other_kwh',
  'other_to_load_kwh',
  'other_to_battery_kwh',
  'other_to_grid_kwh',
] as const satisfies (keyof EnergyFlows)[];

/**
 * Energy between corners by slot, kWh. Flows are NaN in slots with an unknown corner; there the residuals contain the whole energy of the
 * known corners. The flows and residuals of a corner always add up to its energy.
 */
export type FlowColumns = Readonly<Record<(typeof FLOWS)[number] | (typeof RESIDUALS)[number], Float64Array>>;

const SOURCES = ['solar', 'battery', 'grid'] as const;
const TARGETS = ['load', 'battery', 'grid'] as const;
type Source = (typeof SOURCES)[number];
type Target = (typeof TARGETS)[number];
/** Pairs of source and target in order of priority. */
const PRIORITY: readonly (readonly [Source, Target])[] = [
  ['solar', 'load'],
  ['solar', 'battery'],
  ['solar', 'grid'],
  ['battery', 'load'],
  ['battery', 'grid'],
  ['grid', 'load'],
  ['grid', 'battery'],
];

/**
 * Allocates the energy of each slot to flows. Meters do not measure flows, so a fixed rule determines them, the same for every slot:
 *
 * 1. Solar supplies the load, then charges the battery, then is exported.
 * 2. The battery supplies the remaining load, then is exported.
 * 3. The grid supplies the remaining load, then charges the battery.
 * 4. Energy that was both imported and exported within the slot, or both charged and discharged, did not return to its source: it replaces
 *    other energy, which was exported or charged. Example: solar is exported, and the grid supplies the load.
 *
 * No flow exceeds the energy of its source or its target. The remainder on either side (losses, meters that disagree) is a residual.
 */
export function allocateFlows(slots: SiteSlots): FlowColumns {
  const count = slots.edges.length - 1;
  const columns = Object.fromEntries(
    [...FLOWS, ...RESIDUALS].map((name) => [name, new Float64Array(count).fill(Number.NaN)]),
  ) as FlowColumns;
  const zero = new Float64Array(count);
  const battery = slots.present.includes('battery');
  const given = {
    solar: slots.present.includes('solar') ? orAbsent(slots.solar, slots.knownMs.solar) : zero,
    battery: battery ? orAbsent(slots.discharge, slots.knownMs.battery) : zero,
    grid: slots.imported,
  };
  const taken = {
    load: slots.load,
    battery: battery ? orAbsent(slots.charge, slots.knownMs.battery) : zero,
    grid: slots.exported,
  };
  for (let s = 0; s < count; s++) {
    const left = { solar: given.solar[s]!, battery: given.battery[s]!, grid: given.grid[s]! };
    const open = { load: taken.load[s]!, battery: taken.battery[s]!, grid: taken.grid[s]! };
    const sum = left.solar + left.battery + left.grid + open.load + open.battery + open.grid;
    if (sum === sum) {
      const ways = noWays();
      match(ways, left, open);
      for (const flow of FLOWS) columns[flow][s] = ways[flow];
    }
    for (const source of SOURCES) columns[`${source}_to_other_kwh`][s] = left[source];
    for (const target of TARGETS) columns[`other_to_${target}_kwh`][s] = open[target];
  }
  return columns;
}

/** Replaces NaN by zero in slots in which the site did not have the corner. */
function orAbsent(kwh: Float64Array, knownMs: Float64Array): Float64Array {
  return kwh.map((energy, s) => (energy !== energy && knownMs[s]! > 0 ? 0 : energy));
}

/** The flows of a span of slots. */
export interface SpanFlows {
  readonly flows: EnergyFlows;
  /** Share of the production that is not exported, 0–1, over slots with all corners known; null without production. */
  readonly selfConsumption: number | null;
  /** Share of the consumption that does not come from the grid, 0–1, over the same slots; null without consumption. */
  readonly selfSufficiency: number | null;
}

/**
 * The flows of slots `from … to` (without `to`), or null if no slot has all corners known. Residuals of opposite sign in different slots,
 * as coarse meters cause them, are matched by the same rule; a balance that closes over the span has no residuals.
 */
export function spanFlows(columns: FlowColumns, from: number, to: number): SpanFlows | null {
  const ways = noWays();
  const left = { solar: 0, battery: 0, grid: 0 };
  const open = { load: 0, battery: 0, grid: 0 };
  const unknown = { solar: 0, battery: 0, grid: 0, load: 0, charge: 0, exported: 0 };
  let slots = 0;
  for (let s = from; s < to; s++) {
    const isKnown = !Number.isNaN(columns.grid_to_load_kwh[s]);
    if (isKnown) {
      slots++;
      for (const flow of FLOWS) ways[flow] += columns[flow][s]!;
      for (const source of SOURCES) left[source] += columns[`${source}_to_other_kwh`][s]!;
      for (const target of TARGETS) open[target] += columns[`other_to_${target}_kwh`][s]!;
    } else {
      unknown.solar += columns.solar_to_other_kwh[s] || 0;
      unknown.battery += columns.battery_to_other_kwh[s] || 0;
      unknown.grid += columns.grid_to_other_kwh[s] || 0;
      unknown.load += columns.other_to_load_kwh[s] || 0;
      unknown.charge += columns.other_to_battery_kwh[s] || 0;
      unknown.exported += columns.other_to_grid_kwh[s] || 0;
    }
  }
  if (slots === 0) return null;
  match(ways, left, open);
  const production = ways.solar_to_load_kwh + ways.solar_to_battery_kwh + ways.solar_to_grid_kwh + left.solar;
  const consumption = ways.solar_to_load_kwh + ways.battery_to_load_kwh + ways.grid_to_load_kwh + open.load;
  return {
    flows: {
      ...ways,
      solar_to_other_kwh: left.solar + unknown.solar,
      battery_to_other_kwh: left.battery + unknown.battery,
      grid_to_other_kwh: left.grid + unknown.grid,
      other_to_load_kwh: open.load + unknown.load,
      other_to_battery_kwh: open.battery + unknown.charge,
      other_to_grid_kwh: open.grid + unknown.exported,
    },
    selfConsumption: shareWithout(ways.solar_to_grid_kwh, production),
    selfSufficiency: shareWithout(ways.grid_to_load_kwh, consumption),
  };
}

function shareWithout(part: number, total: number): number | null {
  return total > 0 ? Math.max(0, Math.min(1, 1 - part / total)) : null;
}

type Ways = Record<(typeof FLOWS)[number], number>;

function noWays(): Ways {
  return {
    solar_to_load_kwh: 0,
    solar_to_battery_kwh: 0,
    solar_to_grid_kwh: 0,
    battery_to_load_kwh: 0,
    battery_to_grid_kwh: 0,
    grid_to_load_kwh: 0,
    grid_to_battery_kwh: 0,
  };
}

/** Moves energy from `left` and `open` to the flows between them. */
function match(ways: Ways, left: Record<Source, number>, open: Record<Target, number>): void {
  for (const [from, to] of PRIORITY) {
    const kwh = Math.min(left[from], open[to]);
    left[from] -= kwh;
    open[to] -= kwh;
    ways[wayOf(from, to)] += kwh;
  }
  for (const corner of ['grid', 'battery'] as const) {
    for (const [from, to] of PRIORITY) {
      const kwh = from === corner || to === corner ? 0 : Math.min(left[corner], open[corner], ways[wayOf(from, to)]);
      if (kwh === 0) continue;
      ways[wayOf(from, to)] -= kwh;
      ways[wayOf(from, corner)] += kwh;
      ways[wayOf(corner, to)] += kwh;
      left[corner] -= kwh;
      open[corner] -= kwh;
    }
  }
}

function wayOf(from: Source, to: Target): keyof Ways {
  return `${from}_to_${to}_kwh` as keyof Ways;
}

/** Sum of the known slots, or null without any. */
export function sumKnown(column: Float64Array, from: number, to: number): number | null {
  let sum = 0;
  let known = 0;
  for (let s = from; s < to; s++) {
    const value = column[s]!;
    if (value !== value) continue;
    sum += value;
    known++;
  }
  return known > 0 ? sum : null;
}
