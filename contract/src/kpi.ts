import { z } from 'zod';
import { Instant, TimePeriod } from './common.ts';

export const KpiQuery = z.object({
  machine_id: z.string().min(1).meta({ description: 'Id or name of a device that meters energy' }),
  start: Instant.optional().meta({ description: 'Default: 24 hours before the end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
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

const machine = { machine_id: z.string(), machine_name: z.string() };
const about = {
  meter: z.string().meta({
    description:
      'Metric group that the energy is read from: energy, load, grid (its import), vehicle or one of the device’s own',
    examples: ['energy'],
  }),
  time_period: TimePeriod.extend({ hours: z.number() }),
  coverage: z.number().min(0).max(1).meta({ description: 'Share of the window for which the energy is known' }),
  warnings: z.array(z.string()),
};
const Reason = z.string().nullable().meta({ description: 'Why there is no value' });

const DemandCharge = z.number().nullable().meta({
  description:
    'Charge of the tariff for the greatest quarter hour of each calendar month, prorated for parts of months, on the device’s own peak. The peaks of devices rarely coincide, so their charges add up to more than the site’s',
});

export const SecKpi = z
  .object({
    ...machine,
    sec_kwh_per_unit: z.number().nullable(),
    total_energy_kwh: z.number().nullable(),
    total_production_units: z.number().nullable(),
    time_period_hours: z.number(),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'SecKpi', description: 'Specific energy consumption: energy ÷ production' });

export const PeakDemandKpi = z
  .object({
    ...machine,
    peak_demand_kw: z.number().nullable(),
    timestamp: Instant.nullable().meta({ description: 'Start of the 15 minutes with the greatest mean power' }),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'PeakDemandKpi' });

export const LoadFactorKpi = z
  .object({
    ...machine,
    load_factor: z.number().nullable().meta({ description: 'Mean power ÷ peak demand' }),
    mean_power_kw: z.number().nullable(),
    peak_demand_kw: z.number().nullable(),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'LoadFactorKpi' });

export const EnergyCostKpi = z
  .object({
    ...machine,
    total_cost: z.number().nullable().meta({ description: 'Of the energy, without demand and fixed charges' }),
    demand_charge: DemandCharge,
    total_with_demand_charge: z.number().nullable(),
    currency: z.string(),
    total_energy_kwh: z.number().nullable(),
    bands: z.array(z.object({ band: z.string(), energy_kwh: z.number(), cost: z.number() })),
    tariff: z.string().meta({ description: 'What the energy is priced by' }),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'EnergyCostKpi' });

export const CarbonKpi = z
  .object({
    ...machine,
    total_carbon_kg: z.number().nullable(),
    carbon_intensity_kg_per_kwh: z.number().nullable().meta({ description: 'Mean of the energy used' }),
    total_energy_kwh: z.number().nullable(),
    reason: Reason,
    ...about,
  })
  .meta({ id: 'CarbonKpi' });

const Value = z.object({ value: z.number().nullable(), unit: z.string(), reason: Reason });

export const AllKpis = z
  .object({
    ...machine,
    ...about,
    kpis: z.object({
      energy: Value.meta({ description: 'From the counter where there is one, else from power over time' }),
      production: Value.meta({ description: 'Σ production.count' }),
      sec: Value,
      mean_power: Value.meta({ description: 'Energy ÷ the time for which it is known' }),
      peak_demand: Value.extend({ timestamp: Instant.nullable() }),
      load_factor: z.object({ value: z.number().nullable(), percent: z.number().nullable(), reason: Reason }),
      energy_cost: Value.extend({
        demand_charge: DemandCharge,
        total: z.number().nullable().meta({ description: 'Value + demand charge' }),
      }).meta({ description: 'Σ energy × price, without demand and fixed charges' }),
      carbon: Value.meta({ description: 'Σ energy × emission factor' }),
      carbon_intensity_per_kwh: Value.meta({ description: 'Carbon ÷ energy' }),
      carbon_intensity: Value.meta({
        deprecated: true,
        description: 'The total carbon under its former name: use carbon, or carbon_intensity_per_kwh',
      }),
    }),
  })
  .meta({ id: 'AllKpis' });
export type AllKpis = z.infer<typeof AllKpis>;
