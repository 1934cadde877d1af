import { z } from 'zod';
import { Instant, Name, TimePeriod } from './common.ts';
import { SiteId, Warnings } from './fields.ts';
import { Currency } from './site.ts';

/**
 * Maximum amount of money for a kWh, a day or a kW, in any currency. Spot prices reach 20 USD/kWh, which is 2e7 in a currency of a million to the
 * dollar; the remainder allows for inflation.
 */
export const MAX_PRICE = 1e12;
/** Maximum factor of a published price: it may also convert a currency, such as EUR to IDR. */
export const MAX_PRICE_FACTOR = 1e9;

/** Days of the week as ISO 8601 counts them: 1 Monday … 7 Sunday. */
export const Weekday = z
  .number()
  .int()
  .min(1)
  .max(7)
  .meta({ description: 'Day of the week, 1 Monday to 7 Sunday (ISO 8601)', examples: [1] });
export const ClockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day such as 08:00 or 24:00')
  .meta({ description: 'Time of day at the site, HH:MM', examples: ['08:00'] });
const MonthDay = z
  .string()
  .regex(/^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, 'must be month-day such as 10-01')
  .meta({
    description: 'Day of the year, MM-DD',
    examples: ['10-01'],
  });

const Price = z
  .number()
  .min(-MAX_PRICE)
  .max(MAX_PRICE)
  .meta({ description: 'Price of a kWh, in the currency of the site', examples: [0.31] });

const BandName = Name.meta({ description: 'Name of the band', examples: ['peak'] });

export const TariffBand = z.object({
  name: BandName,
  price_per_kwh: Price,
  weekdays: z
    .array(Weekday)
    .min(1)
    .optional()
    .meta({
      description: 'Days of the week on which it applies, 1 Monday to 7 Sunday; default: every day',
      examples: [[1, 2, 3, 4, 5]],
    }),
  from: ClockTime.default('00:00').meta({ description: 'Start at the site, included, HH:MM' }),
  to: ClockTime.default('24:00').meta({
    description: 'End at the site, not included, HH:MM; before `from`: the band extends past midnight',
  }),
  season: z
    .object({
      from: MonthDay.meta({ description: 'First day of the season, MM-DD' }),
      to: MonthDay.meta({ description: 'Last day of the season, included, MM-DD', examples: ['03-31'] }),
    })
    .optional()
    .meta({ description: 'Part of the year in which it applies; default: the whole year' }),
  holidays: z.enum(['include', 'exclude', 'only']).default('include').meta({
    description: 'include: holidays are normal days · exclude: not on holidays · only: on holidays only',
  }),
});

export const ImportPrice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('flat').meta({ description: 'One price at all times' }), price_per_kwh: Price }),
  z.object({
    type: z.literal('time_of_use').meta({ description: 'Prices by time of day, weekday and season' }),
    bands: z
      .array(TariffBand)
      .min(1)
      .max(50)
      .meta({ description: 'The first band that matches an instant sets its price' }),
    otherwise: z
      .object({ name: BandName, price_per_kwh: Price })
      .meta({ description: 'Price at times that no band matches' }),
    holidays: z
      .array(z.iso.date())
      .max(500)
      .default([])
      .meta({ description: 'Days that count as holidays', examples: [['2026-12-25']] }),
  }),
  z.object({
    type: z.literal('dynamic').meta({ description: 'Price that is published for each hour or quarter hour' }),
    markup_per_kwh: Price.default(0).meta({
      description: 'Amount added to price.import_per_kwh, in the currency of the site per kWh',
      examples: [0.12],
    }),
    factor: z
      .number()
      .min(0)
      .max(MAX_PRICE_FACTOR)
      .default(1)
      .meta({ description: 'Multiplies price.import_per_kwh, such as for VAT or another currency', examples: [1.23] }),
    fallback_per_kwh: Price.meta({
      description: 'Price of a kWh while none is published, in the currency of the site',
    }),
  }),
  z.object({
    type: z.literal('tiered').meta({ description: 'Prices by the energy imported in a period' }),
    period: z
      .enum(['day', 'month'])
      .default('month')
      .meta({ description: 'Period after which the energy is counted from zero again' }),
    tiers: z
      .array(
        z.object({
          up_to_kwh: z
            .number()
            .positive()
            .nullable()
            .meta({
              description: 'Energy of the period up to which the price holds, kWh; null: unlimited',
              examples: [500],
            }),
          price_per_kwh: Price,
        }),
      )
      .min(1)
      .max(20)
      .meta({
        description: 'Prices by the energy imported since the start of the period, in ascending order of energy',
      }),
  }),
]);

export const ExportPrice = z.discriminatedUnion('type', [
  z.object({ type: z.literal('none').meta({ description: 'Exported energy earns nothing' }) }),
  z.object({ type: z.literal('flat').meta({ description: 'One price at all times' }), price_per_kwh: Price }),
  z.object({
    type: z.literal('dynamic').meta({ description: 'Price that is published for each hour or quarter hour' }),
    markup_per_kwh: Price.default(0).meta({
      description:
        'Amount added to price.export_per_kwh, or to price.import_per_kwh if no export price is published, in the currency of the site per kWh',
    }),
    factor: z
      .number()
      .min(0)
      .max(MAX_PRICE_FACTOR)
      .default(1)
      .meta({ description: 'Multiplies the published price', examples: [1] }),
    fallback_per_kwh: Price.meta({
      description: 'Price of a kWh while none is published, in the currency of the site',
    }),
  }),
]);

const tariffFields = {
  name: Name.meta({ description: 'Name of the tariff, unique', examples: ['Day and night'] }),
  import_price: ImportPrice.meta({ description: 'Price of energy from the grid' }),
  export_price: ExportPrice.meta({ description: 'Credit for energy to the grid' }),
  fixed_per_day: z
    .number()
    .min(0)
    .max(MAX_PRICE)
    .meta({ description: 'Fixed charge for each day, in the currency of the site', examples: [0.4] }),
  demand_per_kw_month: z
    .number()
    .min(0)
    .max(MAX_PRICE)
    .meta({
      description:
        'Charge for each kW of the highest 15-minute mean power of a calendar month, in the currency of the site',
      examples: [8.5],
    }),
};

export const Tariff = z
  .object({
    id: z.uuid().meta({ description: 'Id of the tariff' }),
    ...tariffFields,
    created_at: Instant.meta({ description: 'When the tariff was added' }),
    updated_at: Instant.meta({ description: 'When it was last changed' }),
  })
  .meta({ id: 'Tariff', description: 'Prices of imported and exported energy, fixed charges and demand charges' });
export type Tariff = z.infer<typeof Tariff>;

export const TariffCreate = z.object({
  ...tariffFields,
  export_price: tariffFields.export_price.default({ type: 'none' }),
  fixed_per_day: tariffFields.fixed_per_day.default(0),
  demand_per_kw_month: tariffFields.demand_per_kw_month.default(0),
});
export type TariffCreate = z.infer<typeof TariffCreate>;
export const TariffPatch = z.object(tariffFields).partial().strict();
export type TariffPatch = z.infer<typeof TariffPatch>;
export type TariffTerms = Omit<Tariff, 'id' | 'created_at' | 'updated_at'>;

export const TariffComparisonRequest = z.object({
  site_id: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Id or name of a site; default: the default site', examples: ['Home'] }),
  start: Instant.meta({ description: 'Start of the window, included' }),
  end: Instant.optional().meta({ description: 'End of the window, not included; default: now' }),
  tariff_ids: z
    .array(z.string().min(1))
    .min(1)
    .max(20)
    .meta({ description: 'Ids or names of the tariffs to compare', examples: [['Day and night', 'Flat']] }),
});
export type TariffComparisonRequest = z.infer<typeof TariffComparisonRequest>;

/** Cost of a site's energy in a window under several tariffs. */
export const TariffComparison = z
  .object({
    site_id: SiteId,
    currency: z.string().meta(Currency.meta()!),
    time_period: TimePeriod,
    items: z
      .array(
        z.object({
          tariff_id: z.uuid().meta({ description: 'Id of the tariff' }),
          name: Name.meta({ description: 'Name of the tariff' }),
          cost: z.number().meta({ description: 'Cost of imported energy, in currency' }),
          revenue: z.number().meta({ description: 'Credit for exported energy, in currency' }),
          fixed_cost: z.number().meta({ description: 'Fixed charges of the window, in currency' }),
          demand_cost: z.number().meta({ description: 'Demand charges of the window, in currency' }),
          total: z.number().meta({ description: 'cost + fixed_cost + demand_cost − revenue, in currency' }),
        }),
      )
      .meta({ description: 'One entry for each tariff' }),
    warnings: Warnings,
  })
  .meta({ id: 'TariffComparison', description: "Cost of a site's energy in a window under several tariffs" });
export type TariffComparison = z.infer<typeof TariffComparison>;
