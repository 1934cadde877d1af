import type { EnergyFlows } from '@wattkeeper/contract/energy.ts';
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
    solar: slots.present.includes('solar') ? slots.solar : zero,
    battery: battery ? slots.discharge : zero,
    grid: slots.imported,
  };
  const taken = { load: slots.load, battery: battery ? slots.charge : zero, grid: slots.exported };
  for (let s = 0; s < count; s++) {
    const left = { solar: given.solar[s]!, battery: given.battery[s]!, grid: given.grid[s]! };
    const open = { load: taken.load[s]!, battery: taken.battery[s]!, grid: taken.grid[s]! };
    const sum = left.solar + left.battery + left.grid + open.load + open.battery + open.grid;
    if (sum === sum) allocateSlot(columns, s, left, open);
    for (const source of SOURCES) columns[`${source}_to_other_kwh`][s] = left[source];
    for (const target of TARGETS) columns[`other_to_${target}_kwh`][s] = open[target];
  }
  return columns;
}

/** Takes what flows from `left` and `open`. */
function allocateSlot(
  columns: FlowColumns,
  s: number,
  left: Record<Source, number>,
  open: Record<Target, number>,
): void {
  for (const [from, to] of PRIORITY) {
    const kwh = Math.min(left[from], open[to]);
    left[from] -= kwh;
    open[to] -= kwh;
    wayOf(columns, from, to)[s] = kwh;
  }
  for (const corner of ['grid', 'battery'] as const) {
    for (const [from, to] of PRIORITY) {
      const kwh =
        from === corner || to === corner ? 0 : Math.min(left[corner], open[corner], wayOf(columns, from, to)[s]!);
      if (kwh === 0) continue;
      wayOf(columns, from, to)[s]! -= kwh;
      wayOf(columns, from, corner)[s]! += kwh;
      wayOf(columns, corner, to)[s]! += kwh;
      left[corner] -= kwh;
      open[corner] -= kwh;
    }
  }
}

function wayOf(columns: FlowColumns, from: Source, to: Target): Float64Array {
  return columns[`${from}_to_${to}_kwh` as (typeof FLOWS)[number]];
}

/** The flows of some slots together, or null when all corners are known in none of them. */
export function sumFlows(flows: FlowColumns, from: number, to: number): EnergyFlows | null {
  if (sumKnown(flows.grid_to_load_kwh, from, to) === null) return null;
  return Object.fromEntries(
    [...FLOWS, ...RESIDUALS].map((flow) => [flow, sumKnown(flows[flow], from, to) ?? 0]),
  ) as EnergyFlows;
}

/** Sum of the slots that are known, or null when none is. */
export function sumKnown(column: Float64Array, from: number, to: number): number | null {
  let sum = 0;
  let known = 0;
  for (let s = from; s < to; s++) {
    const value = column[s] as number;
    if (value !== value) continue;
    sum += value;
    known++;
  }
  return known > 0 ? sum : null;
}
