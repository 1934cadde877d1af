import { z } from 'zod';
import { DayOrInstant, Instant, PageQuery } from './common.ts';
import { DeviceId, DeviceName, DeviceReference, EntryId, SiteId, SiteReference, Warnings } from './fields.ts';

const sessionFields = {
  device_id: DeviceReference.min(1).meta({ description: 'Id or name of the battery, vehicle or charger' }),
  direction: z
    .enum(['charge', 'discharge'])
    .meta({ description: 'charge: into the battery; discharge: out of the battery' }),
  start_time: Instant.meta({ description: 'Start of the session' }),
  end_time: Instant.nullable().meta({ description: 'End of the session; null: in progress' }),
  energy_kwh: z
    .number()
    .min(0)
    .meta({ description: 'Energy charged or discharged, kWh', examples: [12.4] }),
  start_soc_percent: z
    .number()
    .min(0)
    .max(100)
    .nullable()
    .meta({ description: 'State of charge at the start, %; null: not known', examples: [35] }),
  end_soc_percent: z
    .number()
    .min(0)
    .max(100)
    .nullable()
    .meta({ description: 'State of charge at the end, %; null: not known', examples: [80] }),
  average_price_per_kwh: z
    .number()
    .nullable()
    .meta({ description: "Cost per kWh, in the site's currency; null: not known", examples: [0.28] }),
  cost: z.number().nullable().meta({
    description:
      "Cost of charging, or (negative) revenue of discharging to the grid, in the site's currency; null: not known",
  }),
  grid_share: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .meta({
      description:
        'Share of the energy that is from the grid (charge) or to the grid (discharge), 0–1; null: not known',
      examples: [0.4],
    }),
  note: z
    .string()
    .max(1000)
    .nullable()
    .meta({ description: 'Note by a user; null: none', examples: ['Trip to the sea'] }),
};

export const ChargingSession = z
  .object({
    id: EntryId,
    ...sessionFields,
    device_id: DeviceId,
    device_name: DeviceName,
    site_id: SiteId,
    source: z
      .enum(['detected', 'recorded'])
      .meta({ description: 'detected: found in the readings; recorded: sent through the API' }),
    warnings: Warnings.meta({
      description:
        'Notes that the fallback price of a tariff applies to more than 1 % of the energy from or to the grid; empty: none',
    }),
  })
  .meta({ id: 'ChargingSession', description: 'A period in which a battery or vehicle was charged or discharged' });
export type ChargingSession = z.infer<typeof ChargingSession>;

export const ChargingSessionCreate = z
  .object({
    ...sessionFields,
    end_time: sessionFields.end_time.default(null),
    start_soc_percent: sessionFields.start_soc_percent.default(null),
    end_soc_percent: sessionFields.end_soc_percent.default(null),
    average_price_per_kwh: sessionFields.average_price_per_kwh.default(null),
    cost: sessionFields.cost.default(null),
    grid_share: sessionFields.grid_share.default(null),
    note: sessionFields.note.default(null),
  })
  .refine((s) => s.end_time === null || Date.parse(s.end_time) > Date.parse(s.start_time), {
    path: ['end_time'],
    error: 'must be later than start_time',
  });
export type ChargingSessionCreate = z.infer<typeof ChargingSessionCreate>;
export const ChargingSessionPatch = z.object(sessionFields).omit({ device_id: true }).partial().strict();
export type ChargingSessionPatch = z.infer<typeof ChargingSessionPatch>;
export const ChargingSessionQuery = PageQuery.extend({
  start_date: DayOrInstant.optional(),
  end_date: DayOrInstant.optional(),
  device_id: DeviceReference.optional(),
  site_id: SiteReference.optional(),
});
