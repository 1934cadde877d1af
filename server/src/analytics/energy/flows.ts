import type { EnergyFlows } from '@wattkeeper/contract/energy.ts';
import type { SiteSlots } from './balance.ts';

export const FLOWS = [
  'solar_to_load_kwh',
  'solar_to_battery_kwh',
  'solar_to_grid_kwh',
  'battery_to_load_kwh',
  'battery_to_grid_kwh',
  'grid_to_load_kwh',
  'grid_to_battery_kwh',
] as const satisfies (keyof EnergyFlows)[];

/** Energy from one corner to another by slot, kWh; NaN in slots where a corner is not known. */
export type FlowColumns = Readonly<Record<(typeof FLOWS)[number], Float64Array>>;

/**
 * Says where each slot's energy went. Meters do not tell, so a rule does, the same in every slot:
 *
 * 1. Solar serves the load, then charges the battery, then goes to the grid.
 * 2. What the battery gives serves the load that is left, then goes to the grid.
 * 3. What is bought serves the load that is left, then charges the battery.
 *
 * No flow is larger than what its source gives and its target takes. What is left over on either side (losses, meters that
 * disagree) belongs to no flow.
 */
export function allocateFlows(slots: SiteSlots): FlowColumns {
  const count = slots.edges.length - 1;
  const columns = Object.fromEntries(FLOWS.map((flow) => [flow, new Float64Array(count).fill(Number.NaN)])) as Record<
    (typeof FLOWS)[number],
    Float64Array
  >;
  const hasSolar = slots.present.includes('solar');
  const hasBattery = slots.present.includes('battery');
  for (let s = 0; s < count; s++) {
    const left = {
      solar: hasSolar ? (slots.solar[s] as number) : 0,
      battery: hasBattery ? (slots.discharge[s] as number) : 0,
      grid: slots.imported[s] as number,
    };
    const open = {
      load: slots.load[s] as number,
      battery: hasBattery ? (slots.charge[s] as number) : 0,
      grid: slots.exported[s] as number,
    };
    const sum = left.solar + left.battery + left.grid + open.load + open.battery + open.grid;
    if (sum !== sum) continue;
    const pass = (from: keyof typeof left, to: keyof typeof open) => {
      const kwh = Math.min(left[from], open[to]);
      left[from] -= kwh;
      open[to] -= kwh;
      return kwh;
    };
    columns.solar_to_load_kwh[s] = pass('solar', 'load');
    columns.solar_to_battery_kwh[s] = pass('solar', 'battery');
    columns.solar_to_grid_kwh[s] = pass('solar', 'grid');
    columns.battery_to_load_kwh[s] = pass('battery', 'load');
    columns.battery_to_grid_kwh[s] = pass('battery', 'grid');
    columns.grid_to_load_kwh[s] = pass('grid', 'load');
    columns.grid_to_battery_kwh[s] = pass('grid', 'battery');
  }
  return columns;
}

/** The flows of some slots together, or null when not one of them is known. */
export function sumFlows(flows: FlowColumns, from: number, to: number): EnergyFlows | null {
  const sums = FLOWS.map((flow) => [flow, sumKnown(flows[flow], from, to)] as const);
  if (sums.some(([, sum]) => sum === null)) return null;
  return Object.fromEntries(sums) as EnergyFlows;
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
