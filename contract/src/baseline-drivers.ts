import { z } from 'zod';
import { ByDriver, DriverName } from './baseline.ts';
import { Instant, TimePeriod } from './common.ts';

export const DriversQuery = z.object({
  machine_id: z.string().min(1),
  suggest: z.stringbool().default(true).meta({ description: 'Say which drivers to keep' }),
  start: Instant.optional().meta({ description: 'Of the suggestion; default: 90 days before the end' }),
  end: Instant.optional().meta({ description: 'Default: now' }),
});
export type DriversQuery = z.infer<typeof DriversQuery>;

export const Drivers = z
  .object({
    machine_id: z.string(),
    drivers: z.array(
      z.object({
        name: DriverName,
        metric: z.string(),
        device_id: z.string().nullable().meta({ description: 'Who reports it; null: a calendar' }),
        device_name: z.string().nullable(),
        unit: z.string(),
        categorical: z
          .boolean()
          .meta({ description: 'Belongs into categorical_drivers: a calendar, or an operating status' }),
      }),
    ),
    suggestion: z
      .object({
        time_period: TimePeriod,
        samples: z.number().int(),
        drivers: z.array(DriverName).meta({ description: 'Best subset: greatest adjusted R² with every p < 0.05' }),
        adjusted_r_squared: z.number(),
        p_values: ByDriver,
        left_out: z.array(
          z.object({
            name: DriverName,
            reason: z.enum(['missing', 'constant', 'derived', 'suspicious', 'collinear', 'idle']),
            with: z.array(DriverName).meta({ description: 'Those that tell the same' }),
            detail: z.string(),
          }),
        ),
      })
      .nullable()
      .meta({ description: 'Null: not asked for, or too few hours have energy' }),
  })
  .meta({ id: 'BaselineDrivers' });
export type BaselineDrivers = z.infer<typeof Drivers>;
