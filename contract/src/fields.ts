import { z } from 'zod';
import { Instant } from './common.ts';

/** Fields shared by many schemas, with their descriptions in the OpenAPI document. */

const EXAMPLE_ID = '0b6f2f0e-5b0a-4c53-9d0a-3f6f1f0f7a11';

/** The id that an entry has as a field or in a path. */
export const EntryId = z.uuid().meta({ description: 'Id of the entry; it never changes', examples: [EXAMPLE_ID] });
export const DeviceId = z.uuid().meta({ description: 'Id of the device', examples: [EXAMPLE_ID] });
export const DeviceName = z
  .string()
  .meta({ description: 'Name of the device when the answer was made', examples: ['Main meter'] });
export const SiteId = z.uuid().meta({ description: 'Id of the site', examples: [EXAMPLE_ID] });

/** Reference to a site in a request. */
export const SiteReference = z.string().meta({ description: 'Id or name of a site', examples: ['Home'] });

/** Reference to a device in a request. */
export const DeviceReference = z.string().meta({ description: 'Id or name of a device', examples: ['Main meter'] });

/** Reference in a request to a machine or another metered device. */
export const MachineReference = z
  .string()
  .meta({ description: 'Id or name of a device that meters consumption', examples: ['press-1'] });

/** The device of an answer about consumption. */
export const machineFields = {
  machine_id: z.string().meta({ description: 'Id of the device', examples: [EXAMPLE_ID] }),
  machine_name: z.string().meta({ description: 'Name of the device', examples: ['press-1'] }),
};

export const SiteName = z.string().meta({ description: 'Name of the site', examples: ['Home'] });
export const TimeZoneName = z
  .string()
  .meta({ description: 'IANA time zone of days and hours', examples: ['Europe/Warsaw'] });
export const CurrencyCode = z
  .string()
  .meta({ description: 'ISO 4217 code of the currency of all amounts', examples: ['EUR'] });

export const CreatedAt = Instant.meta({ description: 'When it was created' });
export const UpdatedAt = Instant.meta({ description: 'When it was last changed' });
export const GeneratedAt = Instant.meta({ description: 'When the answer was calculated' });

/** A query parameter that selects a site. */
export const SiteQuery = z
  .string()
  .optional()
  .meta({ description: 'Id or name of a site; default: the default site', examples: ['Home'] });

export const SeriesMetric = z
  .string()
  .meta({ description: 'Metric of the series; its name ends with the unit', examples: ['grid.power_kw'] });
export const UnitSymbol = z
  .string()
  .meta({ description: 'Unit symbol of the values; empty for a pure number', examples: ['kW', 'kWh', '°C'] });

export const Warnings = z.array(z.string()).meta({
  description: 'Limits of this answer, a sentence each, such as unreadable data; empty without any',
  examples: [[]],
});

export const LastError = z
  .string()
  .nullable()
  .meta({ description: 'Message of the newest error; null: none since the start, or since a recovery' });
