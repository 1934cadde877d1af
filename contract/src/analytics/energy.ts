import { z } from 'zod';
import { Day, Instant, TimePeriod } from '../common.ts';
import { CurrencyCode, GeneratedAt, SiteId, SiteName, SiteQuery, TimeZoneName, Warnings } from '../fields.ts';

const kwh = (name: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${name}, kWh; null: not known`, examples: [18.6] });
const kw = (name: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${name}, kW; null: not known`, examples: [3.2] });
const soc = (name: string) =>
  z
    .number()
    .nullable()
    .meta({ description: `${name}, %; null: not known`, examples: [62] });
const peakAt = (name: string) =>
  Instant.nullable().meta({ description: `Time of the highest ${name}; null: not known` });

const Carbon = z
  .number()
  .nullable()
  .meta({ description: 'CO₂ equivalent of the imported energy, kg; null: not known', examples: [2.4] });
const Cost = z
  .number()
  .nullable()
  .meta({ description: 'Cost of the imported energy, in `currency`; null: not known', examples: [4.35] });
const Revenue = z
  .number()
  .nullable()
  .meta({ description: 'Credit for the exported energy, in `currency`; null: not known', examples: [0.84] });

const SelfConsumption = z
  .number()
  .nullable()
  .meta({
    description: 'Share of the production used on site, 0–1: 1 − solar_to_grid ÷ production; null: not known',
    examples: [0.71],
  });

const SelfSufficiency = z
  .number()
  .nullable()
  .meta({
    description: 'Share of the consumption not imported, 0–1: 1 − grid_to_load ÷ consumption; null: not known',
    examples: [0.64],
  });

export const DailyReportQuery = z.object({
  date: Day.optional().meta({ description: "Default: today in the site's time zone" }),
  site_id: SiteQuery,
});

export const DailyReport = z
  .object({
    date: Day,
    site_id: SiteId,
    time_period: TimePeriod.meta({ description: 'The day, or today until now' }),
    total_pv_production_kwh: kwh('Solar production'),
    total_consumption_kwh: kwh('Consumption'),
    grid_import_kwh: kwh('Energy imported from the grid'),
    grid_export_kwh: kwh('Energy exported to the grid'),
    battery_charged_kwh: kwh('Energy charged into batteries'),
    battery_discharged_kwh: kwh('Energy discharged from batteries'),
    average_battery_soc: soc('Mean state of charge of the batteries'),
    min_battery_soc: soc('Lowest state of charge of the batteries'),
    max_battery_soc: soc('Highest state of charge of the batteries'),
    peak_pv_power_kw: kw('Highest solar power'),
    peak_pv_at: peakAt('solar power'),
    peak_consumption_kw: kw('Highest consumption'),
    peak_consumption_at: peakAt('consumption'),
    self_consumption: SelfConsumption,
    self_sufficiency: SelfSufficiency,
    cost: Cost,
    revenue: Revenue,
    currency: CurrencyCode,
    carbon_kg: Carbon,
    data_points: z
      .number()
      .int()
      .meta({ description: 'Number of stored values used for the report', examples: [8640] }),
    coverage: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Share of the day (until now) with energy data for every part of the site, 0–1' }),
    coverage_by_quantity: z.record(z.string(), z.number()).meta({
      description: 'Share of the day that samples and counters of solar, battery, grid, load … cover, 0–1 each',
      examples: [{ solar: 1, grid: 0.98 }],
    }),
    warnings: Warnings,
  })
  .meta({ id: 'DailyReport', description: 'Energy, cost and peaks of a day of a site' });
export type DailyReport = z.infer<typeof DailyReport>;

const flow = (description: string) => z.number().meta({ description: `${description}, kWh`, examples: [6.2] });

const residual = (description: string) =>
  z
    .number()
    .optional()
    .meta({ description: `${description}, kWh; absent in reports stored before it was recorded` });

/**
 * Energy flows between the four parts of a site (solar, battery, grid, load) over a window, all in kWh. All flows from or to a corner, with the one from or to
 * `other`, add up to its total.
 */
export const EnergyFlows = z.object({
  solar_to_load_kwh: flow('Solar production that is consumed'),
  solar_to_battery_kwh: flow('Solar production that charges batteries'),
  solar_to_grid_kwh: flow('Solar production that is exported'),
  battery_to_load_kwh: flow('Discharge that is consumed'),
  battery_to_grid_kwh: flow('Discharge that is exported'),
  grid_to_load_kwh: flow('Import that is consumed'),
  grid_to_battery_kwh: flow('Import that charges batteries'),
  solar_to_other_kwh: residual('Production not accounted for by any meter'),
  battery_to_other_kwh: residual('Discharge not accounted for by any meter, such as losses'),
  grid_to_other_kwh: residual('Import not accounted for by any meter'),
  other_to_load_kwh: residual('Consumption from an unmetered source'),
  other_to_battery_kwh: residual('Charge from an unmetered source'),
  other_to_grid_kwh: residual('Export from an unmetered source'),
});
export type EnergyFlows = z.infer<typeof EnergyFlows>;

export const EnergyTotals = z.object({
  solar_kwh: kwh('Solar production'),
  consumption_kwh: kwh('Consumption'),
  import_kwh: kwh('Energy imported from the grid'),
  export_kwh: kwh('Energy exported to the grid'),
  battery_charged_kwh: kwh('Energy charged into batteries'),
  battery_discharged_kwh: kwh('Energy discharged from batteries'),
  vehicle_kwh: kwh('Energy charged into vehicles'),
  self_consumption: SelfConsumption,
  self_sufficiency: SelfSufficiency,
  cost: Cost,
  revenue: Revenue,
  fixed_cost: z
    .number()
    .nullable()
    .meta({ description: 'Daily charge of the days with data, in `currency`; null: not known' }),
  demand_cost: z.number().nullable().optional().meta({
    description: "Charge on the highest quarter hour of each month, prorated, in `currency`; on a window's totals only",
  }),
  carbon_kg: Carbon,
  coverage: z.number().meta({ description: 'Share of the time with energy data for every part of the site, 0–1' }),
});
export type EnergyTotals = z.infer<typeof EnergyTotals>;

export const EnergyBalanceQuery = z.object({
  site_id: SiteQuery,
  start: Instant.optional().meta({
    description:
      'Start of the window, included; default: midnight, 29 days before for periods of a day, 364 for months',
  }),
  end: Instant.optional().meta({ description: 'End of the window, not included; default: now' }),
  resolution: z
    .enum(['15m', '1h', '1d', '1mo'])
    .default('1d')
    .meta({ description: 'Length of a period; days and months are those of the site’s time zone' }),
});

export const EnergyBalance = z
  .object({
    site_id: SiteId,
    currency: CurrencyCode,
    time_period: TimePeriod.meta({ description: 'Window of the totals' }),
    resolution: z.string().meta({ description: 'Length of a period', examples: ['1d'] }),
    totals: EnergyTotals.meta({ description: 'Sums over the window' }),
    flows: EnergyFlows.nullable().meta({ description: 'Energy between the parts of the site; null: not known' }),
    cost_by_band: z
      .array(
        z.object({
          band: z.string().meta({ description: 'Name of the price band of the tariff', examples: ['night'] }),
          energy_kwh: z.number().meta({ description: 'Energy imported in this band, kWh', examples: [31.5] }),
          cost: z.number().meta({ description: 'Cost of this energy, in `currency`', examples: [6.3] }),
        }),
      )
      .meta({ description: 'Cost of the imported energy by price band' }),
    periods: z
      .array(
        z.object({
          start: Instant.meta({ description: 'Start of the period, included' }),
          end: Instant.meta({ description: 'End of the period, not included' }),
          ...EnergyTotals.shape,
        }),
      )
      .meta({ description: 'Totals of each period, oldest first' }),
    warnings: Warnings,
  })
  .meta({ id: 'EnergyBalance', description: 'Energy, cost and flows of a site over a window' });
export type EnergyBalance = z.infer<typeof EnergyBalance>;

/** Current values of a site. */
export const PowerNow = z.object({
  solar_kw: kw('Solar production'),
  battery_kw: kw('Power of the batteries, positive while they charge'),
  battery_soc_percent: soc('State of charge of the batteries'),
  grid_kw: kw('Power from the grid, negative while energy is exported'),
  load_kw: kw('Consumption'),
  vehicle_kw: kw('Charging power of vehicles'),
  machines_kw: kw('Power of the machines'),
  import_price_per_kwh: z
    .number()
    .nullable()
    .meta({ description: 'Price of a kWh from the grid, in `currency`; null: not known', examples: [0.31] }),
  timestamp: Instant.nullable().meta({ description: 'Time of the newest value among these; null: none is current' }),
});
export type PowerNow = z.infer<typeof PowerNow>;

export const SiteSummary = z
  .object({
    site_id: SiteId,
    site_name: SiteName,
    currency: CurrencyCode,
    timezone: TimeZoneName,
    generated_at: GeneratedAt,
    now: PowerNow.meta({ description: 'Current power' }),
    today: EnergyTotals.meta({ description: 'Totals since midnight' }),
    yesterday: EnergyTotals.nullable().meta({ description: 'Totals of yesterday; null: no data' }),
    yesterday_so_far: EnergyTotals.nullable().meta({
      description: 'Totals of yesterday up to the same time of day, to compare today with; null: no data',
    }),
    device_count: z
      .number()
      .int()
      .meta({ description: 'Devices of the site that are not retired', examples: [4] }),
    is_demo: z.boolean().meta({ description: 'Whether the site has simulated data' }),
    warnings: Warnings,
  })
  .meta({ id: 'SiteSummary', description: 'Current values, today and yesterday of a site' });
export type SiteSummary = z.infer<typeof SiteSummary>;
export const SummaryQuery = z.object({ site_id: SiteQuery });
