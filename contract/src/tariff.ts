import { z } from 'zod';
import { Instant, Name, TimePeriod } from './common.ts';

/**
 * Largest amount of money for a kWh, a day or a kW, in any currency. Spot prices reach 20 USD/kWh, which is 2e7 in a currency of a million to the
 * dollar; the rest is room for inflation.
 */
export const MAX_PRICE = 1e12;
/** Largest factor of a published price: it may also convert a currency, such as EUR to IDR. */
export const MAX_PRICE_FACTOR = 1e9;

/** Days of the week as ISO 8601 counts them: 1 Monday … 7 Sunday. */
export const Weekday = z.number().int().min(1).max(7);
export const ClockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day such as 08:00 or 24:00')
  .meta({ examples: ['08:00'] });
const MonthDay = z.string().regex(/^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'must be month-day such as 10-01');

const Price = z.number().min(-MAX_PRICE).max(MAX_PRICE);

export const TariffBand = z.object({
  name: Name.meta({ examples: ['peak'] }),
  price_per_kwh: Price,
  weekdays: z.array(Weekday).min(1).optional().meta({ description: 'Default: every day' }),
  from: ClockTime.default('00:00'),
  to: ClockTime.default('24:00').meta({ description: 'Before `from`: the band runs past midnight' }),
  season: z.object({ from: MonthDay, to: MonthDay }).optional().meta({ description: 'Both days are in the season' }),
  holidays: z.enum(['include', 'exclude', 'only']).default('include'),
});

export const ImportPrice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('flat'), price_per_kwh: Price }),
  z.object({
    type: z.literal('time_of_use'),
    bands: z.array(TariffBand).min(1).max(50).meta({ description: 'The first band that fits an instant prices it' }),
    otherwise: z.object({ name: Name, price_per_kwh: Price }),
    holidays: z.array(z.iso.date()).max(500).default([]),
  }),
  z.object({
    type: z.literal('dynamic'),
    markup_per_kwh: Price.default(0).meta({ description: 'Added to price.import_per_kwh' }),
    factor: z
      .number()
      .min(0)
      .max(MAX_PRICE_FACTOR)
      .default(1)
      .meta({ description: 'Multiplies price.import_per_kwh, such as for VAT or another currency' }),
    fallback_per_kwh: Price.meta({ description: 'Where no price is known' }),
  }),
  z.object({
    type: z.literal('tiered'),
    period: z.enum(['day', 'month']).default('month'),
    tiers: z
      .array(z.object({ up_to_kwh: z.number().positive().nullable(), price_per_kwh: Price }))
      .min(1)
      .max(20),
  }),
]);

export const ExportPrice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('none') }),
  z.object({ type: z.literal('flat'), price_per_kwh: Price }),
  z.object({
    type: z.literal('dynamic'),
    markup_per_kwh: Price.default(0).meta({
      description: 'Added to price.export_per_kwh, or to price.import_per_kwh where no export price is published',
    }),
    factor: z.number().min(0).max(MAX_PRICE_FACTOR).default(1).meta({ description: 'Multiplies the published price' }),
    fallback_per_kwh: Price.meta({ description: 'Where no price is known' }),
  }),
]);

const tariffFields = {
  name: Name,
  import_price: ImportPrice,
  export_price: ExportPrice,
  fixed_per_day: z.number().min(0).max(MAX_PRICE),
  demand_per_kw_month: z
    .number()
    .min(0)
    .max(MAX_PRICE)
    .meta({ description: 'Charge on the greatest 15-minute mean of each calendar month' }),
};

export const Tariff = z
  .object({ id: z.uuid(), ...tariffFields, created_at: Instant, updated_at: Instant })
  .meta({ id: 'Tariff', description: 'How a kWh is priced' });
export type Tariff = z.infer<typeof Tariff>;

export const TariffCreate = z.object({
  ...tariffFields,
  export_price: ExportPrice.default({ type: 'none' }),
  fixed_per_day: tariffFields.fixed_per_day.default(0),
  demand_per_kw_month: tariffFields.demand_per_kw_month.default(0),
});
export type TariffCreate = z.infer<typeof TariffCreate>;
export const TariffPatch = z.object(tariffFields).partial().strict();
export type TariffPatch = z.infer<typeof TariffPatch>;
export type TariffTerms = Omit<Tariff, 'id' | 'created_at' | 'updated_at'>;

export const TariffComparisonRequest = z.object({
  site_id: z.string().min(1).optional().meta({ description: 'Site id or name; the default site when left out' }),
  start: Instant,
  end: Instant.optional().meta({ description: 'Default: now' }),
  tariff_ids: z.array(z.string().min(1)).min(1).max(20).meta({ description: 'Ids or names' }),
});
export type TariffComparisonRequest = z.infer<typeof TariffComparisonRequest>;

/** What a site's energy of a window costs under several tariffs. */
export const TariffComparison = z
  .object({
    site_id: z.uuid(),
    currency: z.string(),
    time_period: TimePeriod,
    items: z.array(
      z.object({
        tariff_id: z.uuid(),
        name: Name,
        cost: z.number().meta({ description: 'Of imported energy' }),
        revenue: z.number().meta({ description: 'Credit for exported energy' }),
        fixed_cost: z.number(),
        demand_cost: z.number(),
        total: z.number().meta({ description: 'cost + fixed_cost + demand_cost − revenue' }),
      }),
    ),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'TariffComparison' });
export type TariffComparison = z.infer<typeof TariffComparison>;
