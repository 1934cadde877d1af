import { z } from 'zod';
import { Instant, TimePeriod } from '../common.ts';
import { UnitSymbol, Warnings } from '../fields.ts';

export const KpiQuery = z.object({
  machine_id: z
    .string()
    .min(1)
    .meta({ description: 'Id or name of a device that meters energy', examples: ['Press 1'] }),
  start: Instant.optional().meta({ description: 'Start of the window, included; default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'End of the window, not included; default: now' }),
});
export type KpiQuery = z.infer<typeof KpiQuery>;

/** Key figures that custom ones can refer to as `kpi.NAME`, with their units; ¤ is the money of the machine's site. */
export const KPI_UNITS = {
  energy: 'kWh',
  production: 'unit',
  sec: 'kWh/unit',
  mean_power: 'kW',
  peak_demand: 'kW',
  load_factor: '',
  energy_cost: '¤',
  carbon: 'kg',
  carbon_intensity: 'kg/kWh',
} as const;
export type KpiName = keyof typeof KPI_UNITS;

const machine = {
  machine_id: z.string().meta({ description: 'Id of the device that the key figures describe' }),
  machine_name: z.string().meta({ description: 'Name of this device', examples: ['Press 1'] }),
};
const Energy = z
  .number()
  .nullable()
  .meta({ description: 'Energy of the window, kWh; null: see reason', examples: [412.5] });
const PeakDemand = z
  .number()
  .nullable()
  .meta({ description: 'Highest mean power over 15 minutes, kW; null: see reason', examples: [38.2] });
const about = {
  meter: z.string().meta({
    description:
      'Metric group that the energy is read from: energy, load, grid (its import), vehicle or a metric group of the device',
    examples: ['energy'],
  }),
  time_period: TimePeriod.extend({
    hours: z.number().meta({ description: 'Length of the window, hours', examples: [24] }),
  }).meta({ description: 'Window of the key figures' }),
  coverage: z
    .number()
    .min(0)
    .max(1)
    .meta({ description: 'Share of the window with energy data, 0 to 1', examples: [0.99] }),
  warnings: Warnings,
};
const Reason = z.string().nullable().meta({ description: 'Reason for a missing value; null: there is a value' });

const DemandCharge = z.number().nullable().meta({
  description:
    'Charge of the tariff, in the currency of the site, for the highest quarter hour of each calendar month, prorated for parts of months, based on the device’s own peak. The peaks of devices rarely coincide, so their charges add up to more than the site’s',
});

export const SecKpi = z
  .object({
    ...machine,
    sec_kwh_per_unit: z
      .number()
      .nullable()
      .meta({ description: 'Energy ÷ production, kWh/unit', examples: [0.82] }),
    total_energy_kwh: Energy,
    total_production_units: z
      .number()
      .nullable()
      .meta({ description: 'Units produced in the window (Σ production.count)', examples: [503] }),
    time_period_hours: z.number().meta({ description: 'Length of the window, hours', examples: [24] }),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'SecKpi', description: 'Specific energy consumption: energy ÷ production' });

export const PeakDemandKpi = z
  .object({
    ...machine,
    peak_demand_kw: PeakDemand,
    timestamp: Instant.nullable().meta({
      description: 'Start of the 15 minutes with the highest mean power; null without a peak',
    }),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'PeakDemandKpi', description: 'Peak demand: the highest mean power over a rolling 15 minutes' });

export const LoadFactorKpi = z
  .object({
    ...machine,
    load_factor: z
      .number()
      .nullable()
      .meta({ description: 'Mean power ÷ peak demand, 0 to 1', examples: [0.46] }),
    mean_power_kw: z
      .number()
      .nullable()
      .meta({ description: 'Energy ÷ the time with energy data, kW', examples: [17.4] }),
    peak_demand_kw: PeakDemand,
    reason: Reason,
    ...about,
  })
  .meta({ id: 'LoadFactorKpi', description: 'Load factor: mean power ÷ peak demand' });

export const EnergyCostKpi = z
  .object({
    ...machine,
    total_cost: z
      .number()
      .nullable()
      .meta({ description: 'Cost of the energy in currency, without demand and fixed charges', examples: [91.3] }),
    demand_charge: DemandCharge,
    total_with_demand_charge: z.number().nullable().meta({ description: 'total_cost + demand_charge, in currency' }),
    currency: z.string().meta({ description: 'ISO 4217 currency of all amounts', examples: ['EUR'] }),
    total_energy_kwh: Energy,
    bands: z
      .array(
        z.object({
          band: z.string().meta({ description: 'Band of the tariff', examples: ['peak'] }),
          energy_kwh: z.number().meta({ description: 'Energy used in the band, kWh' }),
          cost: z.number().meta({ description: 'Cost of this energy, in currency' }),
        }),
      )
      .meta({ description: 'Energy and cost by band of the tariff' }),
    tariff: z.string().meta({ description: 'Tariff of the prices' }),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'EnergyCostKpi', description: 'Cost of the energy: Σ energy × price' });

export const CarbonKpi = z
  .object({
    ...machine,
    total_carbon_kg: z
      .number()
      .nullable()
      .meta({ description: 'Emissions of the energy: Σ energy × emission factor, kg CO₂', examples: [185.6] }),
    carbon_intensity_kg_per_kwh: z
      .number()
      .nullable()
      .meta({ description: 'Mean emission factor of the energy used, kg CO₂/kWh', examples: [0.45] }),
    total_energy_kwh: Energy,
    reason: Reason,
    ...about,
  })
  .meta({ id: 'CarbonKpi', description: 'Carbon dioxide emissions of the energy used' });

const Amount = z.number().nullable().meta({ description: 'Value in unit; null: see reason' });
const Value = z.object({ value: Amount, unit: UnitSymbol, reason: Reason });

export const AllKpis = z
  .object({
    ...machine,
    ...about,
    kpis: z
      .object({
        energy: Value.meta({ description: 'From a counter if there is one, otherwise from power over time' }),
        production: Value.meta({ description: 'Σ production.count' }),
        sec: Value.meta({ description: 'Specific energy consumption: energy ÷ production' }),
        mean_power: Value.meta({ description: 'Energy ÷ the time with energy data' }),
        peak_demand: Value.extend({
          timestamp: Instant.nullable().meta({ description: 'Start of the 15 minutes; null without a peak' }),
        }).meta({ description: 'Highest mean power over a rolling 15 minutes' }),
        load_factor: z
          .object({
            value: z.number().nullable().meta({ description: 'Ratio, 0 to 1; null: see reason' }),
            percent: z.number().nullable().meta({ description: 'The ratio in percent' }),
            reason: Reason,
          })
          .meta({ description: 'Mean power ÷ peak demand' }),
        energy_cost: Value.extend({
          demand_charge: DemandCharge,
          total: z.number().nullable().meta({ description: 'value + demand_charge, in the currency of the site' }),
        }).meta({ description: 'Σ energy × price, without demand and fixed charges' }),
        carbon: Value.meta({ description: 'Σ energy × emission factor' }),
        carbon_intensity_per_kwh: Value.meta({ description: 'Carbon ÷ energy' }),
        carbon_intensity: Value.meta({
          deprecated: true,
          description: 'The total carbon under its former name: use carbon, or carbon_intensity_per_kwh',
        }),
      })
      .meta({ description: 'The key figures by name' }),
  })
  .meta({ id: 'AllKpis', description: 'All key figures of one device in a window' });
export type AllKpis = z.infer<typeof AllKpis>;
