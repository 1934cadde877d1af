import { z } from 'zod';
import { DayOrInstant, Instant, PageQuery } from './common.ts';

const sessionFields = {
  device_id: z.string().min(1),
  direction: z.enum(['charge', 'discharge']),
  start_time: Instant,
  end_time: Instant.nullable().meta({ description: 'null while the session runs' }),
  energy_kwh: z.number().min(0),
  start_soc_percent: z.number().min(0).max(100).nullable(),
  end_soc_percent: z.number().min(0).max(100).nullable(),
  average_price_per_kwh: z.number().nullable(),
  cost: z
    .number()
    .nullable()
    .meta({ description: 'Money spent charging, or earned (negative) discharging to the grid' }),
  grid_share: z.number().min(0).max(1).nullable(),
  note: z.string().max(1000).nullable(),
};

export const ChargingSession = z
  .object({
    id: z.uuid(),
    ...sessionFields,
    device_id: z.uuid(),
    device_name: z.string(),
    site_id: z.uuid(),
    source: z.enum(['detected', 'recorded']),
    warnings: z.array(z.string()).meta({
      description: 'Says where a tariff’s fallback prices more than 1 % of the energy from or to the grid',
    }),
  })
  .meta({ id: 'ChargingSession' });
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
  device_id: z.string().optional(),
  site_id: z.string().optional(),
});
