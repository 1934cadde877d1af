import { z } from 'zod';
import { Instant, Name } from './common.ts';
import { SiteId } from './fields.ts';

export const TimeZone = z
  .string()
  .refine(isTimeZone, {
    error: (issue) => `must be an IANA time zone such as Europe/Warsaw; got ${JSON.stringify(issue.input)}`,
  })
  .meta({ description: 'IANA time zone; it determines the start of days and months', examples: ['Europe/Warsaw'] });

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return !/^[+-]/.test(name);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export const Currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as EUR')
  .meta({ description: 'ISO 4217 currency of prices and costs', examples: ['EUR'] });

const siteFields = {
  name: Name.meta({ description: 'Name of the site, unique', examples: ['Home'] }),
  timezone: TimeZone,
  currency: Currency,
  latitude: z
    .number()
    .min(-90)
    .max(90)
    .nullable()
    .meta({ description: 'Degrees north of the equator (WGS 84); null: unknown', examples: [52.23] }),
  longitude: z
    .number()
    .min(-180)
    .max(180)
    .nullable()
    .meta({ description: 'Degrees east of Greenwich (WGS 84); null: unknown', examples: [21.01] }),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code such as PL')
    .nullable()
    .meta({ description: 'ISO 3166-1 alpha-2 country, for its public holidays; null: unknown', examples: ['PL'] }),
  emission_factor_kg_per_kwh: z
    .number()
    .min(0)
    .max(5)
    .meta({ description: 'Emission factor of grid energy without an hourly one, kg CO₂/kWh', examples: [0.45] }),
};

const TariffId = z.uuid().nullable().meta({ description: 'Tariff that prices its energy; null: none' });

export const Site = z
  .object({
    id: SiteId,
    ...siteFields,
    is_default: z.boolean().meta({ description: 'Whether automatically registered devices join this site' }),
    is_demo: z.boolean().meta({ description: 'Whether it is the simulated site of the demo' }),
    tariff_id: TariffId,
    created_at: Instant.meta({ description: 'When the site was added' }),
  })
  .meta({ id: 'Site', description: 'A place with a time zone, a currency, a location and a tariff' });
export type Site = z.infer<typeof Site>;

export const DEFAULT_EMISSION_FACTOR_KG_PER_KWH = 0.45;

export const SiteCreate = z.object({
  name: siteFields.name,
  timezone: siteFields.timezone.default('UTC'),
  currency: siteFields.currency.default('EUR'),
  latitude: siteFields.latitude.default(null),
  longitude: siteFields.longitude.default(null),
  country: siteFields.country.default(null),
  emission_factor_kg_per_kwh: siteFields.emission_factor_kg_per_kwh.default(DEFAULT_EMISSION_FACTOR_KG_PER_KWH),
});
export type SiteCreate = z.infer<typeof SiteCreate>;

export const SitePatch = z
  .object({
    ...siteFields,
    is_default: z.literal(true).meta({ description: 'Make this the default site' }),
    tariff_id: TariffId,
  })
  .partial()
  .strict();
export type SitePatch = z.infer<typeof SitePatch>;
