import { z } from 'zod';
import { Day, Instant, TimePeriod } from './common.ts';

const kwh = () => z.number().nullable();

const SelfConsumption = z
  .number()
  .nullable()
  .meta({ description: 'Share of the production used on site, 0–1: 1 − solar_to_grid ÷ production' });

const SelfSufficiency = z
  .number()
  .nullable()
  .meta({ description: 'Share of the consumption not bought, 0–1: 1 − grid_to_load ÷ consumption' });

export const DailyReportQuery = z.object({
  date: Day.optional().meta({ description: "Default: today in the site's time zone" }),
  site_id: z.string().optional(),
});

export const DailyReport = z
  .object({
    date: Day,
    site_id: z.uuid(),
    time_period: TimePeriod,
    total_pv_production_kwh: kwh(),
    total_consumption_kwh: kwh(),
    grid_import_kwh: kwh(),
    grid_export_kwh: kwh(),
    battery_charged_kwh: kwh(),
    battery_discharged_kwh: kwh(),
    average_battery_soc: z.number().nullable(),
    min_battery_soc: z.number().nullable(),
    max_battery_soc: z.number().nullable(),
    peak_pv_power_kw: z.number().nullable(),
    peak_pv_at: Instant.nullable(),
    peak_consumption_kw: z.number().nullable(),
    peak_consumption_at: Instant.nullable(),
    self_consumption: SelfConsumption,
    self_sufficiency: SelfSufficiency,
    cost: z.number().nullable().meta({ description: "Cost of imported energy in the site's currency" }),
    revenue: z.number().nullable().meta({ description: "Credit for exported energy in the site's currency" }),
    currency: z.string(),
    carbon_kg: z.number().nullable(),
    data_points: z.number().int(),
    coverage: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'Share of the day (so far) for which the energy of every part of the site is known' }),
    coverage_by_quantity: z.record(z.string(), z.number()).meta({
      description: 'Share of the day that samples and counters of solar, battery, grid, load … cover by themselves',
    }),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'DailyReport' });
export type DailyReport = z.infer<typeof DailyReport>;

const residual = (description: string) =>
  z
    .number()
    .optional()
    .meta({ description: `${description}; absent in reports stored before it was recorded` });

/**
 * Energy flows between the four corners of a site over a window, all in kWh. All flows from or to a corner, with the one from or to
 * `other`, add up to its total.
 */
export const EnergyFlows = z.object({
  solar_to_load_kwh: z.number(),
  solar_to_battery_kwh: z.number(),
  solar_to_grid_kwh: z.number(),
  battery_to_load_kwh: z.number(),
  battery_to_grid_kwh: z.number(),
  grid_to_load_kwh: z.number(),
  grid_to_battery_kwh: z.number(),
  solar_to_other_kwh: residual('Production that no meter sees again'),
  battery_to_other_kwh: residual('Discharge that no meter sees again, such as losses'),
  grid_to_other_kwh: residual('Import that no meter sees again'),
  other_to_load_kwh: residual('Consumption whose source no meter sees'),
  other_to_battery_kwh: residual('Charge whose source no meter sees'),
  other_to_grid_kwh: residual('Export whose source no meter sees'),
});
export type EnergyFlows = z.infer<typeof EnergyFlows>;

export const EnergyTotals = z.object({
  solar_kwh: kwh(),
  consumption_kwh: kwh(),
  import_kwh: kwh(),
  export_kwh: kwh(),
  battery_charged_kwh: kwh(),
  battery_discharged_kwh: kwh(),
  vehicle_kwh: kwh(),
  self_consumption: SelfConsumption,
  self_sufficiency: SelfSufficiency,
  cost: z.number().nullable(),
  revenue: z.number().nullable(),
  fixed_cost: z.number().nullable().meta({ description: 'Daily charge of the days with data' }),
  demand_cost: z
    .number()
    .nullable()
    .optional()
    .meta({ description: "Charge on the greatest quarter hour of each month, prorated; on a window's totals only" }),
  carbon_kg: z.number().nullable(),
  coverage: z.number(),
});
export type EnergyTotals = z.infer<typeof EnergyTotals>;

export const EnergyBalanceQuery = z.object({
  site_id: z.string().optional(),
  start: Instant.optional(),
  end: Instant.optional(),
  resolution: z.enum(['15m', '1h', '1d', '1mo']).default('1d'),
});

export const EnergyBalance = z
  .object({
    site_id: z.uuid(),
    currency: z.string(),
    time_period: TimePeriod,
    resolution: z.string(),
    totals: EnergyTotals,
    flows: EnergyFlows.nullable(),
    cost_by_band: z.array(z.object({ band: z.string(), energy_kwh: z.number(), cost: z.number() })),
    periods: z.array(z.object({ start: Instant, end: Instant, ...EnergyTotals.shape })),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'EnergyBalance' });
export type EnergyBalance = z.infer<typeof EnergyBalance>;

/** What is happening on a site right now. */
export const PowerNow = z.object({
  solar_kw: z.number().nullable(),
  battery_kw: z.number().nullable(),
  battery_soc_percent: z.number().nullable(),
  grid_kw: z.number().nullable(),
  load_kw: z.number().nullable(),
  vehicle_kw: z.number().nullable(),
  machines_kw: z.number().nullable(),
  import_price_per_kwh: z.number().nullable(),
  timestamp: Instant.nullable(),
});
export type PowerNow = z.infer<typeof PowerNow>;

export const SiteSummary = z
  .object({
    site_id: z.uuid(),
    site_name: z.string(),
    currency: z.string(),
    timezone: z.string(),
    generated_at: Instant,
    now: PowerNow,
    today: EnergyTotals,
    yesterday: EnergyTotals.nullable(),
    yesterday_so_far: EnergyTotals.nullable().meta({
      description: 'Yesterday up to the same time of day: what today so far is compared with',
    }),
    device_count: z.number().int(),
    is_demo: z.boolean(),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'SiteSummary' });
export type SiteSummary = z.infer<typeof SiteSummary>;
export const SummaryQuery = z.object({ site_id: z.string().optional() });
