import { z } from 'zod';
import { Instant, Name } from './common.ts';

export const TimeZone = z
  .string()
  .refine(isTimeZone, {
    error: (issue) => `must be an IANA time zone such as Europe/Warsaw; got ${JSON.stringify(issue.input)}`,
  })
  .meta({ description: 'IANA time zone', examples: ['Europe/Warsaw'] });

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
  .meta({ description: 'ISO 4217 currency', examples: ['EUR'] });

const siteFields = {
  name: Name,
  timezone: TimeZone,
  currency: Currency,
  latitude: z.number().min(-90).max(90).nullable(),
  longitude: z.number().min(-180).max(180).nullable(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166 code such as PL')
    .nullable(),
  emission_factor_kg_per_kwh: z
    .number()
    .min(0)
    .max(5)
    .meta({ description: 'Carbon of a grid kWh where no hourly intensity is known' }),
};

export const Site = z
  .object({
    id: z.uuid(),
    ...siteFields,
    is_default: z.boolean().meta({ description: 'Devices that register themselves join this site' }),
    is_demo: z.boolean(),
    tariff_id: z.uuid().nullable(),
    created_at: Instant,
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
  .object({ ...siteFields, is_default: z.literal(true), tariff_id: z.uuid().nullable() })
  .partial()
  .strict();
export type SitePatch = z.infer<typeof SitePatch>;
