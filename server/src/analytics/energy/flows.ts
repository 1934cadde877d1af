import type { EnergyFlows } from '@wattkeeper/contract/analytics/energy.ts';
import type { SiteSlots } from './balance.ts';

/** Ways whose source and target are both known. */
export const FLOWS = [
  'solar_to_load_kwh',
  'solar_to_battery_kwh',
  'solar_to_grid_kwh',
  'battery_to_load_kwh',
  'battery_to_grid_kwh',
  'grid_to_load_kwh',
  'grid_to_battery_kwh',
] as const satisfies (keyof EnergyFlows)[];

/** What a source gives that no target takes (losses, loads without a meter), and what a target takes that no source gives. */
export const RESIDUALS = [
  'solar_to_other_kwh',
  'battery_to_other_kwh',
  'grid_to_other_kwh',
  'other_to_load_kwh',
  'other_to_battery_kwh',
  'other_to_grid_kwh',
] as const satisfies (keyof EnergyFlows)[];

/**
 * Energy from one corner to another by slot, kWh. Flows are NaN in slots where a corner is not known; residuals hold the whole of the
 * known corners there. So the flows and residuals of a corner always add up to its energy.
 */
export type FlowColumns = Readonly<Record<(typeof FLOWS)[number] | (typeof RESIDUALS)[number], Float64Array>>;

const SOURCES = ['solar', 'battery', 'grid'] as const;
const TARGETS = ['load', 'battery', 'grid'] as const;
type Source = (typeof SOURCES)[number];
type Target = (typeof TARGETS)[number];
/** Ways between sources and targets, those first that are served first. */
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
 * Says where each slot's energy went. Meters do not tell, so a rule does, the same in every slot:
 *
 * 1. Solar serves the load, then charges the battery, then goes to the grid.
 * 2. What the battery gives serves the load that is left, then goes to the grid.
 * 3. What is bought serves the load that is left, then charges the battery.
 * 4. What was bought as well as sold within the slot, or charged as well as discharged, did not return to where it came from: it takes
 *    the place of other energy, which then went to the grid or into the battery. Sold solar and a load served by the grid, say.
 *
 * No flow is larger than what its source gives and its target takes. What is left over on either side (losses, meters that
 * disagree) is a residual.
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

/** Zero where the site is known to have had no such corner. */
function orAbsent(kwh: Float64Array, knownMs: Float64Array): Float64Array {
  return kwh.map((energy, s) => (energy !== energy && knownMs[s]! > 0 ? 0 : energy));
}

/** What the flows of a span of slots come to. */
export interface SpanFlows {
  readonly flows: EnergyFlows;
  /** Share of the production that does not go to the grid, 0–1, of the slots in which every corner is known; null without production. */
  readonly selfConsumption: number | null;
  /** Share of the consumption that does not come from the grid, likewise. */
  readonly selfSufficiency: number | null;
}

/**
 * The flows of slots `from … to` (without `to`) together, or null when all corners are known in none of them. What one slot leaves over
 * and another one lacks, as meters of coarse steps do, is matched by the same rule; so a balance that closes over the span has no residuals.
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

function shareWithout(part: number, whole: number): number | null {
  return whole > 0 ? Math.max(0, Math.min(1, 1 - part / whole)) : null;
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

/** Moves energy from `left` and `open` to the ways between them. */
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

/** Sum of the slots that are known, or null when none is. */
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
