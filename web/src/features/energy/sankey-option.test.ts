import { EnergyFlows, EnergyTotals } from '@wattkeeper/contract/analytics/energy.ts';
import { expect, test } from 'vitest';
import { energyAt, waysOf } from './sankey-option.ts';

const flows = EnergyFlows.parse({
  solar_to_load_kwh: 5,
  solar_to_battery_kwh: 0,
  solar_to_grid_kwh: 0.001,
  battery_to_load_kwh: 2,
  battery_to_grid_kwh: 6,
  grid_to_load_kwh: 0,
  grid_to_battery_kwh: 8,
  battery_to_other_kwh: 0.5,
  other_to_load_kwh: 0.25,
});
const totals = EnergyTotals.parse({
  solar_kwh: 5.001,
  consumption_kwh: 7.25,
  import_kwh: 8,
  export_kwh: 6.001,
  battery_charged_kwh: 8,
  battery_discharged_kwh: 8.5,
  vehicle_kwh: null,
  self_consumption: 1,
  self_sufficiency: 1,
  cost: null,
  revenue: null,
  fixed_cost: null,
  carbon_kg: null,
  coverage: 1,
});

test('the nodes of the diagram show the energy of the totals, also where a flow is too small to be drawn', () => {
  const ends = ['solar', 'battery_out', 'grid_in', 'other_out', 'load', 'battery_in', 'grid_out', 'other_in'] as const;
  expect(ends.map((end) => energyAt(end, flows, totals))).toEqual([5.001, 8.5, 8, 0.25, 7.25, 8, 6.001, 0.5]);
});

test('losses and unmetered sources are flows like the others; older stored reports have none', () => {
  expect(waysOf(flows).map(({ key, kwh }) => [key, kwh])).toEqual([
    ['grid_to_battery_kwh', 8],
    ['battery_to_grid_kwh', 6],
    ['solar_to_load_kwh', 5],
    ['battery_to_load_kwh', 2],
    ['battery_to_other_kwh', 0.5],
    ['other_to_load_kwh', 0.25],
  ]);
  const { battery_to_other_kwh: _, other_to_load_kwh: __, ...stored } = flows;
  expect(waysOf(stored)).toHaveLength(4);
});
