import { z } from 'zod';

/** Fields that many schemas share, with the words that describe them in the API's document. */

const EXAMPLE_ID = '0b6f2f0e-5b0a-4c53-9d0a-3f6f1f0f7a11';

export const DeviceId = z.uuid().meta({ description: 'Id of the device', examples: [EXAMPLE_ID] });
export const DeviceName = z
  .string()
  .meta({ description: 'Name of the device when the answer was made', examples: ['Main meter'] });
export const SiteId = z.uuid().meta({ description: 'Id of the site', examples: [EXAMPLE_ID] });

/** A query parameter that selects a site. */
export const SiteQuery = z
  .string()
  .optional()
  .meta({ description: 'Id or name of a site; default: the default site', examples: ['Home'] });

export const SeriesMetric = z
  .string()
  .meta({ description: 'Metric of the series, with its unit at the end', examples: ['grid.power_kw'] });
export const UnitSymbol = z
  .string()
  .meta({ description: 'Unit symbol of the values; empty for a pure number', examples: ['kW', 'kWh', '°C'] });

export const Warnings = z.array(z.string()).meta({
  description: 'Limits of this answer, a sentence each, such as data that could not be read; empty when there are none',
  examples: [[]],
});

export const LastError = z
  .string()
  .nullable()
  .meta({ description: 'Message of the newest error; null: none since the start, or it has recovered' });
